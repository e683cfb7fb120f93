"""pySHACL as the reference implementation: graphs go in as quads, its results graph comes out as a Report.

Tests compare our engine with it, and so can anybody by ``coopkg validate --engine pyshacl``.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl.report import Report, Result, Severity
from coopkg.sparql.lexer import Kind, significant, unescape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.rdf.terms import Term

_SH: Final = STANDARD_PREFIXES["sh"]
_SPARQL: Final = frozenset(_SH + name for name in ("select", "ask", "construct", "update"))
_FETCHING: Final = frozenset({"SERVICE", "LOAD", "FROM"})


def validate(data: Iterable[ox.Quad], shapes: Iterable[ox.Quad]) -> Report:
    """Validate the union of ``data`` against ``shapes``. Raises DatasetBroken where the shapes cannot be used."""
    return PyshaclValidator(shapes).validate(data)


class PyshaclValidator:
    """Applies shapes that have been read once to any number of data graphs, by pySHACL.

    Raises DatasetBroken for shapes whose queries would make requests.
    """

    def __init__(self, shapes: Iterable[ox.Quad]) -> None:
        self._prepared: dict[tuple[str, tuple[tuple[str, Any], ...]], Any] = {}
        quads = list(shapes)
        _refuse_fetching(quads)
        self._shapes = self._graph(quads)
        # pySHACL leaves out the targets that queries select, and so their shapes, and expressions, unless it is told.
        self._advanced = any(quad.predicate.value in {_SH + "target", _SH + "expression"} for quad in quads)

    def validate(self, data: Iterable[ox.Quad]) -> Report:
        """Return pySHACL's report. Raises DatasetBroken where the shapes cannot be used."""
        import pyshacl  # noqa: PLC0415 - 0.5 s of imports, needed only here
        from pyshacl.errors import ReportableRuntimeError, ShapeLoadError, ValidationFailure  # noqa: PLC0415

        try:
            _, results, _ = pyshacl.validate(
                self._graph(data), shacl_graph=self._shapes, inference="none", advanced=self._advanced, meta_shacl=False
            )
        except (ShapeLoadError, ReportableRuntimeError, ValidationFailure) as error:
            raise DatasetBroken(f"The shapes cannot be used: {error}.") from None
        except (MemoryError, KeyboardInterrupt):
            raise
        except Exception as error:  # noqa: BLE001 - pySHACL raises whatever it trips over in somebody's shapes
            raise DatasetBroken(f"The shapes cannot be used: {type(error).__name__}: {error}.") from None
        if isinstance(results, ValidationFailure):
            raise DatasetBroken(f"The shapes cannot be used: {results}.")
        return Report.of(_result(results, node) for node in _nodes(results))

    def _graph(self, quads: Iterable[ox.Quad]) -> Any:  # noqa: ANN401 - rdflib must not be imported for its types
        import rdflib  # noqa: PLC0415
        from rdflib.plugins.sparql import prepareQuery  # noqa: PLC0415

        cache = self._prepared

        def prepare(text: str, namespaces: dict[str, Any]) -> Any:  # noqa: ANN401
            key = (text, tuple(sorted(namespaces.items())))
            if key not in cache:
                cache[key] = prepareQuery(text, initNs=namespaces)
            return cache[key]

        class PreparedGraph(rdflib.Graph):
            """A graph that parses each query text once, not once for each focus node: 81 s become 6 s here."""

            def query(self, query_object: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                namespaces = kwargs.pop("initNs", None) or {}
                prepared = prepare(query_object, namespaces) if isinstance(query_object, str) else query_object
                return super().query(prepared, *args, **kwargs)

        graph = PreparedGraph(bind_namespaces="none")
        for quad in quads:
            graph.add((_to_rdflib(quad.subject), _to_rdflib(quad.predicate), _to_rdflib(quad.object)))
        return graph


def _refuse_fetching(shapes: Iterable[ox.Quad]) -> None:
    """Refuse shapes whose queries would make requests. Raises DatasetBroken."""
    # pySHACL refuses SERVICE by a regular expression, which "SERVICE?u" and "SERVICE#comment" pass, and rdflib, which
    # runs its queries, opens the addresses in FROM. So keywords are looked for among the tokens of the query, and of
    # what rdflib makes of it: it decodes codepoint escapes before it looks for tokens, so that one can end a string.
    for quad in shapes:
        if quad.predicate.value in _SPARQL and isinstance(quad.object, ox.Literal):
            text = quad.object.value
            tokens = chain.from_iterable(significant(t) for t in {text, unescape(text)})
            words = {token.keyword for token in tokens if token.kind is Kind.WORD}
            if words & _FETCHING:
                named = ", ".join(sorted(words & _FETCHING))
                raise DatasetBroken(f"A query of the shapes has {named}: nothing is fetched.")


def _to_rdflib(term: object) -> Any:  # noqa: ANN401
    import rdflib  # noqa: PLC0415

    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return rdflib.BNode(term.value)
    if isinstance(term, ox.Literal):
        if term.language:
            return rdflib.Literal(term.value, lang=term.language)
        datatype = term.datatype.value
        plain = datatype == STANDARD_PREFIXES["xsd"] + "string"
        # rdflib normalises by default, and reads "none"^^xsd:boolean as false: an ill-typed literal would not be seen.
        return rdflib.Literal(term.value, datatype=None if plain else rdflib.URIRef(datatype), normalize=False)
    raise DatasetBroken(f"{term} is a triple term, which the shapes cannot speak of.")


def _from_rdflib(term: Any) -> Term:  # noqa: ANN401
    import rdflib  # noqa: PLC0415

    if isinstance(term, rdflib.URIRef):
        return ox.NamedNode(str(term))
    if isinstance(term, rdflib.BNode):
        return ox.BlankNode(str(term))
    if term.language:
        return ox.Literal(str(term), language=term.language)
    return ox.Literal(str(term), datatype=ox.NamedNode(str(term.datatype))) if term.datatype else ox.Literal(str(term))


def _nodes(results: Any) -> Any:  # noqa: ANN401
    import rdflib  # noqa: PLC0415

    return results.objects(None, rdflib.URIRef(_SH + "result"))


def _result(results: Any, node: Any) -> Result:  # noqa: ANN401
    import rdflib  # noqa: PLC0415

    def value(name: str) -> Any:  # noqa: ANN401
        return results.value(node, rdflib.URIRef(_SH + name))

    messages = {m.language or "en": str(m) for m in results.objects(node, rdflib.URIRef(_SH + "resultMessage"))}
    path, value_node = value("resultPath"), value("value")
    return Result(
        focus=_from_rdflib(value("focusNode")),
        shape=_name(value("sourceShape")),
        component=str(value("sourceConstraintComponent")),
        severity=next((s for s in Severity if _SH + s.value == str(value("resultSeverity"))), Severity.VIOLATION),
        path=str(path) if isinstance(path, rdflib.URIRef) else None,
        value=None if value_node is None else _from_rdflib(value_node),
        messages=messages,
    )


def _name(term: Any) -> str:  # noqa: ANN401
    import rdflib  # noqa: PLC0415

    return f"_:{term}" if isinstance(term, rdflib.BNode) else str(term)
