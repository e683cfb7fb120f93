"""The supervisor: starts the processes of a server, and replaces whichever dies or hangs.

It has one thread and no library with threads. A child asks the kernel to be ended with its parent, which means with
the thread that started it (prctl(2), PR_SET_PDEATHSIG): a second thread that starts one and ends would take it along.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from coopkg.errors import EngineFault
from coopkg.workers.liveness import (
    DATASET,
    HUNG_AFTER,
    SUPERVISOR,
    WEB,
    Heartbeats,
    processor_seconds,
    read_progress,
)
from coopkg.workers.version_tag import CurrentTag

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coopkg.web.serving.service_manager import ServiceManager

TICK: Final = 0.25
"""Seconds between two looks at the processes; a child that dies wakes the supervisor at once."""
STALLED_AFTER: Final = 120.0
"""Seconds without a heartbeat after which a process that uses the processor all the while counts as hung too."""
PAUSE: Final = 1.0
"""Seconds before a process is started again that ended by itself, or soon after its start: it would do so again."""
SOON: Final = 5.0
FINISH_SECONDS: Final = 8.0
"""How long a process may take to end after SIGTERM; then it is killed."""
REPORT_SECONDS: Final = 5.0
"""Seconds between two lines about the progress of a start."""


@dataclass
class Child:
    """A process that is to run for as long as the server; ``place`` is that of its heartbeat."""

    name: str
    place: int
    module: str
    arguments: Sequence[str] = ()
    descriptors: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    """The monotonic second from which it may be started (again)."""
    used: float = 0.0
    """The processor time that it had used when it was seen to use some last, in seconds."""
    busy: float = 0.0
    """The monotonic second at which it was seen to use processor time, or to give a heartbeat, last."""

    def launch(self) -> None:
        """Start the process."""
        command = [sys.executable, "-m", self.module, *self.arguments, str(os.getpid())]
        # A group of its own: signals of the terminal are for the supervisor, which decides in which order to end. No
        # session of its own: between sessions Linux shares the processor whatever the niceness of their processes.
        self.process = subprocess.Popen(command, process_group=0, pass_fds=self.descriptors)  # noqa: S603 - ours
        self.started = self.busy = time.monotonic()
        self.used = 0.0


@dataclass
class Supervisor:
    """The processes of one server, in its folder of sockets; ``address`` is where it is served, for its messages."""

    folder: Path
    listener: socket.socket
    web_processes: int
    address: str
    manager: ServiceManager
    stopping: bool = False
    children: list[Child] = field(default_factory=list)

    def run(self, *, check: bool) -> int:
        """Serve until SIGTERM or SIGINT; return the exit code, that of the process which could not start, if any.

        With ``check``, the published files are checked before the dataset is loaded.
        """
        heartbeats, current = Heartbeats(self.folder), CurrentTag(self.folder)
        wake, _waker = _signals(self)  # both are kept: the handler writes into the one as long as this runs
        self.children = [
            Child(f"web process {number + 1}", WEB + number, "coopkg.web.serving.web_process",
                  (str(self.listener.fileno()), str(WEB + number)), (self.listener.fileno(),))
            for number in range(self.web_processes)
        ]  # fmt: skip
        dataset = Child("the dataset process", DATASET, "coopkg.dataset.process", (str(self.folder),))
        preparation = Child("the check of the published files", DATASET, "coopkg.web.serving.preparation")
        first = preparation if check else dataset
        self.children.append(first)
        ready, reported = False, time.monotonic()
        try:
            while not self.stopping:
                heartbeats.beat(SUPERVISOR)
                code = self._end_of_start(first) if not ready else None
                if code == 0 and first is preparation:
                    self.children[self.children.index(first)] = first = dataset
                elif code is not None:
                    return code
                for child in self.children:
                    self._look_after(child, heartbeats)
                if not ready and current.get():
                    ready = True
                    self._say(f"serving {self.address}")
                    self.manager.tell("READY=1", "STATUS=serving")
                elif not ready and time.monotonic() - reported > REPORT_SECONDS:
                    reported = time.monotonic()
                    self._report()
                self.manager.keep_alive()
                select.select([wake], [], [], TICK)
                _emptied(wake)
            return 0
        finally:
            self._stop()

    @staticmethod
    def _end_of_start(child: Child) -> int | None:
        """Return the exit code of the process that prepares or loads the dataset, if it has ended by itself.

        Raises EngineFault where a signal ended it. Once it has served it is started again; before that it would end in
        the same way, for files that are damaged.
        """
        code = child.process.poll() if child.process is not None else None
        if code is not None and code < 0:
            raise EngineFault(f"{child.name} was ended by {signal.Signals(-code).name} before the dataset was served.")
        return code

    def _look_after(self, child: Child, heartbeats: Heartbeats) -> None:
        """Start a child that does not run, and kill one that hangs."""
        now = time.monotonic()
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                self._kill_if_hung(child, heartbeats, now)
                return
            self._say(f"{child.name} ended ({code}) and is started again")
            # Killed after it has served for a while: at once. Else it may do so again.
            child.due = now if code < 0 and now - child.started > SOON else now + PAUSE
            child.process = None
        if now >= child.due:
            child.launch()

    def _kill_if_hung(self, child: Child, heartbeats: Heartbeats, now: float) -> None:
        if child.process is None:
            return
        last = max(heartbeats.last(child.place), child.started)
        if now - last < HUNG_AFTER:
            child.busy = now
            return
        # Loading and a large commit are native calls that give no heartbeat and use the processor. A process that is
        # stopped, or waits for what never comes, uses none.
        used = processor_seconds(child.process.pid)
        if used > child.used:
            child.used, child.busy = used, now
        served = heartbeats.last(child.place) > child.started
        if now - child.busy > HUNG_AFTER / 2 or (served and now - last > STALLED_AFTER):
            self._say(f"{child.name} gives no sign of life and is ended")
            child.process.kill()

    def _report(self) -> None:
        progress = read_progress(self.folder) or "checking the published files"
        self._say(f"not ready yet: {progress}")
        # A start has no fixed limit while it makes progress; the service manager is told to wait on.
        self.manager.tell(f"STATUS={progress}", f"EXTEND_TIMEOUT_USEC={int(4 * REPORT_SECONDS * 1e6)}")

    def _stop(self) -> None:
        """End the web processes, which finish what they are answering, and then the dataset process."""
        self.manager.tell("STOPPING=1")
        web = [child for child in self.children if child.place >= WEB]
        for group in (web, [child for child in self.children if child not in web]):
            running = [child.process for child in group if child.process is not None and child.process.poll() is None]
            for process in running:
                process.terminate()
                process.send_signal(signal.SIGCONT)  # one that was stopped could not end
            deadline = time.monotonic() + FINISH_SECONDS
            for process in running:
                try:
                    process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    @staticmethod
    def _say(sentence: str) -> None:
        print(f"coopkg: {sentence}", file=sys.stderr, flush=True)  # noqa: T201


def _signals(supervisor: Supervisor) -> tuple[socket.socket, socket.socket]:
    """Have signals wake the supervisor; return the socket that becomes readable with each, and its other end."""
    wake, waker = socket.socketpair()
    for sock in (wake, waker):
        sock.setblocking(False)  # noqa: FBT003 - the name of the method says it
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)

    def stop(_number: int, _frame: object) -> None:
        supervisor.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # a handler, even an empty one, makes it wake
    return wake, waker


def _emptied(wake: socket.socket) -> None:
    try:
        while wake.recv(256):
            pass
    except BlockingIOError:
        return
