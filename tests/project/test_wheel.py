"""The wheel: its files, and that it serves from an unrelated folder in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
import venv
import zipfile
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT, free_port, stop, wait_until_ready

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_package_and_the_published_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        f"coopkg/_published/{path.relative_to(ROOT)}"
        for folder in ("ontology", "data", "shapes", "queries")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    } | {
        str(path.relative_to(ROOT / "server"))
        for path in (ROOT / "server" / "coopkg").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected <= names
    assert {n for n in names - expected if ".dist-info/" not in n} == {
        "coopkg/_published/LICENSE-DATA",
        "coopkg/_published/federation.toml",
    }


def test_the_wheel_serves_from_an_unrelated_folder(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "-r",
        str(ROOT / "requirements.lock"),
    ]
    subprocess.run(install, check=True)
    subprocess.run([*install[:4], "--quiet", "--no-deps", str(wheel)], check=True)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    port = free_port()
    process = subprocess.Popen(
        [str(tmp_path / "env" / "bin" / "coopkg"), "serve", "--bind", f"127.0.0.1:{port}"],
        cwd=folder, stderr=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}/"
        wait_until_ready(process, address)
        query = f"{address}queries/commission-sessions-by-year.csv"
        with urllib.request.urlopen(query, timeout=20) as response:  # noqa: S310 - our own server
            assert len(response.read().decode().strip().split("\r\n")) == 11
    finally:
        assert stop(process) == 0
