"""The command on a terminal and on a pipe: tables, colour, signs of life, completion; data alone on standard output."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT, run_coopkg

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.slow
COUNTRIES = "SELECT ?c WHERE { ?c a <http://127.0.0.1:8000/ontology#Country> } ORDER BY ?c"
MISTAKES = "tests/cases/validation/three-mistakes.ttl"


def on_terminal(*arguments: str, script: str = "", err: bool = False, env: Mapping[str, str] | None = None) -> str:
    """What a terminal would show of standard output, or of standard error."""
    master, slave = pty.openpty()
    what = ("-c", script) if script else ("-m", "coopkg")
    process = subprocess.Popen(
        [sys.executable, *what, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if err else slave, stderr=slave if err else subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server"), "TERM": "xterm", **(env or {})},
    )  # fmt: skip
    os.close(slave)
    shown = b""
    try:
        while piece := os.read(master, 65536):
            shown += piece
    except OSError:  # a terminal whose other end is closed
        pass
    finally:
        os.close(master)
        process.wait(timeout=60)
    return shown.decode()


def test_a_terminal_gets_a_table_and_a_pipe_gets_data() -> None:
    shown = on_terminal("query", COUNTRIES)
    assert "\x1b[1mc" in shown
    assert "country:AM" in shown
    assert re.search(r"\(\d+ rows\)", shown)
    piped = run_coopkg("query", COUNTRIES).stdout
    assert piped.startswith("?c\n<http://127.0.0.1:8000/id/country/AM>\n")


@pytest.mark.parametrize("how", [{"env": {"NO_COLOR": "1"}}, {"first": "--no-color"}])
def test_colour_can_be_declined(how: dict[str, object]) -> None:
    first = [str(how["first"])] if "first" in how else []
    shown = on_terminal(*first, "validate", "--against", "nothing", MISTAKES, env=how.get("env"))  # type: ignore[arg-type]
    assert "violation" in shown
    assert "\x1b[" not in shown


def test_problems_have_colour_on_a_terminal_and_none_in_a_pipe() -> None:
    shown = on_terminal("validate", "--against", "nothing", MISTAKES, env={"NO_COLOR": ""})
    assert "\x1b[31m\x1b[1mviolation\x1b[0m" in shown
    assert "\x1b" not in run_coopkg("validate", "--against", "nothing", MISTAKES).stdout


WORK = """
import time
from coopkg.cli.progress import stage, steps
for _ in steps(range(4), "reading"):
    time.sleep({each})
with stage("inferring"):
    time.sleep({each} * 3)
"""


def test_long_work_shows_signs_of_life_that_leave_nothing_behind() -> None:
    shown = on_terminal(script=WORK.format(each=0.3), err=True)
    assert re.search(r"reading \[#{6,}-+\] [1-3]/4", shown)
    assert re.search(r"inferring \.\.\. \d s", shown)
    assert shown.endswith("\x1b[K")


def test_short_work_and_a_pipe_show_nothing() -> None:
    assert on_terminal(script=WORK.format(each=0.01), err=True) == ""
    assert run_coopkg("validate").stderr == ""


def test_verbose_says_how_long_each_stage_took_and_excludes_quiet() -> None:
    said = run_coopkg("-v", "query", "ASK {}").stderr
    assert re.search(r"^loading the graph: \d+\.\d\d s\nevaluating: \d+\.\d\d s$", said, re.MULTILINE)
    assert run_coopkg("-q", "-v", "query", "ASK {}").returncode == 2


def test_time_is_told_beside_the_data() -> None:
    result = run_coopkg("query", "--time", "ASK {}")
    assert result.stdout.strip() == "true"
    assert re.fullmatch(r"loading \d+\.\d{3} s, evaluating \d+\.\d{3} s\n", result.stderr)


@pytest.mark.parametrize("name", ["csv", "tsv", "json", "xml", "table"])
def test_a_limit_never_cuts_silently(name: str) -> None:
    result = run_coopkg("query", "--limit", "2", "-f", name, COUNTRIES)
    assert result.stderr == "the first 2 are written; there are more\n"
    assert len(re.findall(r"country[:/][A-Z]{2}", result.stdout)) == 2
    if name == "csv":
        assert len(list(csv.reader(io.StringIO(result.stdout)))) == 3
    if name == "json":
        assert len(json.loads(result.stdout)["results"]["bindings"]) == 2
    whole = run_coopkg("query", "--limit", "500", COUNTRIES)
    assert whole.stderr == ""


def test_a_limit_counts_triples_too() -> None:
    result = run_coopkg("query", "--limit", "3", "-f", "nt", "CONSTRUCT WHERE { ?s ?p ?o }")
    assert (len(result.stdout.splitlines()), result.stderr) == (3, "the first 3 are written; there are more\n")
    assert run_coopkg("query", "--limit", "0", "ASK {}").returncode == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_be_taught(shell: str) -> None:
    result = run_coopkg("completion", shell)
    assert result.returncode == 0
    assert f"_COOPKG_COMPLETE={shell}_complete" in result.stdout.replace("$words[1]", "")


@pytest.mark.parametrize(
    ("words", "cword", "found"),
    [
        ("coopkg val", "1", "validate"),
        ("coopkg queries run european", "3", "european-programs"),
        ("coopkg query --lim", "2", "--limit"),
    ],
)
def test_completion_knows_commands_options_and_saved_queries(words: str, cword: str, found: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "coopkg"], capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server"), "_COOPKG_COMPLETE": "bash_complete",
             "COMP_WORDS": words, "COMP_CWORD": cword},
    )  # fmt: skip
    assert f"plain,{found}" in result.stdout.splitlines()
