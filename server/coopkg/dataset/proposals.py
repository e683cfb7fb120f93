"""A proposed change with who wants it and why, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coopkg.dataset.changes import Change


@dataclass(frozen=True)
class Proposal:
    """A change, its author, message and source; ``expected`` is the tag of the version that it must be made to.

    ``key`` is the author's idempotency key; ``request`` stands for the content of the request that it came with.
    """

    change: Change
    author: str = ""
    message: str = ""
    source: str = ""
    key: str = ""
    request: str = ""
    expected: str = ""

    def saying(self, message: str) -> Proposal:
        """Return the proposal with that message, if it has none of its own."""
        return self if self.message else replace(self, message=message)

    def note(self) -> dict[str, Any]:
        """Return all but the change, as a JSON object."""
        return {name: value for name, value in vars(self).items() if name != "change"}


@dataclass(frozen=True)
class Receipt:
    """What became of a change: the version that has it and its tag, the id of the commit that made it.

    ``changed`` says whether it did anything, ``existed`` whether its graph was there before. A change that did nothing
    has no commit; where there is no journal, no commit has an id.
    """

    version: int
    tag: str
    existed: bool = True
    changed: bool = True
    commit: str = ""
