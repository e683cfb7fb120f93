"""Saved queries: ``queries/<slug>.rq`` with a ``#+`` header as in grlc, and parameters that are bound as terms.

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
from coopkg.rdf.literals import literal_of
from coopkg.rdf.namespaces import DEFAULT_BASE, LANGUAGES, prefixes
from coopkg.rdf.terms import named_node
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
"""Fields of the query string that select the form of an answer; no parameter may have one of these names."""
_KEYS: Final = {"summary", "description", "tags", "params", "view", "group"}


@dataclass(frozen=True)
class Parameter:
    """A variable of a saved query that the client may bind; ``cls`` is the class of its values, for forms."""

    name: str
    type: str
    default: str | None = None
    cls: str | None = None
    label: Mapping[str, str] = field(default_factory=dict)

    def bind(self, text: str, known: dict[str, str]) -> Bindable:
        """Parse ``text`` into a term of the parameter's type; ``known`` are prefixes. Raises BadParameter."""
        if self.type == "iri":
            return named_node(text, known, self.name)
        return literal_of(text, self.type, self.name)


@dataclass(frozen=True)
class SavedQuery:
    """A saved query: its slug, its text, the values of its header, and what admission found in it.

    ``stable`` says that the same version always gives the same answer, ``federated`` that it has SERVICE clauses.
    """

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
        """Return the format of the file with the expected answer."""
        return GRAPH_FORMATS[0] if self.form in {"CONSTRUCT", "DESCRIBE"} else SOLUTION_FORMATS[0]

    def substitutions(self, values: Mapping[str, str], base: str) -> dict[str, Bindable]:
        """Return the terms of the parameters by name. Raises BadParameter for an unknown, missing or ill-formed one."""
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
        """Build the task that evaluates this query with those parameter values. Raises BadParameter."""
        # Values are bound as terms by the engine, never spliced into the text: no value can add to the query.
        return Task(self.text, fmt, base, prefixes=prefixes(base), substitutions=self.substitutions(values, base))


def load_queries(published: Published, base: str = DEFAULT_BASE) -> dict[str, SavedQuery]:
    """Parse every saved query, by slug. Raises DatasetBroken with the file, or QuerySyntaxError."""
    return {path.stem: read_query(path, base) for path in published.queries()}


def read_query(path: Path, base: str = DEFAULT_BASE) -> SavedQuery:
    """Parse one saved query. Raises DatasetBroken with the file and the mistake, QuerySyntaxError, QueryTooComplex."""
    name = f"queries/{path.name}"
    # The slug becomes part of IRIs, of addresses and of file names, and needs no escaping in any of them.
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.stem):
        raise DatasetBroken(f"{name}: a saved query is named in lower case, digits and hyphens.")
    text = path.read_text(encoding="utf-8")
    header = _header(name, text)
    admitted = admit(text, service=True)
    if admitted.form not in FORMS:
        raise DatasetBroken(f"{name}: no SELECT, ASK, CONSTRUCT or DESCRIBE is in it.")
    parameters = tuple(_parameter(name, *item) for item in (header.get("params") or {}).items())
    reserved = sorted(RESERVED & {p.name for p in parameters})
    if reserved:
        raise DatasetBroken(f"{name}: {reserved[0]} cannot be a parameter; it says how the answer is given.")
    # The engine silently ignores a substitution of any other variable, and the query would answer without the
    # parameter.
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
    """Return the variables that a SELECT query projects, which are those that the engine's substitution reaches."""
    if form != "SELECT":
        return set()
    tokens = dropwhile(lambda token: token.keyword != "SELECT", significant(text))
    head = takewhile(lambda token: token.text != "{" and token.keyword != "WHERE", tokens)
    return {token.text[1:] for token in head if token.kind is Kind.VARIABLE}


def _header(name: str, text: str) -> dict[str, Any]:
    """Parse the lines of a query that begin with ``#+`` as YAML. Raises DatasetBroken with file and line."""
    lines = [line[2:].removeprefix(" ") for line in text.splitlines() if line.startswith("#+")]
    try:
        # ``safe_load``: the full loader would construct any Python object that a tag names.
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
    """Return a text of the header by language, with single spaces.

    Raises DatasetBroken unless all languages are there.
    """
    value = header.get(key)
    texts = {"en": value} if isinstance(value, str) else value
    if not isinstance(texts, dict) or set(texts) != set(LANGUAGES):
        raise DatasetBroken(f"{name}: {key} must be given in {', '.join(LANGUAGES)}.")
    return {language: " ".join(str(text).split()) for language, text in texts.items()}


def _parameter(name: str, variable: str, facts: dict[str, Any]) -> Parameter:
    """Build a parameter from its entry in the header. Raises DatasetBroken for an unknown type."""
    if facts.get("type") not in TYPES:
        raise DatasetBroken(f"{name}: the parameter {variable} must have a type out of {', '.join(TYPES)}.")
    default = facts.get("default")
    return Parameter(
        variable, facts["type"], None if default is None else str(default), facts.get("class"), facts.get("label", {})
    )


def find_query(saved: Mapping[str, SavedQuery], slug: str) -> SavedQuery:
    """Find the saved query with that slug. Raises NotFound with similar slugs as ``suggestions``."""
    if slug in saved:
        return saved[slug]
    import difflib  # noqa: PLC0415 - costs 5 ms and is needed only here

    similar = difflib.get_close_matches(slug, saved, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
    raise NotFound(f"There is no saved query {slug!r}.{hint}", suggestions=similar)


def bound_text(saved: SavedQuery, values: Mapping[str, str], base: str) -> str:
    """Return the text of the query without its header, its parameters bound by VALUES blocks. Raises BadParameter.

    It can be edited and sent to any endpoint.
    """
    text = "\n".join(line for line in saved.text.splitlines() if not line.startswith("#+")).strip() + "\n"
    bound = saved.substitutions(values, base)
    if not bound:
        return text
    # At the beginning of the outermost pattern, where the values are joined with all that follows.
    tree = syntax_tree.read(text)
    brace = tree.tokens[tree.groups[0].select.where.first if tree.groups[0].select else tree.groups[0].first]
    lines = "".join(f"\n  VALUES ?{name} {{ {term} }}" for name, term in bound.items())
    insertion = brace.start + 1
    return text[:insertion] + lines + text[insertion:]
