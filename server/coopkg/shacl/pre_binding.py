"""Queries of SHACL-SPARQL: what they must not contain, and their pre-bound variables (SHACL, appendix A).

The engine binds a variable beforehand only if the outermost SELECT projects it, and its optimizer takes a variable
that no pattern of a group binds for one without a value: ``=`` becomes sameTerm, BOUND false, and BIND vanishes. So a
query is rewritten: each SELECT projects the bound variables, and each group begins with a VALUES block that joins with
anything but tells the optimizer that they may be an IRI or a literal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import CoopkgError, QuerySyntaxError
from coopkg.sparql import normal_form
from coopkg.sparql.admission import admit
from coopkg.sparql.engine_errors import explain_syntax
from coopkg.sparql.functions import FRESH
from coopkg.sparql.lexer import Kind, Token, significant
from coopkg.sparql.text_cache import cached_by_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from coopkg.rdf.graph import Graph, Node
    from coopkg.rdf.terms import Term
    from coopkg.shacl.property_paths import Path
    from coopkg.sparql.normal_form import NormalForm

OPTIONAL: Final = frozenset({"currentShape", "shapesGraph"})
"""Variables that a sub-select need not project."""
_FORBIDDEN: Final = frozenset({"MINUS", "VALUES", "SERVICE"})
_FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_EMPTY: Final = ox.Store()
_ANYTHING: Final = ox.NamedNode("urn:x-coopkg:anything")


@dataclass(frozen=True)
class SparqlQuery:
    """A query of a shape: ``text`` is its normal form, with the path written out; ``bound`` is for a focus node.

    ``names`` are the pre-bound variables that the query mentions; ``parameters`` gives the values of those that a
    constraint component declares. ``ask`` says that solutions mean conformance. ``set_based`` says that the text alone,
    with ``$this`` free, gives the solutions of every focus node. ``shapes_graph`` is set where the query reads it, and
    ``base`` where it declares one.
    """

    text: str
    bound: str
    names: frozenset[str]
    ask: bool = False
    set_based: bool = False
    parameters: tuple[tuple[str, Node], ...] = ()
    shapes_graph: Graph | None = None
    base: str | None = None

    def bindings(self, values: Mapping[str, Node]) -> dict[ox.Variable, Node]:
        """Return the pre-bound variables with their terms: the parameters, and those ``values`` that are mentioned."""
        terms = {**values, **dict(self.parameters)}
        return {ox.Variable(name): terms[name] for name in sorted(self.names & terms.keys())}


def read_query(  # noqa: PLR0913 - what a query stands in
    text: str,
    path: Path | None,
    shapes_graph: Graph,
    parameters: Mapping[str, Node],
    *,
    ask: bool = False,
    names: Collection[str] = (),
) -> SparqlQuery:
    """Read a query in which ``$this``, ``$currentShape``, ``$shapesGraph`` and ``names`` are pre-bound.

    ``names`` are all parameters of a component, ``parameters`` those that have a value. Raises ValueError for a query
    that the engine does not accept or that breaks a rule of pre-binding.
    """
    normal, tokens = _admitted(text, path, ask=ask)
    candidates = {"this", *OPTIONAL, *names, *({"value"} if ask else ())}
    _check(tokens, candidates)
    # An optional parameter without a value stays a free variable of the query.
    valueless = set(names) - parameters.keys()
    mentioned = _variables(tokens) & candidates - valueless
    set_based = not ask and mentioned == {"this"} and starts_from_this(normal.text)
    query = _query(normal, tokens, mentioned, parameters, ask=ask, set_based=set_based)
    query = replace(query, shapes_graph=shapes_graph if "shapesGraph" in mentioned else None)
    _try(query, normal)
    return query


def read_target_query(
    text: str, parameters: Mapping[str, Node], names: Collection[str]
) -> tuple[SparqlQuery, SparqlQuery | None]:
    """Read a query that selects targets as ``$this``, in which the parameters of a target type are pre-bound.

    Returned are that query, and the same with ``$this`` pre-bound too; None where this may make a difference. ``names``
    are all parameters of the type, ``parameters`` those that have a value. Raises ValueError for a query that the
    engine does not accept or that breaks a rule of pre-binding.
    """
    normal, tokens = _admitted(text, None, ask=False)
    mentioned = _variables(tokens)
    without = sorted(mentioned & OPTIONAL)
    if without:
        raise ValueError(f"its query has ${without[0]}, which has no value in a target")
    _check(tokens, set(names))
    bound = frozenset(mentioned & parameters.keys())
    queries = [_query(normal, tokens, bound, parameters)]
    if starts_from_this(normal.text) and not any(token.keyword == "VALUES" for token in tokens):
        queries.append(_query(normal, tokens, bound | {"this"}, parameters))
    for query in queries:
        _try(query, normal)
    return queries[0], queries[1] if len(queries) > 1 else None


def read_function_query(
    text: str, given: Collection[str], names: Collection[str], *, ask: bool
) -> tuple[SparqlQuery, tuple[str, ...]]:
    """Read the query of a function, in which the parameters that are ``given`` are pre-bound, of all ``names``.

    Returned are the query and its result variables, of which an ASK has one without a meaning. Raises ValueError for a
    query that the engine does not accept or that breaks a rule of pre-binding.
    """
    normal, tokens = _admitted(text, None, ask=ask)
    mentioned = _variables(tokens)
    without = sorted(mentioned & OPTIONAL)
    if without:
        raise ValueError(f"its query has ${without[0]}, which has no value in a function")
    _check(tokens, set(names), projects_this=False)
    query = _query(normal, tokens, mentioned & set(given), {}, ask=ask)
    _try(query, normal)
    result = _EMPTY.query(query.text, base_iri=query.base)
    names = [variable.value for variable in result.variables] if isinstance(result, ox.QuerySolutions) else ["conforms"]
    return query, tuple(names)


def _admitted(text: str, path: Path | None, *, ask: bool) -> tuple[NormalForm, list[Token]]:
    normal = _normal(_with_path(text, path))
    try:
        admit(normal.text, service=True, load=True)  # both are refused below, for a reason of SHACL's own
    except CoopkgError as error:
        raise ValueError(f"its query cannot be used: {error.detail}") from None
    tokens = list(significant(normal.text))
    form = next((token.keyword for token in tokens if token.keyword in _FORMS), "")
    # The form is checked by tokens: the word may also stand in a comment or a string.
    if form != ("ASK" if ask else "SELECT"):
        raise ValueError(f"its query must be {'an ASK' if ask else 'a SELECT'}")
    return normal, tokens


def _variables(tokens: list[Token]) -> frozenset[str]:
    return frozenset(token.text[1:] for token in tokens if token.kind is Kind.VARIABLE)


def _query(  # noqa: PLR0913 - what makes a query
    normal: NormalForm,
    tokens: list[Token],
    names: frozenset[str],
    parameters: Mapping[str, Node],
    *,
    ask: bool = False,
    set_based: bool = False,
) -> SparqlQuery:
    return SparqlQuery(
        text=normal.text,
        bound=_rewritten(normal.text, tokens, sorted(names), ask=ask),
        names=names,
        ask=ask,
        set_based=set_based,
        parameters=tuple((name, parameters[name]) for name in sorted(parameters)),
        base=normal.base,
    )


def _try(query: SparqlQuery, normal: NormalForm) -> None:
    """Try a query on an empty store: a fault must refuse the shapes, not a validation later on. Raises ValueError."""
    try:
        _EMPTY.query(query.text, base_iri=query.base)
        values: dict[ox.Variable, Term] = {ox.Variable(name): _ANYTHING for name in query.names}
        _EMPTY.query(query.bound, base_iri=query.base, substitutions=values)
    except SyntaxError as error:
        raise ValueError(f"its query cannot be used: {explain_syntax(error, normal, _EMPTY.query)}") from None
    except RuntimeError as error:
        raise ValueError(f"its query cannot be used: {error}") from None


def _normal(text: str) -> NormalForm:
    try:
        return normal_form.of_query(text)
    except QuerySyntaxError as error:
        where = "; prefixes are those of sh:prefixes and sh:declare, not of the file"
        told = where if "is not declared" in error.detail else ""
        raise ValueError(f"its query cannot be used: {str(error).rstrip('.')}{told}") from None


def _with_path(text: str, path: Path | None) -> str:
    """Replace ``$PATH`` by the path of the property shape (SHACL, section 5.3.1)."""
    try:
        variables = [t for t in significant(text) if t.kind is Kind.VARIABLE and t.text[1:] == "PATH"]
    except QuerySyntaxError as error:
        raise ValueError(f"its query cannot be used: {error}") from None
    if variables and path is None:
        raise ValueError("its query has $PATH, which only a property shape has")
    written_out = f"({path.sparql()})" if path else ""
    for token in reversed(variables):  # from the end, so that the offsets before it stay right
        text = text[: token.start] + written_out + text[token.start + len(token.text) :]
    return text


def _check(tokens: list[Token], candidates: Collection[str], *, projects_this: bool = True) -> None:
    """Check the rules of pre-binding, and that the query has one data graph. Raises ValueError."""
    # Where nothing is pre-bound, as in a target without parameters, its rules do not matter.
    forbidden = _FORBIDDEN if candidates else {"SERVICE"}
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        name = following.text[1:] if following and following.kind is Kind.VARIABLE else ""
        if token.keyword in forbidden:
            raise ValueError(f"its query has {token.keyword}, which SHACL does not allow")
        if token.keyword == "AS" and name in candidates:
            raise ValueError(f"its query gives another value to ${name}, which is bound beforehand")
        if token.keyword == "FROM" or (token.keyword == "GRAPH" and name != "shapesGraph"):
            raise ValueError("its query names a graph, but the data graph is one graph")
    clauses = [_projected(tokens, index) for index, token in enumerate(tokens) if token.keyword == "SELECT"]
    form = next(token.keyword for token in tokens if token.keyword in _FORMS)
    if projects_this and form == "SELECT" and not clauses[0] & {"this", "*"}:
        raise ValueError("its query does not project $this")
    for projected in clauses[1:] if form == "SELECT" else clauses:
        missing = sorted(set(candidates) - OPTIONAL - projected)
        if missing:
            raise ValueError(f"a sub-select of its query does not project ${missing[0]}, which is bound beforehand")


def _projected(tokens: list[Token], select: int) -> set[str]:
    """Return the variables that a SELECT clause projects, or ``*``: those of its expressions only behind AS."""
    names: set[str] = set()
    depth = 0
    for token, before in zip(tokens[select + 1 :], tokens[select:], strict=False):
        if token.text == "{" or token.keyword == "WHERE":
            break
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "*" and before.keyword in {"SELECT", "DISTINCT", "REDUCED"}:
            return {"*"}
        if token.kind is Kind.VARIABLE and (not depth or before.keyword == "AS"):
            names.add(token.text[1:])
    return names


def _rewritten(text: str, tokens: list[Token], names: list[str], *, ask: bool) -> str:
    """Rewrite the query so that the engine can pre-bind variables in it."""
    listed = " ".join(f"?{name}" for name in names)
    row = " ".join(["{}"] * len(names))
    # A row of UNDEF joins with any solution. The others, an IRI and a string that no data has, are there for the
    # optimizer alone: they keep it from concluding that the variables have no value, or one kind of term.
    rows = " ".join(f"({row.replace('{}', cell)})" for cell in ("UNDEF", str(_ANYTHING), '"\\u0000"'))
    block = f" VALUES ({listed}) {{ {rows} }} " if names else ""
    parts: list[str] = []
    copied = 0
    for index, token in enumerate(tokens):
        following = tokens[index + 1].keyword if index + 1 < len(tokens) else ""
        end = token.start + len(token.text)
        # An ASK projects nothing, so the engine could bind nothing in it: it becomes a SELECT of the same pattern.
        if token.keyword == "ASK" and ask:
            parts += [text[copied : token.start], f"SELECT (true AS ?conforms) {listed} "]
        elif token.text == "{" and following != "SELECT":
            parts += [text[copied:end], block]
        # Grouping needs them too, or the projection of a variable that is not grouped would be an error.
        elif _is_clause(tokens, index) and "*" not in (projected := _projected_here(tokens, index)):
            missing = " ".join(f"?{name}" for name in names if name not in projected)
            parts += [text[copied:end], f" {missing} "]
        else:
            continue
        copied = end
    return "".join([*parts, text[copied:]])


def _is_clause(tokens: list[Token], index: int) -> bool:
    """Whether the names of variables may follow here: after SELECT, its DISTINCT or REDUCED, and GROUP BY."""
    following = tokens[index + 1].keyword if index + 1 < len(tokens) else ""
    before = tokens[index - 1].keyword if index else ""
    word = tokens[index].keyword
    select = word == "SELECT" and following not in {"DISTINCT", "REDUCED"}
    return select or (word in {"DISTINCT", "REDUCED"} and before == "SELECT") or (word == "BY" and before == "GROUP")


def _projected_here(tokens: list[Token], index: int) -> set[str]:
    return set() if tokens[index].keyword == "BY" else _projected(tokens, index)


@cached_by_text(1 << 20, 1)
def starts_from_this(text: str) -> bool:
    """Whether a query gives the same solutions for ``$this`` whether or not it is pre-bound.

    It does if each of its groups binds ``$this`` before anything else: by a triple pattern about it, or in every branch
    of a UNION. Besides it may nest OPTIONAL, EXISTS and NOT EXISTS, whose filters see the outer binding; in sub-selects
    they would not. A path of zero length would match nodes that the graph does not have.
    """
    tokens = list(significant(text))
    words = {token.keyword for token in tokens if token.kind is Kind.WORD}
    # A function such as RAND gives each focus node a value of its own only if the query is evaluated for each.
    if words & {"MINUS", "SERVICE", "LIMIT", "OFFSET", "GRAPH", *FRESH} or _count(tokens, "SELECT") > 1:
        return False
    opening = next((i for i, token in enumerate(tokens) if token.text == "{"), None)
    return opening is not None and _binds_this(tokens, opening) is not None


def _count(tokens: list[Token], keyword: str) -> int:
    return sum(token.keyword == keyword for token in tokens)


def _binds_this(tokens: list[Token], opening: int) -> int | None:
    """Return the index behind a group that binds ``$this`` before anything else, None for any other group."""
    index, bound, joined = opening + 1, False, False
    while index < len(tokens) and tokens[index].text != "}":
        token = tokens[index]
        if token.text == "{" or token.keyword == "UNION":
            after = _binds_this(tokens, index + (token.keyword == "UNION"))
            # Of a group that is joined with something, the engine shows EXISTS the variables outside or not, as it
            # happens to plan the join, which differs with what is bound beforehand.
            alone = not joined and (tokens[after].text == "}" or tokens[after].keyword == "UNION") if after else False
            if after is None or (not alone and _count(tokens[index:after], "EXISTS")):
                return None
            index, bound = after, True
            continue
        if not bound and (token.text != "?this" or _begins_with_zero_steps(tokens[index:])):
            return None
        bound = joined = True
        index += 1
        if token.keyword in {"OPTIONAL", "EXISTS"}:
            closing = _closing(tokens, index)
            # An OPTIONAL within another does not see the outer binding in its filters, nor do branches of a UNION.
            inner = tokens[index:closing]
            if _count(inner, "UNION") or (token.keyword == "OPTIONAL" and _count(inner, "OPTIONAL")):
                return None
            index = closing
    return index + 1 if bound else None


def _closing(tokens: list[Token], opening: int) -> int:
    """Return the index behind the bracket that closes a group."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[index].text, 0)
        if not depth:
            return index + 1
    return len(tokens)


def _begins_with_zero_steps(inner: list[Token]) -> bool:
    for token in inner[1:]:
        if token.text in {"*", "?"}:
            return True
        if token.kind is Kind.VARIABLE or token.text in {".", ";", ",", "{", "}"}:
            return False
    return False
