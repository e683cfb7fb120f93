"""What people come for, done as they would do it: by clicking and typing, from the first page on, without a script."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT
from test_contribute import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
MISTAKES = (ROOT / "tests/cases/validation/three-mistakes.ttl").read_text(encoding="utf-8")


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """The first page, in a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, base_url=server, locale="en")
    page = context.new_page()
    page.goto("/")
    yield page
    context.close()


def follow(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()


def search(page: Page, text: str) -> None:
    page.get_by_role("searchbox").fill(text)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?*")


def text(page: Page) -> str:
    return page.locator("main").inner_text()


def test_who_met_belarus_in_a_commission_in_2018_as_csv(page: Page) -> None:
    follow(page, "Questions")
    page.get_by_role(
        "link", name="With which countries did commissions on science and technology meet in a given year?"
    ).first.click()
    page.get_by_label("Period").select_option(label="2018")
    page.get_by_role("button", name="Ask").click()
    with page.expect_download() as download:
        follow(page, "csv")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert len(rows) == 10
    assert "China" in {value for row in rows for value in row.values()}


def test_why_supertwin_involves_belarus(page: Page) -> None:
    search(page, "SUPERTWIN")
    follow(page, "SUPERTWIN")
    fact = page.locator("dd.inferred").filter(has_text="Belarus")
    fact.get_by_role("link", name="inferred").click()
    page.wait_for_url("**/explain?*")
    proof = text(page)
    assert "Institute of Physics" in proof
    assert "The quantum optics centre takes part in SUPERTWIN." in proof


def test_a_parameter_of_a_saved_query_is_changed(page: Page) -> None:
    page.goto("/queries/most-connected-countries")
    before = text(page)
    field = page.get_by_role("spinbutton").first
    field.fill("1")
    page.get_by_role("button", name="Ask").click()
    assert "minimum=1" in page.url
    assert text(page) != before


def test_the_source_of_6_4_million_euros(page: Page) -> None:
    search(page, "6.4 million euros")
    page.get_by_role("link", name="claim:high-tech-country-").first.click()
    assert "6.4 million euros" in text(page)
    page.locator("#evidence").get_by_role("link", name="characters").click()
    page.wait_for_url("**/source/high-tech-country?*")
    assert page.get_by_role("heading", name="Image of a High-Tech Country").count() == 1
    assert "6.4 million euros" in page.locator("li:target").inner_text()


def test_a_broken_turtle_file_is_mended(page: Page) -> None:
    follow(page, "Validate")
    page.get_by_label("RDF text").fill(MISTAKES)
    page.get_by_role("button", name="Validate", exact=True).click()
    assert page.get_by_role("status").inner_text() == "3 problems, 8 facts checked"
    page.get_by_role("button", name="Apply all fixes").click()
    assert "problem" not in page.get_by_role("status").inner_text()


def test_a_project_is_proposed_by_form(page: Page) -> None:
    follow(page, "Contribute")
    follow(page, "Project")
    for name, value in PROJECT.items():
        field = page.locator(f'[name="{name}"]').first
        if field.evaluate("element => element.localName") == "select":
            field.select_option(value)
        else:
            field.fill(value)
    page.get_by_role("button", name="Check and preview").last.click()
    assert "It keeps all the rules." in text(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as Turtle").click()
    assert "project:lake-ice" in download.value.path().read_text(encoding="utf-8")


def test_a_chart_is_shared(page: Page, browser: Browser) -> None:
    page.goto("/queries/most-connected-countries?view=chart")
    page.get_by_text("Share, or use elsewhere").click()
    address = page.locator("pre[data-copy]").first.inner_text()
    other = browser.new_page()
    other.goto(address.strip())
    assert other.locator("svg.chart").count() == 1
    other.close()


def test_the_definition_of_a_term_is_read_in_belarusian(page: Page) -> None:
    follow(page, "Беларуская")
    follow(page, "Анталогія")
    page.get_by_role("listitem").get_by_role("link", name="Пасяджэнне камісіі", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Пасяджэнне камісіі"
    assert page.locator("html").get_attribute("lang") == "be"
    lead = page.locator("p.lead").inner_text()
    assert "на якім збіраецца" in lead or "камісі" in lead


def test_a_query_is_copied_as_python_and_run(page: Page) -> None:
    page.goto("/queries/commission-sessions-by-year")
    page.get_by_text("Share, or use elsewhere").click()
    program = page.get_by_role("heading", name="Python").locator("xpath=following-sibling::pre[1]").inner_text()
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert "China" in ran.stdout


def test_why_a_query_is_empty(page: Page) -> None:
    follow(page, "Query")
    page.get_by_label("SPARQL query").fill(
        "PREFIX coop: <http://127.0.0.1:8000/ontology#>\nSELECT * { ?s a coop:Projet }"
    )
    page.get_by_role("button", name="Run").click()
    follow(page, "Why is this empty?")
    assert "Instead of coop:Projet perhaps coop:Project" in text(page)
