"""Signs of life during long work: on a terminal alone, on standard error, and only once somebody has waited a while."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")
PATIENCE: Final = 0.5
"""Seconds of work before anything is shown."""
_TICK: Final = 0.1
_WIDTH: Final = 24
_ERASE: Final = "\r\x1b[K"


def option(name: str) -> bool:
    """Return whether an option of the whole command line is set."""
    context = click.get_current_context(silent=True)
    found = context.find_root().obj if context else None
    return bool(found and found.get(name))


def say(text: str) -> None:
    """Tell people something, on standard error, unless they want quiet."""
    if not option("quiet"):
        click.echo(text, err=True)


class Stage:
    """A piece of work; ``done`` of ``total`` steps are behind it, where it has steps."""

    def __init__(self, label: str, total: int = 0) -> None:
        self.label, self.total, self.done = label, total, 0
        self.began = time.monotonic()
        self.shown = False
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._tick, daemon=True, name="progress")

    def line(self) -> str:
        """Return what is shown now: a bar where there are steps, else the seconds that have passed."""
        seconds = time.monotonic() - self.began
        if not self.total:
            return f"{self.label} ... {seconds:.0f} s"
        full = _WIDTH * min(self.done, self.total) // self.total
        return f"{self.label} [{'#' * full}{'-' * (_WIDTH - full)}] {self.done}/{self.total}"

    def start(self) -> None:
        """Begin to watch, if anybody looks."""
        if sys.stderr.isatty() and not option("quiet"):
            self._watch.start()

    def stop(self) -> None:
        """End, and leave nothing behind on the screen."""
        self._over.set()
        if self._watch.is_alive():
            self._watch.join()
        if self.shown:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()

    def _tick(self) -> None:
        if self._over.wait(PATIENCE):
            return
        self.shown = True
        while not self._over.is_set():
            sys.stderr.write(_ERASE + self.line())
            sys.stderr.flush()
            self._over.wait(_TICK)


@contextmanager
def stage(label: str, total: int = 0) -> Iterator[Stage]:
    """Show that a piece of work goes on; with ``-v``, say afterwards how long it took."""
    found = Stage(label, total)
    found.start()
    try:
        yield found
    finally:
        found.stop()
    if option("verbose"):
        click.echo(f"{label}: {time.monotonic() - found.began:.2f} s", err=True)


def steps(items: Sequence[T], label: str) -> Iterator[T]:
    """Return the items one by one, and show how many are done."""
    with stage(label, len(items)) as shown:
        for item in items:
            yield item
            shown.done += 1
