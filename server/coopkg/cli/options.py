"""Options and output that several commands share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coopkg.settings import REGIMES, Settings

if TYPE_CHECKING:
    from collections.abc import Callable


def dataset_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--base``, ``--published``, ``--alignments``, ``--federation`` and ``--entailment``."""
    table = {name: help_text for name, _, help_text in Settings.table()}
    for option in (
        click.option("--base", metavar="IRI", help=f"The {table['base']}."),
        click.option("--published", type=click.Path(path_type=Path), metavar="DIR", help=f"The {table['published']}."),
        click.option("--alignments", metavar="NAMES", help=f"The {table['alignments']}."),
        click.option(
            "--federation",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help=f"The {table['federation']}.",
        ),
        click.option("--entailment", type=click.Choice(REGIMES), help=table["entailment"].capitalize() + "."),
    ):
        function = option(function)
    return function


def home_option(*, required: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option ``--home``."""
    about = next(help_text for name, _, help_text in Settings.table() if name == "home")
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option(
        "--home", type=kind, metavar="DIR", required=required, envvar="COOPKG_HOME", help=f"The {about}."
    )


def settings_from(**values: Any) -> Settings:  # noqa: ANN401 - one keyword an option
    """Return the settings: options before environment before defaults. Raises UsageError."""
    return Settings.from_environment(**values)


def emit(data: bytes | str, output: Path | None = None) -> None:
    """Write data to a file or to standard output, byte for byte."""
    payload = data.encode() if isinstance(data, str) else data
    if output is not None and str(output) != "-":
        output.write_bytes(payload)
        return
    # Past the text layer, which would encode by the locale and could change line ends.
    sys.stdout.buffer.write(payload)
    if sys.stdout.isatty() and not payload.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def read_argument(text: str) -> str:
    """Return a text argument; ``@file`` stands for the content of a file, ``-`` for standard input."""
    if text == "-":
        return sys.stdin.read()
    return Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
