"""What people come for, done as they would do it: from the first page on, without a script: by mouse and by keys."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT
from contributed_project import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.slow
MISTAKES = (ROOT / "tests/cases/validation/three-mistakes.ttl").read_text(encoding="utf-8")


class Hands:
    """How a visitor does things: with a mouse, or with the keyboard alone, Tab by Tab."""

    def __init__(self, page: Page, *, keys: bool) -> None:
        self.page = page
        self.keys = keys

    def click(self, locator: Locator) -> None:
        """Follow a link, press a button, or open what is folded."""
        if not self.keys:
            locator.click()
        elif self._reach(locator):
            self.page.keyboard.press("Enter")
            self.page.wait_for_timeout(100)  # milliseconds, until the request is on its way
            self.page.wait_for_load_state("networkidle")

    def fill(self, locator: Locator, value: str) -> None:
        """Type into a field."""
        if not self.keys:
            locator.fill(value)
        elif self._reach(locator):
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(value)
            assert locator.input_value() == value

    def choose(self, locator: Locator, label: str = "", value: str = "") -> None:
        """Take one of a list."""
        if not self.keys:
            locator.select_option(value=value or None, label=label or None)
            return
        self._reach(locator)
        self.page.keyboard.press("Home")
        chosen = "e => [e.value, e.selectedOptions[0].label]"
        for _ in range(locator.locator("option").count()):
            if (value or label) in locator.evaluate(chosen):
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no {value or label} is on offer")

    def _reach(self, locator: Locator) -> bool:
        target = locator.element_handle()
        for _ in range(500):
            if target.evaluate("e => e === document.activeElement"):
                return True
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {locator}")


@pytest.fixture(params=["mouse", "keyboard"])
def hands(request: pytest.FixtureRequest, browser: Browser, server: str) -> Iterator[Hands]:
    """The first page, in a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, base_url=server, locale="en")
    page = context.new_page()
    page.goto("/")
    yield Hands(page, keys=request.param == "keyboard")
    context.close()


@pytest.fixture
def page(hands: Hands) -> Page:
    return hands.page


def follow(hands: Hands, name: str) -> None:
    hands.click(hands.page.get_by_role("link", name=name, exact=True).first)


def search(hands: Hands, text: str) -> None:
    hands.fill(hands.page.get_by_role("searchbox"), text)
    hands.page.keyboard.press("Enter")
    hands.page.wait_for_url("**/search?*")


def text(page: Page) -> str:
    return page.locator("main").inner_text()


def test_who_met_belarus_in_a_commission_in_2018_as_csv(hands: Hands, page: Page) -> None:
    follow(hands, "Questions")
    question = "With which countries did commissions on science and technology meet in a given year?"
    hands.click(page.get_by_role("link", name=question).first)
    hands.choose(page.get_by_label("Period"), label="2018")
    hands.click(page.get_by_role("button", name="Ask"))
    with page.expect_download() as download:
        follow(hands, "csv")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert len(rows) == 10
    assert "China" in {value for row in rows for value in row.values()}


def test_why_supertwin_involves_belarus(hands: Hands, page: Page) -> None:
    search(hands, "SUPERTWIN")
    follow(hands, "SUPERTWIN")
    fact = page.locator("dd.inferred").filter(has_text="Belarus")
    hands.click(fact.get_by_role("link", name="inferred"))
    page.wait_for_url("**/explain?*")
    proof = text(page)
    assert "Institute of Physics" in proof
    assert "The quantum optics centre takes part in SUPERTWIN." in proof


def test_a_parameter_of_a_saved_query_is_changed(hands: Hands, page: Page) -> None:
    page.goto("/queries/most-connected-countries")
    before = text(page)
    field = page.get_by_role("spinbutton").first
    hands.fill(field, "1")
    hands.click(page.get_by_role("button", name="Ask"))
    page.wait_for_url("**minimum=1*")
    assert text(page) != before


def test_the_source_of_6_4_million_euros(hands: Hands, page: Page) -> None:
    search(hands, "6.4 million euros")
    hands.click(page.get_by_role("link", name="claim:high-tech-country-").first)
    assert "6.4 million euros" in text(page)
    hands.click(page.locator("#evidence").get_by_role("link", name="characters"))
    page.wait_for_url("**/source/high-tech-country?*")
    assert page.get_by_role("heading", name="Image of a High-Tech Country").count() == 1
    assert "6.4 million euros" in page.locator("li:target").inner_text()


def test_a_broken_turtle_file_is_mended(hands: Hands, page: Page) -> None:
    follow(hands, "Validate")
    hands.fill(page.get_by_label("RDF text"), MISTAKES)
    hands.click(page.get_by_role("button", name="Validate", exact=True))
    assert page.get_by_role("status").inner_text() == "3 problems, 39 facts checked"
    hands.click(page.get_by_role("button", name="Apply all fixes"))
    assert "problem" not in page.get_by_role("status").inner_text()


def test_a_project_is_proposed_by_form(hands: Hands, page: Page) -> None:
    follow(hands, "Contribute")
    follow(hands, "Project")
    for name, value in PROJECT.items():
        field = page.locator(f'[name="{name}"]').first
        if field.evaluate("element => element.localName") == "select":
            hands.choose(field, value=value)
        else:
            hands.fill(field, value)
    hands.click(page.get_by_role("button", name="Check and preview").last)
    assert "It keeps all the rules." in text(page)
    with page.expect_download() as download:
        hands.click(page.get_by_role("button", name="Save as Turtle"))
    assert "project:lake-ice" in download.value.path().read_text(encoding="utf-8")


def test_a_chart_is_shared(hands: Hands, page: Page, browser: Browser) -> None:
    page.goto("/queries/most-connected-countries?view=chart")
    hands.click(page.get_by_text("Share, or use elsewhere"))
    address = page.locator("pre[data-copy]").first.inner_text()
    other = browser.new_page()
    other.goto(address.strip())
    assert other.locator("svg.chart").count() == 1
    other.close()


def test_the_definition_of_a_term_is_read_in_belarusian(hands: Hands, page: Page) -> None:
    follow(hands, "Беларуская")
    follow(hands, "Анталогія")
    hands.click(page.get_by_role("listitem").get_by_role("link", name="Пасяджэнне камісіі", exact=True))
    assert page.get_by_role("heading", level=1).inner_text() == "Пасяджэнне камісіі"
    assert page.locator("html").get_attribute("lang") == "be"
    definition = "падзея супрацоўніцтва, на якой збіраецца пастаянная камісія дзвюх краін"
    assert definition in page.locator("p.lead").inner_text()


def test_a_query_is_copied_as_python_and_run(hands: Hands, page: Page) -> None:
    page.goto("/queries/commission-sessions-by-year")
    hands.click(page.get_by_text("Share, or use elsewhere"))
    program = page.get_by_role("heading", name="Python").locator("xpath=following-sibling::pre[1]").inner_text()
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert "China" in ran.stdout


def test_why_a_query_is_empty(hands: Hands, page: Page) -> None:
    follow(hands, "Query")
    wrong = "PREFIX coop: <http://127.0.0.1:8000/ontology#>\nSELECT * { ?s a coop:Projet }"
    hands.fill(page.get_by_label("SPARQL query"), wrong)
    hands.click(page.get_by_role("button", name="Run"))
    follow(hands, "Why is this empty?")
    assert "Instead of coop:Projet perhaps coop:Project" in text(page)
