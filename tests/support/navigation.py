"""Going from one page to the next in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def follow(locator: Locator) -> None:
    """Click what leads to another page, or place of one, and wait until that is loaded.

    A click alone is done when the answer begins: a document without its root yet.
    """
    with locator.page.expect_navigation():
        locator.click()
