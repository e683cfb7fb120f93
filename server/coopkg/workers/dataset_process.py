"""The dataset process: one single-threaded process that owns a dataset and forks the workers that evaluate over it.

It listens on two Unix sockets in a private folder: ``workers``, from which idle workers receive requests, and
``control``, on which web processes ask for its state, hand in changes and cancel requests. What the dataset is, what a
change does and which further tasks workers know is up to the ``Owner``.

It has one thread, because ``fork`` copies only the thread that calls it: a lock that another one held would stay locked
in every worker. A store in memory has no threads of its own; one in RocksDB has, and must never be open here.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from coopkg.errors import CoopkgError
from coopkg.workers import sandbox
from coopkg.workers.child import Child
from coopkg.workers.fair_turns import Evaluation, Usage, in_turn, one_too_many
from coopkg.workers.liveness import DATASET, Heartbeats
from coopkg.workers.scoreboard import MOST_WORKERS, SLOTS, Scoreboard
from coopkg.workers.version_tag import CurrentTag
from coopkg.workers.wire import (
    CONTROL,
    WORKERS,
    Frame,
    Kind,
    control_message,
    control_text,
    move_requests,
    process_socket,
    send,
)
from coopkg.workers.worker import FAILED, Worker, evaluation_kinds, yield_processor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import FrameType

    from coopkg.workers.scoreboard import Slot, Work
    from coopkg.workers.tasks import Snapshot, TaskKind

TICK: Final = 0.05
"""Seconds between two looks at the scoreboard while nothing is evaluated."""
BUSY_TICK: Final = 0.01
"""Seconds between two looks while something is: so long at most does work keep the processor that should yield it."""
YIELD_AFTER: Final = 0.01
"""Processor seconds after which an evaluation yields the processor to those that have used less.

Lookups take 1 to 2 ms. ``make bench-hostile`` gave 11 times the 95th percentile of an idle server where
nothing yielded, and 4.6 times with this.
"""
HEAVY_AFTER: Final = 0.1
"""Processor seconds after which an evaluation counts as heavy: it takes turns, and another worker takes its place.

Seconds on the clock would make every lookup heavy on a busy machine, to be ended with 503 beside a few long ones.
"""
FORK_SECONDS: Final = 0.03
"""Processor seconds that a worker costs which is forked in place of one that ended: 10 ms over the published graph.

Three times that, since the first lookup of a new worker takes more than 10 ms: it copies the pages that it touches.
"""
REMEMBERED_CANCELLATIONS: Final = 4096
"""Requests remembered as cancelled though no worker has taken them up yet; a client must not be able to grow this."""
CAUSES: Final = {signal.SIGALRM: "deadline", signal.SIGXCPU: "deadline", signal.SIGKILL: "memory"}
"""What the signal that ended a worker means; a SIGKILL that was not sent from here is the kernel's, out of memory."""
_STDERR_BYTES: Final = 4096
"""How much of a worker's standard error is kept, from its end: there a panic or a traceback says what went wrong."""


class Owner(Protocol):
    """Holds the dataset: its current version, what workers can do with it, and how it changes."""

    @property
    def snapshot(self) -> Snapshot:
        """The current version."""
        ...

    def kinds(self) -> Mapping[str, TaskKind]:
        """Return the kinds of tasks that workers of the current version do besides queries, by name."""
        ...

    def control(self, command: str, note: dict[str, Any], body: str) -> dict[str, Any]:
        """Carry out a control command, which may make another version current. Raises CoopkgError."""
        ...

    def info(self) -> dict[str, Any]:
        """Describe the dataset as a JSON object."""
        ...

    def release(self) -> None:
        """Close, in a worker that was just forked, what only the dataset process may hold, such as the journal."""
        ...


class WorkerLimits(Protocol):
    """How many workers there are, and how much each may use."""

    @property
    def readers(self) -> int:
        """The number of workers that wait for light work."""
        ...

    @property
    def heavy_readers(self) -> int:
        """The number of heavy evaluations that may run at once."""
        ...

    @property
    def heavy_queue(self) -> int:
        """The number of heavy evaluations that may wait for their turn."""
        ...

    @property
    def reader_memory_bytes(self) -> int:
        """The memory that one evaluation may use, in bytes."""
        ...

    @property
    def unconfined(self) -> bool:
        """Whether workers serve where nothing keeps them from the network."""
        ...


class DatasetProcess:
    """Forks workers, replaces those that end, and reports why they did; ``seconds`` is how long loading took."""

    def __init__(self, owner: Owner, limits: WorkerLimits, folder: Path, seconds: float = 0.0) -> None:
        self.owner = owner
        self.limits = limits
        self.folder = folder
        self.seconds = seconds
        self.began = datetime.now(UTC).isoformat(timespec="seconds")
        self.pid = os.getpid()
        self.selector = selectors.DefaultSelector()
        self.scoreboard = Scoreboard()
        self.free = list(range(SLOTS))
        self.children: dict[int, Child] = {}
        self.streams: dict[int, socket.socket] = {}
        self.usage = Usage()
        self.cancelled: OrderedDict[tuple[int, int], None] = OrderedDict()
        self.current = CurrentTag(folder)
        self.requests = _requests(folder / WORKERS)
        self.control = _listen(folder / CONTROL)
        # The signal handler's wake-up descriptor: SIGCHLD becomes an event of the same loop, so that a worker's end is
        # never handled in the middle of something else.
        self.wake, self._waker = socket.socketpair()
        for sock in (self.wake, self._waker, self.control):
            sock.setblocking(False)  # noqa: FBT003 - the name of the method says it

    @property
    def version(self) -> int:
        """Return the number of the current version."""
        return self.owner.snapshot.version

    def run(self) -> None:
        """Keep workers until SIGTERM."""
        signal.signal(signal.SIGCHLD, _ignore)  # a Python handler, even an empty one: without it nothing wakes the loop
        signal.signal(signal.SIGTERM, _stop)
        # Control-C reaches the whole process group. The supervisor decides in which order its processes end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # A full buffer is no problem: one byte in it is enough to have all workers reaped that have ended.
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self.selector.register(self.wake, selectors.EVENT_READ, self._reap)
        self.selector.register(self.control, selectors.EVENT_READ, self._answer_control)
        heartbeats = Heartbeats(self.folder)
        self._fill()
        # The tag is what says that the version is served, so it comes after the workers.
        self.current.set(self.owner.snapshot.tag)
        busy = False
        while True:
            heartbeats.beat(DATASET)
            for key, _ in self.selector.select(BUSY_TICK if busy else TICK):
                key.data()
            busy = self._watch()

    def _fill(self) -> None:
        """Fork workers until enough are free for light work; heavy ones and those of old versions do not count.

        Nor do those that have had one piece of work for longer than a lookup takes, of which there may be twice as
        many: on a busy machine it takes long until work is found to be heavy, and lookups must not wait for that.
        """
        now = time.monotonic()
        current = [c for c in self.children.values() if c.version == self.version and not c.slot.heavy]
        works = [child.slot.work for child in current]
        light = sum(work is None or now - work.begun < BUSY_TICK for work in works)
        wanted = min(self.limits.readers - light, MOST_WORKERS * self.limits.readers - len(current))
        for _ in range(min(wanted, len(self.free))):
            self._fork()

    def _fork(self) -> None:
        stderr_read, stderr_write = os.pipe()
        index = self.free.pop()
        slot = self.scoreboard.slot(index)
        pid = os.fork()
        if pid == 0:
            self._become_worker(slot, stderr_write)
        # With the write end open here too, the pipe would never report that the worker has closed it.
        os.close(stderr_write)
        os.set_blocking(stderr_read, False)
        child = self.children[pid] = Child(pid, index, slot, stderr_read, self.version)
        self.selector.register(stderr_read, selectors.EVENT_READ, lambda: self._collect(child))

    def _become_worker(self, slot: Slot, stderr: int) -> None:
        """Turn a process that was just forked into a worker; never returns.

        What the dataset process has open is closed here: as long as one worker holds a connection, it does not end.
        """
        die_with(self.pid)
        # First of all: the wake-up descriptor is shared, and a signal here would wake the dataset process.
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(stderr, 2)
        self.selector.close()
        self.owner.release()
        for child in self.children.values():
            os.close(child.stderr)
        for sock in (self.control, self.wake, self._waker, *self.streams.values()):
            sock.close()
        try:
            kinds = {**evaluation_kinds(self.owner.snapshot), **self.owner.kinds()}
            Worker(kinds, self.requests, slot, self.folder).run(
                self.limits.reader_memory_bytes, unconfined=self.limits.unconfined
            )
        finally:
            # Without the cleaning up of a usual exit, which would run the dataset process's handlers in the worker.
            traceback.print_exc()
            os._exit(FAILED)

    def _watch(self) -> bool:
        """Look at the scoreboard: whose work has become heavy, and whose was cancelled; return whether there is any."""
        now = time.monotonic()
        heavy: list[tuple[Child, Work]] = []
        busy = False
        for child in list(self.children.values()):
            work = child.slot.work
            if work is None or child.cause is not None:
                continue
            busy = True
            if not child.slot.heavy and now - work.begun > YIELD_AFTER:
                self._look_at(child, work, now)
            if child.slot.heavy:
                heavy.append((child, work))
        self._take_turns(heavy, now)
        self._fill()
        return busy

    def _look_at(self, child: Child, work: Work, now: float) -> None:
        """Have work that is not done at once yield the processor, report it as begun, and count it as heavy in time.

        The web process must hear that it has begun before ``queue_seconds`` end, however slowly a busy machine goes on:
        else it takes the request for one that no worker was free for.
        """
        used = child.used(work)
        if used > YIELD_AFTER:
            yield_processor(child.slot.thread)
        if max(now - work.begun, used) > HEAVY_AFTER and child.announce(work):
            self._notify(work, Kind.STARTED, {"pid": child.pid})
        # A light evaluation that nobody waits for is done before it has cost as much as the worker that would be forked
        # in its place. To end each at once would let clients that come and go cost a fork a time.
        if used >= FORK_SECONDS and (work.process, work.number) in self.cancelled:
            self._end(child, "gone")
        elif used > HEAVY_AFTER:
            self._mark_heavy(child)

    def _mark_heavy(self, child: Child) -> None:
        """Count an evaluation as heavy, and fork another worker in its place, so that light ones always find one."""
        child.slot.heavy = True
        yield_processor(child.slot.thread)
        self._fill()
        if (work := child.slot.work) is not None:
            self._notify(work, Kind.HEAVY, {})

    def _take_turns(self, heavy: list[tuple[Child, Work]], now: float) -> None:
        """Let as many heavy evaluations run as may, and stop the others until their turn comes."""
        waiting: dict[int, Child] = {}
        evaluations: list[Evaluation] = []
        for child, work in heavy:
            used = child.used(work)
            self.usage.add(work.client, used - child.counted, now)
            child.counted = used
            # Only heavy work is worth a worker: a light one is done before a new one would be forked in its place.
            if (work.process, work.number) in self.cancelled:
                self._end(child, "gone")
            # Its own timer cannot end one that is stopped: a signal waits until it goes on.
            elif child.paused and now - work.begun > work.deadline:
                self._end(child, "busy")
            else:
                waiting[child.pid] = child
                evaluations.append(Evaluation(child.pid, work.client, used, work.begun))
        while len(evaluations) > self.limits.heavy_readers + self.limits.heavy_queue:
            key = one_too_many(evaluations, self.usage, now)
            evaluations = [each for each in evaluations if each.key != key]
            self._end(waiting.pop(key), "busy")
        for place, key in enumerate(in_turn(evaluations, self.usage, now)):
            self._pause(waiting[key], pause=place >= self.limits.heavy_readers)

    @staticmethod
    def _pause(child: Child, *, pause: bool) -> None:
        if child.paused != pause:
            child.paused = pause
            os.kill(child.pid, signal.SIGSTOP if pause else signal.SIGCONT)

    @staticmethod
    def _end(child: Child, cause: str) -> None:
        child.cause = cause
        # SIGKILL alone: native code does not return to Python to handle a signal, and the engine cannot be cancelled.
        # The pid is the child's still, for only ``_reap`` lets the kernel reuse it.
        os.kill(child.pid, signal.SIGKILL)

    def _notify(self, work: Work, kind: Kind, facts: dict[str, Any]) -> None:
        """Send a notice to the web process whose request it is about; one that is gone needs none."""
        try:
            stream = self.streams.get(work.process)
            if stream is None:
                stream = self.streams[work.process] = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                # A web process that does not read must not hold up the others: its notice fails instead.
                stream.setblocking(False)  # noqa: FBT003 - the name of the method says it
                stream.connect(str(self.folder / process_socket(work.process)))
            send(stream, Frame(kind, work.number, facts))
        except OSError:
            self.streams.pop(work.process).close()

    def _collect(self, child: Child) -> None:
        if child.pid in self.children:  # else reaped by an event of the same round, and its descriptor closed
            with contextlib.suppress(BlockingIOError):
                written = os.read(child.stderr, _STDERR_BYTES)
                child.output += written
                del child.output[:-_STDERR_BYTES]
                # A process that was killed closes its files before it has given back its memory, which takes long at a
                # low priority. Until it can be reaped, the end of the pipe would be an event at every turn of the loop.
                if not written and child.stderr in self.selector.get_map():
                    self.selector.unregister(child.stderr)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.wake.recv(256):
                pass
        # Signals of one kind are merged while they wait, so that one SIGCHLD can stand for several workers.
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                break
            if pid not in self.children:
                continue  # not a worker: the owner may have forked others
            if os.WIFSTOPPED(status):
                # Where it was not stopped from here, it would keep its place, and its request until the deadline of
                # that. As "gone", another worker takes the request up.
                if not self.children[pid].paused:
                    self._end(self.children[pid], "gone")
            else:
                self._remove(pid, status)
        self._fill()

    def _remove(self, pid: int, status: int) -> None:
        """Forget a worker that has ended, and report to the web process whose request it had, if any, why."""
        child = self.children[pid]
        self._collect(child)  # what it wrote last is what tells a panic from a lack of memory
        del self.children[pid]
        work = child.slot.work
        if child.stderr in self.selector.get_map():
            self.selector.unregister(child.stderr)
        os.close(child.stderr)
        self.free.append(child.index)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            print(f"coopkg: a worker failed: {child.output.decode(errors='replace')}", file=sys.stderr)  # noqa: T201
        if work is not None:
            self.cancelled.pop((work.process, work.number), None)
            seconds = max(child.counted, FORK_SECONDS) + FORK_SECONDS
            self._notify(work, Kind.DIED, {"cause": child.cause or _cause(status, child.output), "seconds": seconds})

    def _answer_control(self) -> None:
        """Answer one control command: ``info``, ``cancel PROCESS NUMBER``, or one of the owner's.

        The latter is a line with its name and a note in JSON, and a body behind it.
        """
        connection, _ = self.control.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)  # one that asks and does not finish must not hold up everybody
            head, _, body = control_text(b"".join(iter(lambda: connection.recv(1 << 20), b""))).partition("\n")
            command, _, rest = head.partition(" ")
            if not command:
                return  # a web process that probes whether this one is there, or was killed before it had said all
            if command == "cancel":
                process, number = rest.split()
                self._cancel(int(process), int(number))
            else:
                answer = self._info() if command == "info" else self._command(command, json.loads(rest), body)
                connection.sendall(control_message(json.dumps(answer)))
                connection.shutdown(socket.SHUT_WR)  # a worker forked meanwhile holds the connection too

    def _cancel(self, process: int, number: int) -> None:
        """End the work on a request, now or when a worker takes it up."""
        self.cancelled[process, number] = None
        while len(self.cancelled) > REMEMBERED_CANCELLATIONS:
            self.cancelled.popitem(last=False)
        self._watch()

    def _command(self, command: str, note: dict[str, Any], body: str) -> dict[str, Any]:
        """Have the owner carry a command out, and publish the version that it made, if any, before the answer.

        So who has committed a change and then queries gets an answer that includes it.
        """
        before = self.version
        try:
            answer = self.owner.control(command, note, body)
        except CoopkgError as error:
            return {"error": type(error).__name__, "detail": error.detail, "members": error.members}
        if self.version != before:
            self._publish()
        return answer

    def _publish(self) -> None:
        """Have new workers receive on a new socket under the old name, also the requests that no worker has taken up.

        The old socket is shut before the new tag is published, so that no client that has seen the new version is
        answered from the old one. The old workers finish what they have begun. To leave them what waits in their socket
        would have lookups wait for their long evaluations, for nobody is forked in their place.
        """
        old_requests = self.requests
        name = self.folder / f"{WORKERS}.{self.version}"
        self.requests = _requests(name)
        self._fill()
        # A rename replaces the name in one step: at no moment does a web process find no socket there.
        name.rename(self.folder / WORKERS)
        # Only shutting it makes senders fail and connect anew; the workers still hold the closed socket open.
        old_requests.shutdown(socket.SHUT_RD)
        move_requests(old_requests, self.folder / WORKERS)
        old_requests.close()
        self.current.set(self.owner.snapshot.tag)

    def _info(self) -> dict[str, Any]:
        return {
            **self.owner.info(),
            "readers": len(self.children),
            "workers": list(self.children),
            "busy": [child.pid for child in self.children.values() if child.slot.work is not None],
            "pid": os.getpid(),
            "began": self.began,
            "seconds": round(self.seconds, 3),
        }


def die_with(parent: int) -> None:
    """End when the parent ends, also if it ended before the kernel was asked for that.

    An orphan would hold a socket open on which nobody receives, or the journal.
    """
    sandbox.die_with_parent()
    # The parent may have died between fork and prctl, and no signal comes for that.
    if os.getppid() != parent:
        os._exit(0)


def _cause(status: int, output: bytes | bytearray) -> str:
    """Name the cause of a worker's end, from its exit status and the end of its standard error."""
    if not os.WIFSIGNALED(status):
        return "fault"
    number = signal.Signals(os.WTERMSIG(status))
    if number is signal.SIGABRT:
        # pyoxigraph is built with panic=abort. So a panic aborts as an allocation that fails does, but says so.
        return "crash" if b"panicked" in output else "memory"
    return CAUSES.get(number, "crash")


def _requests(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # left by a dataset process that was killed
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
    """Do nothing: the wake-up descriptor notifies the loop."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    # The group is signalled only where this process leads it, so that nobody else's processes are in it.
    os.killpg(0, signal.SIGKILL) if os.getpgrp() == os.getpid() else os._exit(0)
