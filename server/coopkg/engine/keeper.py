"""The keeper: one single-threaded process that owns the dataset and forks the readers.

It listens on two Unix sockets in a private folder: ``readers``, on which idle readers accept tasks, and ``control``, on
which web workers ask what the dataset is and why a reader died.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from coopkg.engine import changes, confine, reader
from coopkg.engine.current import CurrentTag
from coopkg.settings import Settings
from coopkg.store import Dataset, load_dataset

if TYPE_CHECKING:
    from types import FrameType

READERS: Final = "readers"
CONTROL: Final = "control"
REMEMBERED: Final = 256
CAUSES: Final = {signal.SIGALRM: "deadline", signal.SIGXCPU: "deadline", signal.SIGKILL: "memory"}


@dataclass
class Child:
    """A reader as the keeper sees it."""

    pid: int
    control: socket.socket
    errors: int
    version: int
    heavy: bool = False
    said: bytearray = field(default_factory=bytearray)


class Keeper:
    """Forks readers, replaces those that end, and remembers why."""

    def __init__(self, dataset: Dataset, settings: Settings, folder: Path) -> None:
        self.dataset = dataset
        self.settings = settings
        self.selector = selectors.DefaultSelector()
        self.children: dict[int, Child] = {}
        self.causes: OrderedDict[int, str] = OrderedDict()
        self.told_about_network = False
        self.folder = folder
        self.current = CurrentTag(folder)
        self.tasks = _listen(folder / READERS)
        self.control = _listen(folder / CONTROL)
        self.wake, self._waker = socket.socketpair()
        for sock in (self.wake, self._waker, self.control):
            sock.setblocking(False)  # noqa: FBT003 - the name of the method says it

    def run(self) -> None:
        """Keep readers until SIGTERM."""
        signal.signal(signal.SIGCHLD, _ignore)
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self.selector.register(self.wake, selectors.EVENT_READ, self._reap)
        self.selector.register(self.control, selectors.EVENT_READ, self._answer)
        self._fill()
        self.current.set(self.dataset.tag)
        while True:
            for key, _ in self.selector.select():
                key.data()

    def _fill(self) -> None:
        while (
            sum(not child.heavy for child in self.children.values() if child.version == self.dataset.version)
            < self.settings.readers
        ):
            self._fork()

    def _fork(self) -> None:
        mine, theirs = socket.socketpair()
        errors_read, errors_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become_reader(theirs, errors_write)
        theirs.close()
        os.close(errors_write)
        os.set_blocking(errors_read, False)
        mine.setblocking(False)  # noqa: FBT003
        child = self.children[pid] = Child(pid, mine, errors_read, self.dataset.version)
        self.selector.register(mine, selectors.EVENT_READ, lambda: self._hear(child))
        self.selector.register(errors_read, selectors.EVENT_READ, lambda: self._listen_to(child))

    def _become_reader(self, control: socket.socket, errors: int) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(errors, 2)
        self.selector.close()
        for child in self.children.values():
            child.control.close()
            os.close(child.errors)
        for sock in (self.control, self.wake, self._waker):
            sock.close()
        try:
            reader.run(self.dataset, self.tasks, control, self.settings.reader_memory_bytes)
        finally:
            traceback.print_exc()
            os._exit(70)

    def _hear(self, child: Child) -> None:
        """Take a reader's notice: it became heavy, or it could not leave the network."""
        if child.pid not in self.children:  # buried by an event of the same round
            return
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            for notice in child.control.recv(16):
                if notice == ord("h"):
                    self._grow_heavy(child)
                elif notice == ord("N") and not self.told_about_network:
                    self.told_about_network = True
                    print("coopkg: readers cannot leave the network here; admission alone guards it", file=sys.stderr)  # noqa: T201

    def _grow_heavy(self, child: Child) -> None:
        child.heavy = True
        if sum(c.heavy for c in self.children.values()) > self.settings.heavy_readers:
            self._remember(child.pid, "busy")
            os.kill(child.pid, signal.SIGKILL)
        self._fill()

    def _listen_to(self, child: Child) -> None:
        if child.pid in self.children:
            self._collect(child)

    def _collect(self, child: Child) -> None:
        with contextlib.suppress(BlockingIOError):
            child.said += os.read(child.errors, 4096)
            del child.said[:-4096]

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.wake.recv(256):
                pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            child = self.children.pop(pid, None)
            if child:
                self._bury(child, status)
        self._fill()

    def _bury(self, child: Child, status: int) -> None:
        self._collect(child)
        for source in (child.control, child.errors):
            self.selector.unregister(source)
        child.control.close()
        os.close(child.errors)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            print(f"coopkg: a reader failed: {child.said.decode(errors='replace')}", file=sys.stderr)  # noqa: T201
        if os.WIFSIGNALED(status):
            self._remember(child.pid, _cause(signal.Signals(os.WTERMSIG(status)), child.said))

    def _remember(self, pid: int, cause: str) -> None:
        self.causes.setdefault(pid, cause)
        while len(self.causes) > REMEMBERED:
            self.causes.popitem(last=False)

    def _answer(self) -> None:
        """Answer one question: ``info``, the pid of a reader that died, or ``commit VERSION`` with a patch."""
        connection, _ = self.control.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            head, _, body = b"".join(iter(lambda: connection.recv(1 << 20), b"")).decode().partition("\n")
            self._reap()
            answer = self._commit(int(head.split()[1]), body) if head.startswith("commit ") else self._reply(head)
            connection.sendall(json.dumps(answer).encode())

    def _commit(self, version: int, lines: str) -> dict[str, object]:
        """Apply a patch that was worked out on the current version, and publish the next; refuse any other."""
        if version != self.dataset.version:
            return {"committed": False, "version": self.dataset.version}
        changes.apply_lines(self.dataset.store, lines)
        self.dataset = replace(self.dataset, version=version + 1)
        self._publish()
        return {"committed": True, "version": self.dataset.version}

    def _publish(self) -> None:
        """Have new readers accept on a new socket under the old name, and the old readers end when they are idle."""
        passed = self.tasks
        self.tasks = _listen(self.folder / f"{READERS}.{self.dataset.version}")
        (self.folder / f"{READERS}.{self.dataset.version}").rename(self.folder / READERS)
        self._fill()
        passed.close()
        self.current.set(self.dataset.tag)
        for child in self.children.values():
            if child.version != self.dataset.version and not child.heavy:
                os.kill(child.pid, signal.SIGUSR1)

    def _reply(self, question: str) -> dict[str, object]:
        if question.isdigit():
            pid = int(question)
            return {
                "cause": "alive" if pid in self.children and pid not in self.causes else self.causes.get(pid, "gone")
            }
        return {
            "version": self.dataset.version,
            "digest": self.dataset.digest,
            "tag": self.dataset.tag,
            "quads": self.dataset.count(),
            "readers": len(self.children),
            "pid": os.getpid(),
        }


def _cause(number: signal.Signals, said: bytes | bytearray) -> str:
    """Say why a reader died: an allocation that fails aborts, as a panic does, but a panic says so."""
    if number is signal.SIGABRT:
        return "crash" if b"panicked" in said else "memory"
    return CAUSES.get(number, "crash")


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(str(path))
    sock.listen(128)
    return sock


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the wake-up descriptor tells the loop."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    os.killpg(0, signal.SIGKILL) if os.getpgrp() == os.getpid() else os._exit(0)


def main() -> None:
    """Run the keeper over the settings in the environment; the folder of its sockets is the one argument."""
    confine.die_with_parent()
    settings = Settings.from_environment()
    Keeper(load_dataset(settings), settings, Path(sys.argv[1])).run()


if __name__ == "__main__":
    main()
