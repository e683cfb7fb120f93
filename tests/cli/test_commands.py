"""The command line as a user meets it: one sentence, the right exit code, no traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT, run_coopkg
from coopkg.cli import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.dataset.published_files import Published

pytestmark = pytest.mark.slow

TEN = ["AM", "AZ", "CN", "CU", "ID", "IN", "KZ", "PK", "SK", "UA"]


@pytest.fixture
def copy(tmp_path: Path, published: Published) -> Path:
    for folder in ("ontology", "data", "shapes", "queries"):
        shutil.copytree(published.root / folder, tmp_path / folder)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_query_answers_on_a_pipe_as_tsv() -> None:
    result = run_coopkg("query", "SELECT (COUNT(*) AS ?n) WHERE { ?s a <http://127.0.0.1:8000/ontology#Claim> }")
    assert result.returncode == 0
    assert result.stdout.startswith("?n\n")


def test_queries_run_gives_the_ten_countries() -> None:
    result = run_coopkg("queries", "run", "commission-sessions-by-year", "-f", "json")
    rows = json.loads(result.stdout)["results"]["bindings"]
    assert sorted(row["country"]["value"][-2:] for row in rows) == TEN


def test_ask_can_set_the_exit_status() -> None:
    assert run_coopkg("query", "ASK { FILTER(false) }", "--exit-status").returncode == 1
    assert run_coopkg("query", "ASK {}", "--exit-status").stdout.strip() == "true"


@pytest.mark.parametrize(
    ("arguments", "code", "needle"),
    [
        (("query", "SELECT * { ?s ?p"), 3, "1:17"),
        (("query", "SELECT * { SERVICE <http://127.0.0.1:1/> {} }"), 2, "SERVICE"),
        (("queries", "run", "nonsense"), 2, "no saved query"),
        (("queries", "run", "commission-sessions-by-year", "-p", "x"), 2, "NAME=VALUE"),
        (("query", "ASK {}", "--published", "/nowhere"), 3, "missing in /nowhere"),
        (("query", "ASK {}", "--base", "nonsense"), 2, "base IRI"),
        (("query", "@/nowhere.rq"), 3, "No such file"),
        (("validate", "/nowhere.ttl"), 3, "No such file"),
        (("validate", "tests"), 2, "is a folder"),
        (("validate", "LICENSE"), 2, "there is no suffix"),
        (("fmt", "/nowhere.ttl"), 2, "does not exist"),
        (("evidence", "verify", "--source", "README.md"), 2, "No source document"),
        (("serve", "--bind", "nonsense"), 2, "HOST:PORT"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_one_sentence_and_the_right_code(arguments: tuple[str, ...], code: int, needle: str) -> None:
    result = run_coopkg(*arguments)
    assert result.returncode == code, result.stderr
    assert needle in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


MORE = {"query": ["ASK {}"], "serve": ["--bind", "127.0.0.1:0"]}


@pytest.mark.parametrize("command", ["query", "serve", "validate"])
def test_a_malformed_file_is_named_with_its_line(copy: Path, command: str) -> None:
    with (copy / "data" / "facts.ttl").open("a", encoding="utf-8") as file:
        file.write("country:AM coop:isoAlpha2 , .\n")
    last = len((copy / "data" / "facts.ttl").read_text(encoding="utf-8").splitlines())
    result = run_coopkg(command, *MORE.get(command, []), "--published", str(copy))
    assert result.returncode == 3
    assert f"data/facts.ttl:{last}:" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "data" / "claims.ttl").unlink()
    result = run_coopkg("query", "ASK {}", "--published", str(copy))
    assert (result.returncode, "data/claims.ttl is missing" in result.stderr) == (3, True)


def test_an_invalid_fact_is_named_with_its_line_and_not_served(copy: Path) -> None:
    replace(copy / "data" / "reference.ttl", 'coop:isoAlpha2 "VN"', 'coop:isoAlpha2 "vn"')
    lines = (copy / "data" / "reference.ttl").read_text(encoding="utf-8").splitlines()
    line = next(i for i, text in enumerate(lines, 1) if '"vn"' in text)
    result = run_coopkg("validate", "--published", str(copy))
    assert result.returncode == 1
    assert f"data/reference.ttl:{line}:" in result.stdout
    served = run_coopkg("serve", "--bind", "127.0.0.1:0", "--published", str(copy))
    assert served.returncode == 1
    assert f"data/reference.ttl:{line}:" in served.stderr
    assert "Traceback" not in served.stderr


def test_validate_says_conforms_in_every_face() -> None:
    human = run_coopkg("validate")
    assert (human.returncode, human.stderr) == (0, "")
    report = json.loads(run_coopkg("validate", "-f", "json").stdout)
    assert report["counts"]["Violation"] == 0
    assert "sh:ValidationReport" in run_coopkg("validate", "-f", "turtle").stdout


BROKEN = "@prefix e: <http://e/> .\ne:a e:p , 1 .\ne:b cop:p 2 .\n"
ALONE = ("validate", "--against", "nothing")


@pytest.fixture
def shape(tmp_path: Path) -> Path:
    path = tmp_path / "shape.ttl"
    path.write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix e: <http://e/> .\n"
        "e:S sh:targetSubjectsOf e:p ; sh:property [ sh:path e:p ; sh:maxCount 1 ; sh:severity sh:Warning ] .\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("data", "options", "code"),
    [
        ("<http://e/x> <http://e/p> 1 .", (), 0),
        ("<http://e/x> <http://e/p> 1, 2 .", (), 0),
        ("<http://e/x> <http://e/p> 1, 2 .", ("--fail-on", "warning"), 1),
        ("<http://e/x> <http://e/p> 1, , 2 .", (), 3),
        ('{"@id": "http://e/x", "http://e/p": [1, 2]}', ("--input-format", "jsonld", "--fail-on", "info"), 1),
        ('{"@context": "http://127.0.0.1:1/c", "@id": "http://e/x"}', ("--input-format", "jsonld"), 3),
        ("<!DOCTYPE a><a/>", ("--input-format", "rdf"), 3),
        ("", ("--fix",), 2),
        ("", ("--watch",), 2),
        ("", ("-f", "nonsense"), 2),
    ],
)
def test_exit_codes_tell_what_does_not_conform_from_what_cannot_be_read(
    shape: Path, data: str, options: tuple[str, ...], code: int
) -> None:
    result = run_coopkg(*ALONE, "-s", str(shape), *options, "-", stdin=data)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr


def test_validate_reads_several_files_and_tells_all_their_syntax_errors(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.ttl", "two.nt", "three.ttl")]
    for path, text in zip(paths, (BROKEN, "<http://e/a> <b> .\n", "<http://e/a> <http://e/b> 1 .\n"), strict=True):
        path.write_text(text, encoding="utf-8")
    result = run_coopkg(*ALONE, *map(str, paths))
    assert (result.returncode, result.stdout) == (3, "")
    for place in (f"{paths[0]}:2:9: ", f"{paths[0]}:3:5: ", f"{paths[1]}:1:"):
        assert place in result.stderr
    assert "Cannot be read: 3 syntax errors" in result.stderr
    annotated = run_coopkg(*ALONE, "-f", "github", *map(str, paths))
    assert (annotated.returncode, annotated.stdout.count("::error file=")) == (3, 3)
    turtle = run_coopkg(*ALONE, "-f", "turtle", *map(str, paths))
    assert (turtle.returncode, turtle.stdout) == (3, "")


def test_a_url_is_no_file(tmp_path: Path) -> None:
    assert run_coopkg(*ALONE, "http://127.0.0.1:1/data.ttl").returncode == 3
    imports = tmp_path / "imports.ttl"
    imports.write_text("<http://e/> <http://www.w3.org/2002/07/owl#imports> <file:///etc/passwd> .\n", encoding="utf-8")
    told = run_coopkg(*ALONE, str(imports))
    assert (told.returncode, "Nothing was looked at" in told.stderr) == (3, True)


def test_watch_validates_again_after_a_change(tmp_path: Path, shape: Path) -> None:
    path = tmp_path / "data.ttl"
    path.write_text("<http://e/x> <http://e/p> 1 .\n", encoding="utf-8")
    arguments = ("--against", "nothing", "-s", str(shape), "--fail-on", "warning", "--watch", str(path))
    with subprocess.Popen(
        [sys.executable, "-m", "coopkg", "validate", *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        said = []
        for text in ("<http://e/x> <http://e/p> 1, 2 .\n", BROKEN, None):
            line = process.stderr.readline()
            while "exit code would be" not in line:
                line = process.stderr.readline()
                assert line, "the watch ended by itself"
            said.append(line.partition("would be ")[2][0])
            if text is not None:
                path.write_text(text, encoding="utf-8")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert said == ["0", "1", "3"]


def test_evidence_verify(shared: Path, tmp_path: Path) -> None:
    source = shared / "source" / "high-tech-country.txt"
    good = run_coopkg("evidence", "verify", "--source", str(source))
    assert (good.returncode, "124 of 124 passages match" in good.stdout) == (0, True)
    changed = tmp_path / "changed.txt"
    changed.write_text(source.read_text(encoding="utf-8").replace("47", "48"), encoding="utf-8")
    assert run_coopkg("evidence", "verify", "--source", str(changed)).returncode == 2


def test_fmt_check_says_which_file(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text("<http://e/a> <http://e/p> 1, 2 .\n", encoding="utf-8")
    check = run_coopkg("fmt", "--check", str(path))
    assert (check.returncode, str(path) in check.stderr) == (1, True)
    assert run_coopkg("fmt", str(path)).returncode == 0
    assert run_coopkg("fmt", "--check", str(path)).returncode == 0


def test_query_imports_nothing_that_it_does_not_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """What serves, and the reference implementations, would take longer to import than the query takes."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    asked = run_coopkg("query", "ASK {}")
    imported = {line.rpartition("|")[2].strip() for line in asked.stderr.splitlines() if line.startswith("import time")}
    assert (asked.returncode, asked.stdout) == (0, "true")
    assert "coopkg.workers.evaluation" in imported
    assert not imported & {"flask", "aiohttp", "prometheus_client", "rdflib", "pyshacl", "owlrl"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_stands_in_the_documentation(command: str) -> None:
    result = run_coopkg(command, "--help")
    assert result.returncode == 0
    assert "--help" in result.stdout
    documented = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "docs" / "design.md").read_text(
        encoding="utf-8"
    )
    assert f"coopkg {command}" in documented
