"""What a service manager is told of the server, and its watchdog (sd_notify(3), sd_watchdog_enabled(3))."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_SHARE: Final = 0.4
"""The part of the watchdog's time after which it is told again; the manual recommends half of it at the latest."""


class ServiceManager:
    """Sends datagrams to the socket that systemd names in the environment; without one it does nothing."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        # Taken out of the environment: no process that is started from here speaks to the service manager.
        address = environment.pop("NOTIFY_SOCKET", "")
        watched, pid = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        mine = not pid or pid == str(os.getpid())
        self._every = int(watched) / 1e6 * _SHARE if watched.isdigit() and mine else 0.0
        self._told = 0.0
        self._due: dict[str, str] = {}

    def tell(self, *lines: str) -> None:
        """Send assignments such as ``READY=1``, now or, while the manager does not read, with what is told next."""
        self._due.update((name, value) for name, _, value in (line.partition("=") for line in lines))
        self._send()

    def keep_alive(self) -> None:
        """Tell the watchdog that all is well, as often as it wants to hear that, and what the manager has not read."""
        if self._every and time.monotonic() - self._told >= self._every:
            self._told = time.monotonic()
            self.tell("WATCHDOG=1")
        elif self._due:
            self._send()

    def _send(self) -> None:
        if not self._address:
            self._due.clear()
            return
        text = "\n".join(f"{name}={value}" for name, value in self._due.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sock:
                sock.sendto(text.encode(), self._address)
        except BlockingIOError:
            return  # ten datagrams wait there (net.unix.max_dgram_qlen), and the server must not wait with them
        except OSError:
            pass  # a manager that went away hears nothing, and the server goes on
        self._due.clear()
