"""A proposed change with its author and reason, and the receipt for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.dataset.changes import Change


@dataclass(frozen=True)
class Proposal:
    """A change, its author, message and source; ``expected`` is the tag of the only version that it may change, or "".

    ``key`` is the author's idempotency key; ``request`` is a digest of the request that it came with.
    """

    change: Change
    author: str = ""
    message: str = ""
    source: str = ""
    key: str = ""
    request: str = ""
    expected: str = ""

    def saying(self, message: str) -> Proposal:
        """Return the proposal with ``message`` as its message, unless it has one."""
        return self if self.message else replace(self, message=message)

    def note(self) -> dict[str, Any]:
        """Encode everything but the change, as a JSON object."""
        return {name: value for name, value in vars(self).items() if name != "change"}


@dataclass(frozen=True)
class Receipt:
    """The outcome of a change: the version that has it, that version's tag, and the id of the commit that made it.

    ``changed`` says whether it changed anything, ``existed`` whether its graph existed before. A change that changed
    nothing has no commit, and ``commit`` is "" then, as it is where there is no journal.
    ``notes`` are about what is stored, ``warnings`` are the results about the change that did not refuse it.
    """

    version: int
    tag: str
    existed: bool = True
    changed: bool = True
    commit: str = ""
    notes: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[Mapping[str, Any], ...] = ()
