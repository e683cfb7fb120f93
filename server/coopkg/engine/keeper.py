"""The keeper: one single-threaded process that owns the dataset and its journal, and forks the readers.

It listens on two Unix sockets in a private folder: ``readers``, from which idle readers receive requests, and
``control``, on which web workers ask what the dataset is, hand in patches and call off requests. A patch is in the
journal, on the disk, before readers have it and before whoever handed it in hears of it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from coopkg.consistency import contradictions
from coopkg.engine import confine
from coopkg.engine.current import CurrentTag
from coopkg.engine.frames import CONTROL, READERS, Frame, Kind, send, worker_socket
from coopkg.engine.ledger import Ledger, as_answer
from coopkg.engine.reader import FAILED, Reader
from coopkg.engine.slots import SLOTS, Slots
from coopkg.errors import CoopkgError
from coopkg.files import find_published
from coopkg.settings import Settings
from coopkg.shacl.gate import open_gate, refuse
from coopkg.shacl.stored import StoredGraph
from coopkg.terms import read_nquads

if TYPE_CHECKING:
    from types import FrameType

    from coopkg.engine.slots import Slot, Work
    from coopkg.shacl.gate import Gate
    from coopkg.store import Dataset
    from coopkg.terms import Quad

BESIDE: Final = "beside.nq"
"""The file in the keeper's folder with the named graphs that are served beside the facts."""
TICK: Final = 0.05
"""Seconds between two looks at what the readers are at work on."""
HEAVY_AFTER: Final = 0.1
"""Seconds after which an evaluation counts as heavy: it yields the processor, and its place among the light ones."""
HEAVY_NICENESS: Final = 10
CALLED_OFF: Final = 256
"""Requests remembered as called off though no reader has taken them up yet."""
CAUSES: Final = {signal.SIGALRM: "deadline", signal.SIGXCPU: "deadline", signal.SIGKILL: "memory"}


@dataclass
class Child:
    """A reader as the keeper sees it; ``cause`` is set where the keeper itself ends it."""

    pid: int
    index: int
    slot: Slot
    errors: int
    version: int
    cause: str | None = None
    said: bytearray = field(default_factory=bytearray)


class Keeper:
    """Forks readers, replaces those that end, and tells web workers why; ``seconds`` is how long loading took."""

    def __init__(
        self, ledger: Ledger, settings: Settings, folder: Path, gate: Gate | None = None, seconds: float = 0.0
    ) -> None:
        self.seconds = seconds
        self.began = datetime.now(UTC).isoformat(timespec="seconds")
        self.pid = os.getpid()
        self.ledger = ledger
        self.gate = gate
        self.settings = settings
        self.folder = folder
        self.selector = selectors.DefaultSelector()
        self.slots = Slots()
        self.free = list(range(SLOTS))
        self.children: dict[int, Child] = {}
        self.workers: dict[int, socket.socket] = {}
        self.called_off: OrderedDict[tuple[int, int], None] = OrderedDict()
        self.told_about_network = False
        self.current = CurrentTag(folder)
        self.requests = _requests(folder / READERS)
        self.control = _listen(folder / CONTROL)
        self.wake, self._waker = socket.socketpair()
        for sock in (self.wake, self._waker, self.control):
            sock.setblocking(False)  # noqa: FBT003 - the name of the method says it

    @property
    def dataset(self) -> Dataset:
        """Give the current version."""
        return self.ledger.dataset

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
            for key, _ in self.selector.select(TICK):
                key.data()
            self._look()

    def _fill(self) -> None:
        light = sum(not c.slot.heavy for c in self.children.values() if c.version == self.dataset.version)
        for _ in range(min(self.settings.readers - light, len(self.free))):
            self._fork()

    def _fork(self) -> None:
        errors_read, errors_write = os.pipe()
        index = self.free.pop()
        slot = self.slots.slot(index)
        pid = os.fork()
        if pid == 0:
            self._become_reader(slot, errors_write)
        os.close(errors_write)
        os.set_blocking(errors_read, False)
        child = self.children[pid] = Child(pid, index, slot, errors_read, self.dataset.version)
        self.selector.register(errors_read, selectors.EVENT_READ, lambda: self._collect(child))

    def _become_reader(self, slot: Slot, errors: int) -> None:
        _die_with(self.pid)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(errors, 2)
        self.selector.close()
        if self.ledger.journal is not None:
            self.ledger.journal.close()
        for child in self.children.values():
            os.close(child.errors)
        for sock in (self.control, self.wake, self._waker, *self.workers.values()):
            sock.close()
        try:
            Reader(self.dataset, self.requests, slot, self.folder, self.gate).run(self.settings.reader_memory_bytes)
        finally:
            traceback.print_exc()
            os._exit(FAILED)

    def _look(self) -> None:
        """See what the readers are at work on: whose work has become heavy, and whose was called off."""
        now = time.monotonic()
        for child in list(self.children.values()):
            work = child.slot.work
            if work is not None and child.cause is None:
                if (work.worker, work.number) in self.called_off:
                    self._end(child, "gone")
                elif not child.slot.heavy and now - work.begun > HEAVY_AFTER:
                    self._grow_heavy(child, work)
            if child.slot.networked and not self.told_about_network:
                self.told_about_network = True
                print("coopkg: readers cannot leave the network here; admission alone guards it", file=sys.stderr)  # noqa: T201

    def _grow_heavy(self, child: Child, work: Work) -> None:
        child.slot.heavy = True
        if sum(c.slot.heavy for c in self.children.values()) > self.settings.heavy_readers:
            self._end(child, "busy")
        else:
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, child.pid, HEAVY_NICENESS)
            self._tell(work, Kind.STARTED, {"pid": child.pid})
        self._fill()

    @staticmethod
    def _end(child: Child, cause: str) -> None:
        child.cause = cause
        os.kill(child.pid, signal.SIGKILL)

    def _tell(self, work: Work, kind: Kind, facts: dict[str, Any]) -> None:
        """Send a notice to the worker whose work it is; one that is gone needs none."""
        try:
            stream = self.workers.get(work.worker)
            if stream is None:
                stream = self.workers[work.worker] = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                stream.setblocking(False)  # noqa: FBT003
                stream.connect(str(self.folder / worker_socket(work.worker)))
            send(stream, Frame(kind, work.number, facts))
        except OSError:
            self.workers.pop(work.worker).close()

    def _collect(self, child: Child) -> None:
        if child.pid in self.children:  # else buried by an event of the same round
            with contextlib.suppress(BlockingIOError):
                child.said += os.read(child.errors, 4096)
                del child.said[:-4096]

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.wake.recv(256):
                pass
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            self._bury(pid, status)
        self._fill()

    def _bury(self, pid: int, status: int) -> None:
        child = self.children[pid]
        self._collect(child)
        del self.children[pid]
        work = child.slot.work
        self.selector.unregister(child.errors)
        os.close(child.errors)
        self.free.append(child.index)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            print(f"coopkg: a reader failed: {child.said.decode(errors='replace')}", file=sys.stderr)  # noqa: T201
        if work is not None:
            self.called_off.pop((work.worker, work.number), None)
            self._tell(work, Kind.DIED, {"cause": child.cause or _cause(status, child.said)})

    def _answer(self) -> None:
        """Answer one question: ``info``, ``known NOTE``, ``commit NOTE`` with a patch, or ``off WORKER NUMBER``."""
        connection, _ = self.control.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            head, _, body = b"".join(iter(lambda: connection.recv(1 << 20), b"")).decode().partition("\n")
            word, _, rest = head.partition(" ")
            if word == "off":
                worker, number = rest.split()
                self._call_off(int(worker), int(number))
            else:
                settled = word in {"known", "commit"}
                answer = self._settle(word, json.loads(rest), body) if settled else self._info()
                connection.sendall(json.dumps(answer).encode())
                connection.shutdown(socket.SHUT_WR)  # a reader forked meanwhile holds the connection too

    def _call_off(self, worker: int, number: int) -> None:
        """End the work on a request, now or when a reader takes it up."""
        self.called_off[worker, number] = None
        while len(self.called_off) > CALLED_OFF:
            self.called_off.popitem(last=False)
        self._look()

    def _settle(self, word: str, asked: dict[str, Any], rows: str) -> dict[str, Any]:
        """Give the commit that is known, or make the next version and publish it; empty where there is none."""
        try:
            if word == "known":
                return as_answer(self.ledger.known(asked["note"]))
            before = self.dataset.version
            commit = self.ledger.commit(int(asked["version"]), asked["note"], asked["id"], rows)
        except CoopkgError as error:
            return {"error": type(error).__name__, "detail": error.detail, "members": error.members}
        if self.dataset.version != before:
            self._publish()
        return as_answer(commit)

    def _publish(self) -> None:
        """Have new readers receive on a new socket under the old name; the old ones finish what theirs still holds.

        The old socket is shut before the new tag is told, so that whoever knows the new version is not answered by the
        old one.
        """
        passed = self.requests
        name = self.folder / f"{READERS}.{self.dataset.version}"
        self.requests = _requests(name)
        self._fill()
        name.rename(self.folder / READERS)
        passed.shutdown(socket.SHUT_RD)
        passed.close()
        self.current.set(self.dataset.tag)

    def _info(self) -> dict[str, Any]:
        busy = [c.pid for c in self.children.values() if c.slot.work is not None]
        return {
            "version": self.dataset.version,
            "digest": self.dataset.digest,
            "tag": self.dataset.tag,
            "quads": self.dataset.count(),
            "inferred": self.dataset.count_inferred(),
            "readers": len(self.children),
            "busy": busy,
            "pid": os.getpid(),
            "began": self.began,
            "seconds": round(self.seconds, 3),
        }


def _die_with(parent: int) -> None:
    """End when the parent ends, also if that was before the kernel heard of it.

    An orphan would hold a socket open on which nobody receives, or the journal.
    """
    confine.die_with_parent()
    if os.getppid() != parent:
        os._exit(0)


def _cause(status: int, said: bytes | bytearray) -> str:
    """Say why a reader died: an allocation that fails aborts, as a panic does, but a panic says so."""
    if not os.WIFSIGNALED(status):
        return "fault"
    number = signal.Signals(os.WTERMSIG(status))
    if number is signal.SIGABRT:
        return "crash" if b"panicked" in said else "memory"
    return CAUSES.get(number, "crash")


def _requests(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(path))
    return sock


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


def _gate(settings: Settings, dataset: Dataset) -> Gate | None:
    """Give the gate of a server that takes writes, once what the journal made of the published files has passed it."""
    if settings.home is None or settings.scratch:
        return None
    gate = open_gate(find_published(settings.published), settings.base)
    graph = StoredGraph(dataset.store, dataset.spellings)
    gate.index.measure(graph)
    if dataset.version > 1:
        refuse(gate.check_all(graph).and_(contradictions(dataset)), gate.shapes, graph)
    return gate


def _beside(path: Path) -> list[Quad]:
    """Give the named graphs that whoever started the keeper left for it."""
    return read_nquads(path.read_bytes()) if path.exists() else []


def main() -> None:
    """Run the keeper over the settings in the environment; its arguments are the folder of its sockets, its parent."""
    _die_with(int(sys.argv[2]))
    settings, began = Settings.from_environment(), time.monotonic()
    try:
        ledger = Ledger.open(settings, _beside(Path(sys.argv[1]) / BESIDE))
        gate = _gate(settings, ledger.dataset)
    except CoopkgError as error:
        print(f"coopkg: {error.detail}", file=sys.stderr, flush=True)  # noqa: T201
        sys.exit(error.exit_code)
    gc.collect()
    gc.freeze()  # what is loaded stays, so that no collection looks at it again
    Keeper(ledger, settings, Path(sys.argv[1]), gate, time.monotonic() - began).run()


if __name__ == "__main__":
    main()
