"""Every page in a real browser: accessible, within its policy, on its own host, on every width, without scripts too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from addresses import addresses
from conftest import opened
from coopkg.dataset.entailment import load_with_closure
from coopkg.settings import Settings
from coopkg.web.app import create_app
from navigation import follow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
WIDTHS = (1280, 360, 320)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PATHS = addresses(create_app(service=opened(load_with_closure(Settings()))))
VIOLATIONS = """
    window.violations = [];
    addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""


@pytest.fixture(scope="module")
def axe() -> Any:  # noqa: ANN401 - the library has no types
    return pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_a_page(browser: Browser, axe: Any, server: str, path: str, scheme: str) -> None:  # noqa: ANN401 - as above
    hosts: set[str] = set()
    page = browser.new_page(viewport={"width": WIDTHS[0], "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page.on("request", lambda request: hosts.add(request.url.partition("//")[2].partition("/")[0]))
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.add_init_script(VIOLATIONS)
    page.goto(server + path[1:])
    assert hosts == {server.split("/")[2]}
    assert page.evaluate("window.violations") == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if scheme == "dark" and width != WIDTHS[0]:
            continue  # a scheme changes colours alone, and they are the same on every width
        found = axe.run(page, options={"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found.response["violations"]] == []
    assert faults == []
    page.close()


@pytest.fixture
def bare(browser: Browser, server: str) -> Iterator[Page]:
    """A page in a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, base_url=server)
    yield context.new_page()
    context.close()


def test_a_parameter_is_changed_without_scripts(bare: Page) -> None:
    bare.goto("/queries/commission-sessions-by-year")
    bare.get_by_label("Period").select_option(label="2019")
    follow(bare.get_by_role("button", name="Ask"))
    assert "period=period%3Ayear-2019" in bare.url
    follow(bare.get_by_role("link", name="Table", exact=True))
    assert bare.locator("table").get_by_role("link", name="Uzbekistan", exact=True).count() == 1
    with bare.expect_download() as download:
        bare.get_by_role("link", name="csv").click()
    assert "Uzbekistan" in download.value.path().read_text(encoding="utf-8")


def test_an_own_query_is_asked_and_its_emptiness_explained_without_scripts(bare: Page) -> None:
    bare.goto("/query")
    bare.get_by_label("SPARQL query").fill(
        "PREFIX coop: <http://127.0.0.1:8000/ontology#>\nSELECT * { ?s a coop:Projet }"
    )
    follow(bare.get_by_role("button", name="Run"))
    follow(bare.get_by_role("link", name="Why is this empty?"))
    assert "Instead of coop:Projet perhaps coop:Project" in bare.locator("main").inner_text()


def test_a_search_leads_from_one_alphabet_to_the_other_without_scripts(bare: Page) -> None:
    bare.goto("/?lang=be")
    bare.get_by_role("searchbox").fill("Shumilin")
    bare.keyboard.press("Enter")
    bare.wait_for_url("**/search?lang=be&q=Shumilin")
    assert bare.get_by_role("link", name="Аляксандр Шумілін", exact=True).count() == 1


def test_the_editor_completes_and_runs_from_the_keyboard(browser: Browser, server: str) -> None:
    page = browser.new_page(base_url=server)
    page.goto("/query")
    editor = page.get_by_label("SPARQL query")
    editor.fill("SELECT * { ?s a coop:Commis")
    editor.press("End")
    editor.press_sequentially("sionS")
    page.get_by_role("option").first.wait_for()
    editor.press("ArrowDown")
    editor.press("Enter")
    editor.press_sequentially(" }")
    assert editor.input_value().startswith("PREFIX coop: <http://127.0.0.1:8000/ontology#>\nSELECT * { ?s a coop:Comm")
    editor.press("Control+Enter")
    page.get_by_text("13 rows").wait_for()
    page.close()


def test_nothing_is_offered_for_a_word_that_has_been_typed_on(browser: Browser, server: str) -> None:
    page = browser.new_page(base_url=server)
    page.goto("/query")
    editor = page.get_by_label("SPARQL query")
    editor.fill("SELECT * { ?s a coop:Commis")
    page.get_by_role("option").first.wait_for()
    page.route("**/complete?*", lambda _: None)  # the answer for the next word never comes
    editor.press("End")
    editor.press_sequentially("x")
    assert page.get_by_role("option").count() == 0
    editor.press("ArrowDown")
    editor.press("Enter")
    assert editor.input_value() == "SELECT * { ?s a coop:Commisx\n"
    page.close()


def test_a_thing_is_found_and_opened_from_the_keyboard_alone(browser: Browser, server: str) -> None:
    page = browser.new_page(base_url=server)
    page.goto("/")
    while page.evaluate("document.activeElement.id") != "q":
        page.keyboard.press("Tab")
    page.keyboard.type("SUPERTWIN")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=SUPERTWIN")
    while page.evaluate("document.activeElement.textContent") != "SUPERTWIN":
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/id/project/supertwin*")
    page.close()


def test_tab_leaves_the_editor(browser: Browser, server: str) -> None:
    page = browser.new_page(base_url=server)
    page.goto("/query")
    page.get_by_label("SPARQL query").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Run"
    page.close()


def test_a_fault_is_marked_at_its_place(browser: Browser, server: str) -> None:
    page = browser.new_page(base_url=server)
    page.goto("/query?query=SELECT+*+%7B%0A+%3Fs+foo:bar+%3Fo+%7D")
    assert page.locator(".paint .e").inner_text() == "foo:bar"
    page.close()


def test_the_largest_paint_is_text(browser: Browser, server: str) -> None:
    """It waits for no picture; how soon it comes is measured by bench.budgets."""
    page = browser.new_page(base_url=server)
    page.goto("/")
    painted = page.evaluate(
        "new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().at(-1)))"
        '.observe({type: "largest-contentful-paint", buffered: true})).then((entry) => [entry.url, entry.size])'
    )
    assert painted[0] == ""
    assert painted[1] > 0
    page.close()
