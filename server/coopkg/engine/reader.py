"""A reader: a disposable process, forked from the keeper with one version of the dataset, that evaluates queries.

Its work is done in a thread with a stack that deep nesting does not exhaust: receive a request, say so in the slot that
the keeper watches, evaluate, answer on the stream to the web worker that asked. It ends when the keeper shuts the
socket of its version, after work that became heavy, and after a change or a validation, which spoil its copy of the
store.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coopkg.consistency import contradictions
from coopkg.engine import changes, confine, examine, remote, wire
from coopkg.engine.evaluate import answer, reaches
from coopkg.engine.extract import Extract
from coopkg.engine.frames import Frame, Kind, RequestSocket, send, worker_socket
from coopkg.entailment import Why, follow
from coopkg.errors import CoopkgError, MemoryExceeded
from coopkg.shacl.gate import refuse
from coopkg.shacl.stored import StoredGraph

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.engine.frames import Request
    from coopkg.engine.slots import Slot
    from coopkg.shacl.gate import Gate
    from coopkg.store import Dataset

FAILED: Final = 70
"""The exit status of a reader with a fault of its own (sysexits.h: EX_SOFTWARE)."""
_STREAMS: Final = 16
"""Streams to web workers that a reader keeps; those of workers that are gone fall out in time."""
_SPOILT: Final = "spoilt"
"""What an answer says whose query has left traces in the reader's store, so that another reader takes its place."""
_QUESTIONS: Final[dict[str, type[Extract | Why]]] = {"extract": Extract, "why": Why}
"""What a reader is asked besides queries, by the word that it travels under."""


@dataclass(frozen=True)
class Reader:
    """One reader: the dataset, the socket of its requests, its slot, and the folder of the workers' sockets.

    ``gate`` is what a change must pass; without one every change is let through.
    """

    dataset: Dataset
    requests: socket.socket
    slot: Slot
    folder: Path
    gate: Gate | None = None

    def run(self, memory_bytes: int) -> None:
        """Confine this process, say in the slot if it could not leave the network, and serve; never returns."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        confine.die_with_parent()
        self.slot.networked = not confine.leave_network()
        confine.limit_resources(memory_bytes)
        gc.disable()  # a reader lives shortly, and a collection would copy the pages that it shares with the keeper
        threading.stack_size(confine.STACK_BYTES)
        threading.Thread(target=self._serve, daemon=True, name="evaluator").start()
        while True:
            signal.pause()

    def _serve(self) -> None:
        try:
            requests = RequestSocket(self.requests)
            processor = confine.ProcessorTime()
            streams: dict[int, socket.socket] = {}
            while (request := requests.receive()) is not None:
                if request.expires < time.monotonic():
                    continue
                self.slot.begin(request.worker, request.number)
                confine.set_deadline(request.deadline)
                processor.allow(request.deadline)
                value = json.loads(request.payload)
                frame = self._outcome(request.number, value)
                self._reply(streams, request, frame)
                confine.set_deadline(0)
                self.slot.clear()
                if self.slot.heavy or "change" in value or "validate" in value or _SPOILT in frame.facts:
                    break
        except BaseException:  # noqa: BLE001 - a thread that ends must end its process
            traceback.print_exc()
            os._exit(FAILED)
        os._exit(0)

    def _outcome(self, number: int, value: dict[str, Any]) -> Frame:
        try:
            if "change" in value:
                return self._work_out(number, changes.from_json(value["change"]))
            if "validate" in value:
                body = examine.examine(self.dataset, self.gate, examine.from_json(value["validate"]))
                return Frame(Kind.ANSWER, number, {"tag": self.dataset.tag}, body)
            return self._answer(number, value)
        except CoopkgError as error:
            return _error(number, error)
        except MemoryError:
            return _error(number, MemoryExceeded("The evaluation wanted more memory than it may have."))

    def _answer(self, number: int, value: dict[str, Any]) -> Frame:
        """Answer what leaves the dataset as it is."""
        for word in _QUESTIONS.keys() & value.keys():
            body = _QUESTIONS[word](**value[word]).answer(self.dataset)
            return Frame(Kind.ANSWER, number, {"tag": self.dataset.tag}, body)
        if "remote" in value:
            table = remote.read(remote.from_json(value["remote"]))
            return Frame(Kind.ANSWER, number, table.facts(), table.text.encode())
        task = wire.decode(value["task"])
        body = answer(self.dataset, task)
        facts = {"tag": self.dataset.tag, **({_SPOILT: True} if reaches(task, self.dataset.beside) else {})}
        return Frame(Kind.ANSWER, number, facts, body)

    def _work_out(self, number: int, change: changes.Change) -> Frame:
        """Carry the change out on this reader's own copy of the dataset, and hold what that gives against the gate.

        What follows from it is worked out here first, where the kernel bounds time and memory.
        """
        store, spellings = self.dataset.store, self.dataset.spellings
        patch = changes.work_out(store, change, spellings)
        came, inferred = follow(self.dataset, (*patch.added, *patch.removed))
        if self.gate is not None:
            graph = StoredGraph(store, spellings)
            report = self.gate.check(graph, patch.added, patch.removed)
            report = report.and_(contradictions(self.dataset, (*came, *inferred.added)))
            refuse(report, self.gate.shapes, graph, patch.sources)
        facts = {"version": self.dataset.version, "existed": patch.existed}
        return Frame(Kind.ANSWER, number, facts, patch.lines().encode())

    def _reply(self, streams: dict[int, socket.socket], request: Request, frame: Frame) -> None:
        """Answer the worker that asked; one that is gone needs no answer."""
        try:
            stream = streams.get(request.worker)
            if stream is None:
                if len(streams) >= _STREAMS:
                    streams.pop(next(iter(streams))).close()
                stream = streams[request.worker] = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                stream.connect(str(self.folder / worker_socket(request.worker)))
            send(stream, frame)
        except OSError:
            streams.pop(request.worker).close()
            print("a web worker went away before its answer", file=sys.stderr)  # noqa: T201


def _error(number: int, error: CoopkgError) -> Frame:
    facts = {"error": type(error).__name__, "detail": error.detail, "members": error.members}
    return Frame(Kind.ERROR, number, facts)
