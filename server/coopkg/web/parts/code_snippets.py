"""A query as something to paste elsewhere: a shell, Python, R, or another site's page. Pure functions of values."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Asked:
    """A query as it is sent: the endpoint's address, the parameters in their order, the media type of the answer."""

    endpoint: str
    parameters: Mapping[str, str]
    accept: str

    @property
    def tabular(self) -> bool:
        """Return whether the answer is a table."""
        return self.accept == "text/csv"


def curl(asked: Asked) -> str:
    """Return a command for a POSIX shell."""
    data = "".join(f" \\\n  --data-urlencode {_shell(f'{name}={value}')}" for name, value in asked.parameters.items())
    return f"curl --get --header {_shell(f'Accept: {asked.accept}')} {_shell(asked.endpoint)}{data}"


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def python(asked: Asked) -> str:
    """Return a program for Python 3 that needs nothing but its standard library."""
    parameters = "".join(f'    "{name}": {_python(value)},\n' for name, value in asked.parameters.items())
    use = (
        '    for row in csv.DictReader(io.TextIOWrapper(answer, "utf-8")):\n        print(row)\n'
        if asked.tabular
        else "    print(answer.read().decode())\n"
    )
    modules = "import csv\nimport io\n" if asked.tabular else ""
    return (
        f"{modules}import urllib.parse\nimport urllib.request\n\nparameters = {{\n{parameters}}}\n"
        f'address = {_python(asked.endpoint)} + "?" + urllib.parse.urlencode(parameters)\n'
        f'request = urllib.request.Request(address, headers={{"Accept": "{asked.accept}"}})\n'
        f"with urllib.request.urlopen(request) as answer:\n{use}"
    )


def _python(text: str) -> str:
    if "\n" not in text:
        return repr(text)
    return '"""' + text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').replace("\r", "\\r") + '"""'


def r(asked: Asked) -> str:
    """Return a program for R 4 that needs no package."""
    lines = [f"{name} <- {_r(value)}" for name, value in asked.parameters.items()]
    pairs = ', "&'.join(f'{name}=", URLencode({name}, reserved = TRUE)' for name in asked.parameters)
    reading = 'answer <- read.csv(url(address, headers = c(Accept = "text/csv")))'
    if not asked.tabular:
        reading = f'answer <- readLines(url(address, headers = c(Accept = "{asked.accept}")))'
    address = f'address <- paste0({_r(asked.endpoint)}, "?{pairs})'
    return "\n".join([*lines, address, reading, "print(answer)", ""])


def _r(text: str) -> str:
    """Return a raw string, with as many hyphens as keep its end from standing in the text."""
    hyphens = next("-" * count for count in range(len(text) + 1) if f'){"-" * count}"' not in text)
    return f'r"{hyphens}({text}){hyphens}"'


def frame(address: str, title: str) -> str:
    """Return the element that shows a page of ours on another site."""
    return f'<iframe src="{escape(address)}" title="{escape(title)}" width="100%" height="480" loading="lazy"></iframe>'
