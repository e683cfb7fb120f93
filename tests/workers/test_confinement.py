"""Workers reach no network, with an empty namespace or without; where nothing holds, nothing starts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conftest import NOBODY, ROOT, free_port, start_server, stop
from coopkg.workers.syscall_filter import refuse_system_calls
from http_client import get

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

NO_NAMESPACE = """
#include <errno.h>
int unshare(int flags) { errno = EPERM; return -1; }
"""
NO_FILTER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
int prctl(int option, ...) {
    unsigned long a[4]; va_list list; va_start(list, option);
    for (int i = 0; i < 4; i++) a[i] = va_arg(list, unsigned long);
    va_end(list);
    if (option == 22) { errno = EINVAL; return -1; }  /* PR_SET_SECCOMP */
    int (*real)(int, ...) = dlsym(RTLD_NEXT, "prctl");
    return real(option, a[0], a[1], a[2], a[3]);
}
"""
HITS = """
import os, socket, sys, threading
import pyoxigraph as ox
from coopkg.workers import sandbox
canary = socket.create_server(("127.0.0.1", 0))
canary.settimeout(2)
port = canary.getsockname()[1]
print(sandbox.confine())
texts = ("SELECT * { SERVICE <http://127.0.0.1:%d/> { ?s ?p ?o } }", "LOAD <http://127.0.0.1:%d/>")
store = ox.Store()
def ask(text, run):  # in a thread: the engine would wait for an answer for ever
    try:
        run(text % port)
    except (OSError, RuntimeError) as error:
        print(type(error).__name__, flush=True)
for text, run in zip(texts, (store.query, store.update)):
    threading.Thread(target=ask, args=(text, run), daemon=True).start()
try:
    canary.accept()
    print("HIT")
except (TimeoutError, OSError) as error:
    print("no hit")
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture
def preload(tmp_path: Path) -> str:
    """A library that takes the namespace away, as containers do."""
    return library(tmp_path, "nonamespace", NO_NAMESPACE)


def library(folder: Path, name: str, code: str) -> str:
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler, with which to build a library that refuses what a container refuses")
    source, made = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(code, encoding="ascii")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(made), str(source), "-ldl"], check=True)
    return str(made)


def hits(preload: str) -> list[str]:
    environment = {**os.environ, "LD_PRELOAD": preload, "PYTHONPATH": str(ROOT / "server")}
    result = subprocess.run(
        [sys.executable, "-c", HITS], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return result.stdout.split()


def test_the_engine_itself_reaches_nothing_by_either_guard(tmp_path: Path, preload: str) -> None:
    for libraries in ("", preload, library(tmp_path, "nofilter", NO_FILTER)):
        assert hits(libraries)[0] == "True"
        assert hits(libraries)[-2:] == ["no", "hit"]


def test_the_canary_is_hit_where_nothing_confines(tmp_path: Path, preload: str) -> None:
    """Else the test above would prove nothing."""
    found = hits(f"{preload} {library(tmp_path, 'nofilter', NO_FILTER)}")
    assert (found[0], found[-1]) == ("False", "HIT")


def test_a_server_starts_by_the_filter_alone(preload: str) -> None:
    os.environ["LD_PRELOAD"] = preload
    try:
        process, address = start_server()
    finally:
        del os.environ["LD_PRELOAD"]
    try:
        assert get(f"{address}sparql?query=ASK%7B%7D")[0] == 200
    finally:
        stop(process)


@pytest.mark.parametrize("option", ["", "--unconfined"])
def test_where_nothing_confines_a_server_starts_only_by_its_operators_word(
    tmp_path: Path, preload: str, option: str
) -> None:
    port = free_port()
    environment = {**os.environ, "COOPKG_FEDERATION": str(NOBODY), "PYTHONPATH": str(ROOT / "server"),
                   "LD_PRELOAD": f"{preload} {library(tmp_path, 'nofilter', NO_FILTER)}"}  # fmt: skip
    command = [sys.executable, "-m", "coopkg", "serve", "--scratch", "--bind", f"127.0.0.1:{port}"]
    if not option:
        refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "--unconfined" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        return
    os.environ["LD_PRELOAD"] = environment["LD_PRELOAD"]
    try:
        process, address = start_server("--scratch", option)
    finally:
        del os.environ["LD_PRELOAD"]
    assert get(f"{address}sparql?query=ASK%7B%7D")[0] == 200
    stop(process)


def test_the_filter_refuses_what_leads_elsewhere_and_nothing_else() -> None:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = str(refuse_system_calls())
        socket.socket(socket.AF_UNIX).close()
        socket.socketpair()[0].close()
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
            try:
                socket.socket(family, socket.SOCK_DGRAM)
                said += f" {family.name}"
            except PermissionError:
                said += " refused"
        try:
            os.execv("/bin/true", ["true"])  # noqa: S606 - it is not executed
        except PermissionError:
            said += " refused"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123 - a descriptor
        assert pipe.read() == b"True" + 5 * b" refused"
    assert os.waitpid(pid, 0)[1] == 0


WITHOUT_LINUX = """
import ctypes, os, socket

known = ctypes.CDLL.__getattr__

def found(self, name):
    if name in {"prctl", "unshare", "mallopt"}:
        raise AttributeError(name)
    return known(self, name)

ctypes.CDLL.__getattr__ = found
del os.memfd_create, os.posix_fallocate, socket.SOCK_NONBLOCK
"""
"""What the libraries of other systems lack, taken away when Python starts."""


@pytest.mark.parametrize("option", [[], ["--unconfined"]])
def test_on_another_system_the_server_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_LINUX, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT / 'server'}")
    command = [sys.executable, "-m", "coopkg"]
    started = subprocess.run([*command, "serve", "--bind", f"127.0.0.1:{free_port()}", *option],
                             capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert started.returncode == 1
    assert started.stderr.startswith("coopkg: The server needs Linux: this system lacks memfd_create, ")
    assert "Traceback" not in started.stderr
    other = subprocess.run([*command, "validate", str(ROOT / "data" / "facts.ttl")],
                           capture_output=True, text=True, check=False, timeout=120)  # fmt: skip
    assert other.returncode == 0, other.stderr
