"""Nothing gets into one of our own query texts but as a term: ``sparql.query_text`` builds them all.

Looked for are f-strings, ``format``, ``%`` and ``+`` that put anything into a text with words of SPARQL in it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from coopkg import errors
from coopkg.sparql.query_text import QueryText, prefixed_name, query_text

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(errors.__file__).parent
QUERY = re.compile(
    r"\b(?:SELECT|ASK|CONSTRUCT|DESCRIBE)\b[^.]*[{?*]|\bVALUES\s*[?({]|\bGRAPH\s*[<?{]|\bFILTER\s*\("
    r"|\?\w+ +(?:a|\?\w+|<)|\?s \?p|\bUNION\s*\{|\bWHERE\s*\{"
)
SPLICING = {
    "sparql/rewrites": "a client's own query, cut at its tokens and put together anew",
    "shacl/pre_binding.py": "the query of a SHACL-SPARQL constraint, cut at its tokens; terms are bound in VALUES",
    "answers/federation/query_texts.py": "a client's own query with the solutions of a clause in the clause's place",
    "answers/federation/executor.py": "the same",
    "answers/federation/service_plan.py": "the same, its own GRAPH name",
    "answers/empty_results.py": "patterns of a client's own query, cut at its tokens",
    "answers/saved_queries.py": "a saved query's own text, parameters as terms in VALUES",
    "rdf/literals.py": "texts of this module alone, terms written by the engine; rdf/ stands below sparql/",
    "rdf/pattern_matching.py": "the same",
}
"""Modules that put texts together at tokens, and why: there a part is what the client wrote, where it stood."""


def modules() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE).as_posix()
        if not any(relative.startswith(place) for place in SPLICING):
            yield path


def constants(tree: ast.Module) -> dict[str, str]:
    """The module's constants that are texts."""
    found = {}
    for node in tree.body:
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        if isinstance(target, ast.Name) and isinstance(getattr(node, "value", None), ast.Constant):
            value = node.value.value  # type: ignore[attr-defined]
            if isinstance(value, str):
                found[target.id] = value
    return found


def text_of(node: ast.expr, known: dict[str, str]) -> str:
    """What of a text is written in the program."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part, known) for part in node.values)
    return ""


def spliced(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Places where something is put into a text that reads as SPARQL."""
    known = constants(tree)
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.JoinedStr) and any(isinstance(part, ast.FormattedValue) for part in node.values):
            text = text_of(node, known)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            text = text_of(node.func.value, known)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
            text = text_of(node.left, known) or text_of(node.right, known)
        if QUERY.search(text):
            yield node.lineno, text[:100]


@pytest.mark.parametrize("path", list(modules()), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_nothing_is_put_into_a_query_text_but_by_the_builder(path: Path) -> None:
    assert list(spliced(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("path", list(modules()), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_template_is_a_constant(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known = constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "query_text":
            template = node.args[0]
            choices = [template.body, template.orelse] if isinstance(template, ast.IfExp) else [template]
            local = {t.id for n in ast.walk(tree) if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)
                     for t in n.targets if isinstance(t, ast.Name)}  # fmt: skip
            assert all(isinstance(c, ast.Constant) or getattr(c, "id", "") in {*known, *local} for c in choices), (
                node.lineno
            )


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_part_of_a_query_is_made_by_the_builder_alone(path: Path) -> None:
    if path.name != "query_text.py":
        made = [n.lineno for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)
                and (getattr(n.func, "id", "") or getattr(n.func, "attr", "")) == "QueryText"]  # fmt: skip
        assert made == []


@pytest.mark.parametrize("code", [
    "f'SELECT ?s {{ ?s ?p <{iri}> }}'", "'ASK {{ <{}> ?p ?o }}'.format(iri)", "'SELECT * { ?s ?p \"%s\" }' % text",
    "Q = 'SELECT ?s { ?s a <{c}> }'\nx = Q.format(c=c)", "'SELECT ?s { ?s ?p <' + iri", "f'VALUES ?s {{ {nodes} }}'",
    "f'GRAPH <{g}> {{ ?s ?p ?o }}'",
])  # fmt: skip
def test_what_is_looked_for_is_found(code: str) -> None:
    assert list(spliced(ast.parse(code)))


def test_terms_are_written_as_sparql_has_them() -> None:
    hostile = ox.Literal('"> } ; DROP ALL #\n\\', language="en")
    text = query_text("ASK { [[s]] ?p [[o]] }", s=ox.NamedNode("http://e/a"), o=hostile)
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("http://e/a"), ox.NamedNode("http://e/p"), hostile))
    assert bool(store.query(text))


def test_several_values_parts_numbers_and_variables_are_put_in() -> None:
    inner = query_text("VALUES [[v]] { [[terms]] }", v=ox.Variable("x"), terms=(ox.Literal(1), ox.Literal(2)))
    text = query_text("SELECT * { [[inner]] } LIMIT [[n]]", inner=inner, n=1)
    assert (isinstance(text, QueryText), len(list(ox.Store().query(text)))) == (True, 1)


@pytest.mark.parametrize(("values", "error"), [
    ({"x": "http://e/> } #"}, TypeError), ({"x": True}, TypeError), ({"x": [["a"]]}, TypeError), ({}, KeyError),
    ({"x": 1, "y": 2}, ValueError), ({"x": None}, TypeError), ({"x": 1.5}, TypeError),
    ({"x": ox.BlankNode("b")}, TypeError),
])  # fmt: skip
def test_anything_else_is_refused(values: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        query_text("ASK { ?s ?p [[x]] }", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("iri", ["http://e/>", "http://e/ x", "http://e/{", "no scheme", "http://e/\\u003e"])
def test_no_term_holds_what_would_close_an_iri(iri: str) -> None:
    with pytest.raises(ValueError, match="IRI"):
        ox.NamedNode(iri)


@pytest.mark.parametrize(("prefix", "local"), [
    ("service", "a.b"), ("service", "a> } #"), ("service", ""), ("service", "a-"), ("1x", "a"), ("a b", "c"),
    ("service", "é"),
])  # fmt: skip
def test_a_name_that_needs_an_escape_is_refused(prefix: str, local: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        prefixed_name(prefix, local)


def test_a_prefixed_name_is_a_part() -> None:
    named = query_text("PREFIX s: <http://e/> ASK { [[s]] ?p ?o }", s=prefixed_name("s", "2-eu"))
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("http://e/2-eu"), ox.NamedNode("http://e/p"), ox.Literal(1)))
    assert bool(store.query(named))
