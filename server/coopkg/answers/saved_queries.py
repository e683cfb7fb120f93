"""Saved queries: ``queries/<slug>.rq`` with a ``#+`` header, as grlc has it, and parameters that are bound as terms.

The header is YAML: ``summary`` and ``description`` (a text, or texts by language), ``tags``, ``view``, and ``params``,
a map of variable name to ``type`` (iri, string, integer, decimal, date, boolean), ``class``, ``default``, ``label``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING, Any, Final

import yaml

from coopkg.errors import BadParameter, DatasetBroken, NotFound
from coopkg.rdf.formats import GRAPH_FORMATS, SOLUTION_FORMATS, Format
from coopkg.rdf.namespaces import DEFAULT_BASE, LANGUAGES, prefixes
from coopkg.rdf.terms import literal_of, named_node
from coopkg.sparql import syntax_tree
from coopkg.sparql.admission import FORMS, admit
from coopkg.sparql.lexer import Kind, rebase, significant
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coopkg.dataset.published_files import Published
    from coopkg.rdf.terms import Bindable

VIEWS: Final = ("table", "map", "timeline", "bar", "graph")
TYPES: Final = ("iri", "string", "integer", "decimal", "date", "boolean")
RESERVED: Final = frozenset({"format", "lang", "entailment", "view", "from", "why"})
"""Names of query string fields that say how an answer is given; no parameter has one of them."""
_KEYS: Final = {"summary", "description", "tags", "params", "view", "group"}


@dataclass(frozen=True)
class Parameter:
    """A variable of a saved query that the caller may bind."""

    name: str
    type: str
    default: str | None = None
    cls: str | None = None
    label: Mapping[str, str] = field(default_factory=dict)

    def bind(self, text: str, known: dict[str, str]) -> Bindable:
        """Return the term that ``text`` stands for. Raises BadParameter."""
        if self.type == "iri":
            return named_node(text, known, self.name)
        return literal_of(text, self.type, self.name)


@dataclass(frozen=True)
class SavedQuery:
    """A saved query: its name, its text, and what its header says."""

    slug: str
    text: str
    form: str
    summary: Mapping[str, str]
    description: Mapping[str, str]
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    view: str
    stable: bool
    federated: bool = False

    @property
    def format(self) -> Format:
        """Return the format in which the expected answer is kept."""
        return GRAPH_FORMATS[0] if self.form in {"CONSTRUCT", "DESCRIBE"} else SOLUTION_FORMATS[0]

    def substitutions(self, values: Mapping[str, str], base: str) -> dict[str, Bindable]:
        """Bind the parameters. Raises BadParameter for an unknown, missing or ill-formed one."""
        unknown = sorted(set(values) - {p.name for p in self.parameters})
        if unknown:
            names = ", ".join(p.name for p in self.parameters) or "none"
            raise BadParameter(f"The query {self.slug} has no parameter {unknown[0]!r}; it has {names}.")
        bound: dict[str, Bindable] = {}
        for parameter in self.parameters:
            text = values.get(parameter.name) or parameter.default
            if text is None:
                raise BadParameter(f"The query {self.slug} needs the parameter {parameter.name!r}.")
            bound[parameter.name] = parameter.bind(text, prefixes(base))
        return bound

    def task(self, values: Mapping[str, str], fmt: Format, base: str) -> Task:
        """Return the evaluation that answers this query with those parameter values. Raises BadParameter."""
        return Task(self.text, fmt, base, prefixes=prefixes(base), substitutions=self.substitutions(values, base))


def load_queries(published: Published, base: str = DEFAULT_BASE) -> dict[str, SavedQuery]:
    """Read every saved query, by slug. Raises DatasetBroken or QuerySyntaxError, naming the file."""
    return {path.stem: read_query(path, base) for path in published.queries()}


def read_query(path: Path, base: str = DEFAULT_BASE) -> SavedQuery:
    """Read one saved query. Raises DatasetBroken naming file and fault."""
    name = f"queries/{path.name}"
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.stem):
        raise DatasetBroken(f"{name}: a saved query is named in lower case, digits and hyphens.")
    text = path.read_text(encoding="utf-8")
    header = _header(name, text)
    admitted = admit(text, service=True)
    if admitted.form not in FORMS:
        raise DatasetBroken(f"{name}: no SELECT, ASK, CONSTRUCT or DESCRIBE is in it.")
    parameters = tuple(_parameter(name, *item) for item in (header.get("params") or {}).items())
    taken = sorted(RESERVED & {p.name for p in parameters})
    if taken:
        raise DatasetBroken(f"{name}: {taken[0]} cannot be a parameter; it says how the answer is given.")
    unbindable = sorted({p.name for p in parameters} - _projected(text, admitted.form))
    if unbindable:
        raise DatasetBroken(f"{name}: the parameter {unbindable[0]} must be a variable that the SELECT projects.")
    if header.get("view", "table") not in VIEWS:
        raise DatasetBroken(f"{name}: the view must be one of {', '.join(VIEWS)}.")
    return SavedQuery(
        slug=path.stem,
        text=rebase(text, DEFAULT_BASE, base),
        form=admitted.form,
        summary=_texts(name, "summary", header),
        description=_texts(name, "description", header),
        tags=tuple(str(tag) for tag in header.get("tags", ())),
        parameters=parameters,
        view=str(header.get("view", "table")),
        stable=admitted.stable,
        federated=bool(admitted.services),
    )


def _projected(text: str, form: str) -> set[str]:
    """Return the variables that a SELECT query projects; the engine's substitution reaches no others."""
    if form != "SELECT":
        return set()
    tokens = dropwhile(lambda token: token.keyword != "SELECT", significant(text))
    head = takewhile(lambda token: token.text != "{" and token.keyword != "WHERE", tokens)
    return {token.text[1:] for token in head if token.kind is Kind.VARIABLE}


def _header(name: str, text: str) -> dict[str, Any]:
    lines = [line[2:].removeprefix(" ") for line in text.splitlines() if line.startswith("#+")]
    try:
        header = yaml.safe_load("\n".join(lines))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise DatasetBroken(f"{name}:{mark.line + 1 if mark else 1}: the header is not YAML.") from None
    if not isinstance(header, dict):
        raise DatasetBroken(f"{name}:1: the #+ header is missing.")
    unknown = sorted(set(header) - _KEYS)
    if unknown:
        raise DatasetBroken(f"{name}: the header has the unknown key {unknown[0]!r}.")
    return header


def _texts(name: str, key: str, header: dict[str, Any]) -> dict[str, str]:
    value = header.get(key)
    texts = {"en": value} if isinstance(value, str) else value
    if not isinstance(texts, dict) or set(texts) != set(LANGUAGES):
        raise DatasetBroken(f"{name}: {key} must be given in {', '.join(LANGUAGES)}.")
    return {language: " ".join(str(text).split()) for language, text in texts.items()}


def _parameter(name: str, variable: str, facts: dict[str, Any]) -> Parameter:
    if facts.get("type") not in TYPES:
        raise DatasetBroken(f"{name}: the parameter {variable} must have a type out of {', '.join(TYPES)}.")
    default = facts.get("default")
    return Parameter(
        variable, facts["type"], None if default is None else str(default), facts.get("class"), facts.get("label", {})
    )


def find_query(saved: Mapping[str, SavedQuery], slug: str) -> SavedQuery:
    """Return the saved query of that name. Raises NotFound with near names."""
    if slug in saved:
        return saved[slug]
    import difflib  # noqa: PLC0415 - costs 5 ms and is needed only here

    near = difflib.get_close_matches(slug, saved, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise NotFound(f"There is no saved query {slug!r}.{hint}", suggestions=near)


def bound_text(saved: SavedQuery, values: Mapping[str, str], base: str) -> str:
    """Return query as a text of its own, without header, with its parameters in a VALUES at the head of its pattern.

    Raises BadParameter.
    """
    text = "\n".join(line for line in saved.text.splitlines() if not line.startswith("#+")).strip() + "\n"
    bound = saved.substitutions(values, base)
    if not bound:
        return text
    tree = syntax_tree.read(text)
    brace = tree.tokens[tree.groups[0].select.where.first if tree.groups[0].select else tree.groups[0].first]
    lines = "".join(f"\n  VALUES ?{name} {{ {term} }}" for name, term in bound.items())
    at = brace.start + 1
    return text[:at] + lines + text[at:]
