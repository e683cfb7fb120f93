"""The SHACL suite of the W3C, Core and SPARQL: every report as the specification has it, every failure a refusal."""

from __future__ import annotations

import http.client
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from coopkg.cli import cli
from coopkg.errors import CoopkgError
from http_client import multipart
from w3c.compare import Verdict
from w3c.shacl import SUITES, WHERE, Case, folders, read_suite, run, run_at

if TYPE_CHECKING:
    from pathlib import Path


def parameters() -> list[object]:
    """Give the tests whose files are there, and one skip for all others."""
    if not folders():
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=WHERE))]
    cases = [case for suite in SUITES for case in read_suite(suite)]
    lacking = sum(case.absent for case in cases)
    reason = f"{lacking} tests of the SHACL suite lack a file that their manifest names"
    told = [pytest.param(None, id="files-absent", marks=pytest.mark.skip(reason=reason))] if lacking else []
    return [*(pytest.param(case, id=case.id) for case in cases if not case.absent), *told]


@pytest.mark.parametrize("case", parameters())
def test_shacl(case: Case) -> None:
    outcome = run(case)
    assert outcome.verdict is Verdict.STRICT, outcome.reason


@pytest.mark.slow
@pytest.mark.parametrize("case", parameters())
def test_shacl_over_http(server: str, case: Case) -> None:
    """With the shapes as the client's own."""

    def door(data: bytes, shapes: bytes) -> tuple[bool, str]:
        body, kind = multipart(
            ("data", "data.nt", "application/n-triples", data.decode()),
            ("shapes", "shapes.nt", "application/n-triples", shapes.decode()),
        )
        where = urlsplit(server)
        with closing(http.client.HTTPConnection(str(where.hostname), where.port, timeout=60)) as wire:
            fields = {"Content-Type": kind, "Accept": "text/turtle"}
            wire.request("POST", "/validate?against=nothing", body, fields)
            answer = wire.getresponse()
            assert answer.status in {200, 400, 422}
            return answer.status == 200, answer.read().decode()

    outcome = run_at(case, door)
    assert outcome.verdict is Verdict.STRICT, outcome.reason


@pytest.mark.parametrize("case", parameters())
def test_shacl_at_the_command_line(tmp_path: Path, case: Case) -> None:
    def door(data: bytes, shapes: bytes) -> tuple[bool, str]:
        for name, content in (("data.nt", data), ("shapes.nt", shapes)):
            (tmp_path / name).write_bytes(content)
        options = ["--against", "nothing", "-f", "turtle", "-s", str(tmp_path / "shapes.nt")]
        answer = CliRunner().invoke(cli, ["validate", *options, str(tmp_path / "data.nt")])
        if isinstance(answer.exception, CoopkgError):
            return False, answer.exception.detail
        reported = answer.exit_code in {0, 1}
        return reported, answer.stdout if reported else answer.output

    outcome = run_at(case, door)
    assert outcome.verdict is Verdict.STRICT, outcome.reason
