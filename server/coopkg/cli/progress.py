"""Progress of long work: on standard error, on a terminal alone, and only after it has taken a while."""

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
"""Seconds between two updates of the line."""
_WIDTH: Final = 24
_ERASE: Final = "\r\x1b[K"


def option(name: str) -> bool:
    """Check whether an option of the command group, such as ``quiet``, is set; False outside of a command."""
    context = click.get_current_context(silent=True)
    options = context.find_root().obj if context else None
    return bool(options and options.get(name))


def say(text: str) -> None:
    """Write a message to standard error, unless ``--quiet`` is set."""
    if not option("quiet"):
        click.echo(text, err=True)


class Stage:
    """A piece of work; ``done`` of ``total`` steps are finished, where it has steps."""

    def __init__(self, label: str, total: int = 0) -> None:
        self.label, self.total, self.done = label, total, 0
        self.began = time.monotonic()
        self.visible = False
        self._over = threading.Event()
        # A daemon, so that an exception in the main thread is not kept waiting by the line.
        self._watch = threading.Thread(target=self._tick, daemon=True, name="progress")

    def line(self) -> str:
        """Return the line of progress: a bar where there are steps, else the seconds that have passed."""
        seconds = time.monotonic() - self.began
        if not self.total:
            return f"{self.label} ... {seconds:.0f} s"
        full = _WIDTH * min(self.done, self.total) // self.total
        return f"{self.label} [{'#' * full}{'-' * (_WIDTH - full)}] {self.done}/{self.total}"

    def start(self) -> None:
        """Begin to show progress, if standard error is a terminal and ``--quiet`` is not set."""
        if sys.stderr.isatty() and not option("quiet"):
            self._watch.start()

    def stop(self) -> None:
        """End, and erase the line."""
        self._over.set()
        if self._watch.is_alive():
            self._watch.join()
        if self.visible:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()

    def _tick(self) -> None:
        if self._over.wait(PATIENCE):
            return
        self.visible = True
        while not self._over.is_set():
            sys.stderr.write(_ERASE + self.line())
            sys.stderr.flush()
            self._over.wait(_TICK)


@contextmanager
def stage(label: str, total: int = 0) -> Iterator[Stage]:
    """Show the progress of a piece of work; with ``-v``, report afterwards how long it took."""
    work = Stage(label, total)
    work.start()
    try:
        yield work
    finally:
        work.stop()
    if option("verbose"):
        click.echo(f"{label}: {time.monotonic() - work.began:.2f} s", err=True)


def steps(items: Sequence[T], label: str) -> Iterator[T]:
    """Yield the items one by one, and show how many are finished."""
    with stage(label, len(items)) as work:
        for item in items:
            yield item
            work.done += 1
