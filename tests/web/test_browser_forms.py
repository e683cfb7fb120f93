"""Validating and contributing in a real browser that runs no script; and what these pages are like on every width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from conftest import ROOT, run_coopkg, start_server, stop
from contributed_project import PROJECT
from navigation import follow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MISTAKES = (ROOT / "tests/cases/validation/three-mistakes.ttl").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def writable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server that takes writes, and a token for it."""
    home = tmp_path_factory.mktemp("home")
    added = run_coopkg("token", "add", "anna", "--scope", "facts", "--home", str(home))
    process, address = start_server("--home", str(home))
    yield address, next(word for word in added.stdout.split() if len(word) > 30)
    stop(process)


@pytest.fixture
def bare(browser: Browser, writable: tuple[str, str]) -> Iterator[Page]:
    """A page in a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, base_url=writable[0])
    yield context.new_page()
    context.close()


def test_a_broken_document_is_mended_step_by_step(bare: Page) -> None:
    bare.goto("/validate?lang=en")
    bare.get_by_label("RDF text").fill(MISTAKES)
    follow(bare.get_by_role("button", name="Validate", exact=True))
    assert bare.get_by_role("status").inner_text() == "3 problems, 39 facts checked"
    follow(bare.get_by_role("link", name="line 19"))
    assert bare.url.endswith("#d0-19")
    follow(bare.get_by_role("button", name="Apply this fix").nth(1))
    assert bare.get_by_role("status").inner_text() == "2 problems, 39 facts checked"
    follow(bare.get_by_role("button", name="Apply all fixes"))
    assert "problem" not in bare.get_by_role("status").inner_text()
    with bare.expect_download() as download:
        bare.get_by_role("button", name="SARIF").click()
    assert download.value.suggested_filename == "report.sarif"


def fill(page: Page) -> None:
    for name, value in PROJECT.items():
        field = page.locator(f'[name="{name}"]').first
        if field.evaluate("element => element.localName") == "select":
            field.select_option(value)
        else:
            field.fill(value)


def test_a_project_is_proposed_and_written_without_scripts(bare: Page, writable: tuple[str, str]) -> None:
    bare.goto("/contribute?lang=en")
    follow(bare.get_by_role("link", name="Project", exact=True))
    fill(bare)
    follow(bare.get_by_role("button", name="Add another: has participant"))
    assert bare.locator('[name="coop:hasParticipant"]').count() == 2
    assert bare.locator('[name="skos:prefLabel@be"]').input_value() == PROJECT["skos:prefLabel@be"]
    follow(bare.get_by_role("button", name="Check and preview").last)
    assert "It keeps all the rules." in bare.locator("main").inner_text()
    with bare.expect_download() as download:
        bare.get_by_role("button", name="Save as Turtle").click()
    assert "project:lake-ice" in download.value.path().read_text(encoding="utf-8")
    bare.get_by_label("Token").fill(writable[1])
    bare.get_by_role("button", name="Write into the graph").click()
    bare.wait_for_url("**/changes/2?lang=en")
    assert "Add project:lake-ice" in bare.locator("main").inner_text()
    assert writable[1] not in bare.content()


def test_a_mistake_leads_to_its_field(bare: Page) -> None:
    bare.goto("/contribute/Project?lang=en")
    fill(bare)
    bare.locator('[name="coop:isUnderProgram"]').fill("no such program")
    follow(bare.get_by_role("button", name="Check and preview").last)
    follow(bare.get_by_role("alert").get_by_role("link").first)
    assert bare.url.endswith("#coop:isUnderProgram")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_sent_back_is_accessible_on_every_width(
    browser: Browser, writable: tuple[str, str], scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = browser.new_page(base_url=writable[0], color_scheme=scheme)
    page.add_init_script(
        "window.broken = [];"
        'addEventListener("securitypolicyviolation", (event) => window.broken.push(event.violatedDirective))'
    )

    def look() -> None:
        for width in (1280, 360, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if scheme == "dark" and width != 1280:
                continue  # a scheme changes colours alone, and they are the same on every width
            found = axe.run(page, options={"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
            assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found.response["violations"]] == []
        assert page.evaluate("window.broken") == []

    for text in (MISTAKES, "broken"):
        page.goto("/validate?lang=ru")
        page.locator("#v-text").fill(text)
        follow(page.locator("button.main"))
        look()
    page.goto("/contribute/Project?lang=be")
    look()
    fill(page)
    page.locator('[name="coop:isUnderProgram"]').fill("body:bsu")
    follow(page.locator("button.main").last)
    look()
    for path in ("/api", "/status", "/contribute", "/changes"):
        page.goto(path)
        look()
    page.close()
