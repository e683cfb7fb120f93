"""A worker: a disposable process that evaluates, forked from the dataset process with one version of the dataset.

Its work is done in a thread with a stack that deep nesting does not exhaust: receive a request, note it on the
scoreboard that the dataset process watches, evaluate, answer on the stream to the web process that asked. It ends when
the dataset process shuts the socket of its version, after work that became heavy, and after a task that spoils its copy
of the dataset. Work that takes more than a moment yields the processor to light work: its thread gets a low priority.
No thread without privileges may raise its own again, so another one takes its place after it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from coopkg.errors import CoopkgError, MemoryExceeded
from coopkg.sparql.query_units import take_apart
from coopkg.workers import remote_results, sandbox, tasks
from coopkg.workers.cancellations import Cancellations
from coopkg.workers.evaluation import advising, answer, answer_query, names_available_graph
from coopkg.workers.tasks import Outcome, TaskKind
from coopkg.workers.wire import Frame, Kind, RequestSocket, process_socket, send

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coopkg.workers.scoreboard import Slot
    from coopkg.workers.tasks import Snapshot
    from coopkg.workers.wire import Request

FAILED: Final = 70
"""The exit status of a worker with a fault of its own (sysexits.h: EX_SOFTWARE)."""
NICENESS: Final = 10
"""How far work that is not light steps back for light work, out of 19; where nothing else runs it costs nothing.

With 10 it keeps a tenth of a processor beside a busy process of the usual priority, with 19 one part in 70: then a
validation of 1.4 s ran into its deadline beside a test run. Lookups beside ten hostile clients are as quick with both.
"""
_STREAMS: Final = 16
"""Streams to web processes that a worker keeps open; the oldest is closed first, so that dead ones do not pile up."""


@dataclass(frozen=True)
class Worker:
    """One worker: its kinds of tasks by name, the socket of its requests, its slot, and the folder of all sockets."""

    kinds: Mapping[str, TaskKind]
    requests: socket.socket
    slot: Slot
    folder: Path
    cancellations: dict[int, Cancellations] = field(default_factory=dict)

    def run(self, memory_bytes: int, *, unconfined: bool = False) -> None:
        """Confine this process and serve; never returns. Where nothing confines it, it serves only ``unconfined``."""
        # What the dataset process set up for itself must not survive the fork: a Python handler for SIGALRM would wait
        # until native code returns, and the deadline relies on the default action ending the process at once.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sandbox.die_with_parent()
        sandbox.prefer_to_end()
        if not sandbox.confine() and not unconfined:
            print("a worker cannot be confined", file=sys.stderr)  # noqa: T201
            os._exit(FAILED)
        sandbox.limit_resources(memory_bytes)
        # A worker is short-lived, and a collection would write into, and so copy, the pages it shares with its parent.
        gc.disable()
        # The stack size of the main thread is fixed at exec; only a new thread gets one that deep nesting fits into.
        threading.stack_size(sandbox.STACK_BYTES)
        requests, processor = RequestSocket(self.requests), sandbox.ProcessorTime()
        streams: dict[int, socket.socket] = {}
        usual = os.getpriority(os.PRIO_PROCESS, 0)  # not 0 where the whole server was started with another one
        while True:
            # From here and not by the one that ends: a thread begins with the priority of the one that starts it.
            thread = threading.Thread(target=self._serve, args=(requests, processor, streams, usual), daemon=True)
            thread.start()
            await_end(thread)

    def _serve(
        self, requests: RequestSocket, processor: sandbox.ProcessorTime, streams: dict[int, socket.socket], usual: int
    ) -> None:
        """Evaluate one request after the other; return where another thread, of usual priority, is to go on."""
        try:
            self.slot.thread = threading.get_native_id()
            while (request := requests.receive()) is not None:
                # It has waited for too long, and its client has an answer that says so; or the client has left.
                if request.expires < time.monotonic() or self._cancelled(request):
                    self._reply(streams, request, Frame(Kind.SKIPPED, request.number, {}))
                    continue
                # On the scoreboard before anything that can end this process, so that its web process learns of it.
                self.slot.begin(request)
                if request.low:
                    yield_processor(self.slot.thread)
                before = time.process_time()
                sandbox.set_deadline(request.deadline)
                processor.allow(request.deadline)
                ((name, payload),) = json.loads(request.payload).items()
                frame, spoilt = self._outcome(request.number, self.kinds[name], payload)
                frame.facts["seconds"] = round(time.process_time() - before, 6)
                # Under the deadline still: a web process that does not read must not hold a worker for ever.
                self._reply(streams, request, frame)
                sandbox.set_deadline(0)
                self.slot.clear()
                # A long scan has copied many of the pages that this process shared with its parent, for reading a term
                # changes its reference count.
                if self.slot.heavy or spoilt:
                    break
                if os.getpriority(os.PRIO_PROCESS, 0) > usual:
                    return
        except BaseException:  # noqa: BLE001 - a thread that ends must end its process
            traceback.print_exc()
            os._exit(FAILED)
        os._exit(0)

    def _cancelled(self, request: Request) -> bool:
        """Say whether nobody waits for a request; one of a web process that is gone is none."""
        known = self.cancellations.get(request.process)
        if known is None:
            if len(self.cancellations) >= _STREAMS:
                self.cancellations.clear()
            try:
                known = self.cancellations[request.process] = Cancellations(self.folder, request.process)
            except OSError:
                return False
        return known.has(request.number)

    def _outcome(self, number: int, kind: TaskKind, payload: Any) -> tuple[Frame, bool]:  # noqa: ANN401 - JSON
        """Return the frame that answers a request, and whether this worker's copy of the dataset is spoilt."""
        try:
            outcome = kind.run(payload)
        except CoopkgError as error:
            return _error(number, error), kind.spoils
        except MemoryError:
            # Only where Python asked for the memory; an allocation that fails in the engine aborts the process.
            return _error(number, MemoryExceeded("The evaluation wanted more memory than it may have.")), kind.spoils
        return Frame(Kind.ANSWER, number, dict(outcome.facts), outcome.body), kind.spoils or outcome.spoilt

    def _reply(self, streams: dict[int, socket.socket], request: Request, frame: Frame) -> None:
        """Send the frame to the web process that asked; one that is gone needs no answer."""
        try:
            stream = streams.get(request.process)
            if stream is None:
                if len(streams) >= _STREAMS:
                    streams.pop(next(iter(streams))).close()
                stream = streams[request.process] = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                stream.connect(str(self.folder / process_socket(request.process)))
            send(stream, frame)
        except OSError:
            streams.pop(request.process).close()
            print("a web process went away before its answer", file=sys.stderr)  # noqa: T201


def await_end(thread: threading.Thread) -> None:
    """Wait until a thread has given back its stack, which the cap on memory has room for once.

    ``join`` returns before: with what Python knows of the thread. One of low priority takes longer to end on a busy
    machine, and an evaluation in the next one would be refused the memory that its stack still takes.
    """
    thread.join()
    while os.path.exists(f"/proc/self/task/{thread.native_id}"):  # noqa: PTH110 - a file of the kernel
        time.sleep(0.001)


def yield_processor(thread: int) -> None:
    """Have a thread step back for all that have the usual priority.

    The number is a thread's: that of a process is taken for its first thread alone (setpriority(2), "C library/kernel
    differences"), which evaluates nothing.
    """
    with contextlib.suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, thread, NICENESS)


def evaluation_kinds(snapshot: Snapshot) -> dict[str, TaskKind]:
    """Return the kinds of tasks of every dataset, by name: a query, one that nobody has read yet, a remote answer."""

    def query(payload: dict[str, Any]) -> Outcome:
        task = tasks.decode(payload)
        with advising(task):
            body = answer(snapshot, task)
            return Outcome(body, {"tag": snapshot.tag}, spoilt=names_available_graph(task, snapshot.available))

    def unread(payload: dict[str, Any]) -> Outcome:
        query, spoilt = tasks.decode_query(payload), False

        def evaluated(task: tasks.Task) -> bytes:
            nonlocal spoilt
            spoilt = names_available_graph(task, snapshot.available)
            return answer(snapshot, task)

        with advising(query.task):
            done = answer_query(query, snapshot.tag, evaluated)
        facts = {"tag": done.tag, "reading": vars(done.reading), "evaluated": done.evaluated}
        return Outcome(done.body, facts, spoilt=spoilt)

    def units(text: str) -> Outcome:
        return Outcome(json.dumps(take_apart(text).as_json()).encode(), {"tag": snapshot.tag})

    def read_remote(payload: dict[str, Any]) -> Outcome:
        table = remote_results.read(remote_results.from_json(payload))
        return Outcome(table.text.encode(), table.facts())

    return {
        "task": TaskKind(query),
        "query": TaskKind(unread),
        "units": TaskKind(units),
        "remote": TaskKind(read_remote),
    }


def _error(number: int, error: CoopkgError) -> Frame:
    facts = {"error": type(error).__name__, "detail": error.detail, "members": error.members}
    return Frame(Kind.ERROR, number, facts)
