"""Colour on a terminal; none in a pipe, with ``--no-color`` or with NO_COLOR (no-color.org)."""

from __future__ import annotations

import os
import re
import sys
from typing import Final

import click

from coopkg.cli.progress import option

_SEVERITIES: Final = {"violation": "red", "syntax error": "red", "warning": "yellow", "info": "blue"}
_RESULT: Final = re.compile(r"^(\S.*?:\d+:\d+: )?(violation|warning|info|syntax error)(: )")


def enabled() -> bool:
    """Check whether standard output is a terminal that may have colour."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and not option("no_color")


def report(text: str) -> str:
    """Return the report for a terminal with its severities, and the lines of its fixes, in colour."""
    return "\n".join(map(_line, text.split("\n"))) if enabled() else text


def table(text: str) -> str:
    """Return a table with its head in bold."""
    head, _, rest = text.partition("\n")
    return f"{click.style(head, bold=True)}\n{rest}" if enabled() and rest else text


def _line(line: str) -> str:
    match = _RESULT.match(line)
    if match:
        severity = click.style(match[2], fg=_SEVERITIES[match[2]], bold=True)
        return f"{match[1] or ''}{severity}{line[match.end(2) :]}"
    if re.match(r" {2,4}[+-](?!\d)", line):
        return click.style(line, fg="green" if line.lstrip().startswith("+") else "red")
    return line
