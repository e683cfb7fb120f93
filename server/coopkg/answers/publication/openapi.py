"""The description of the HTTP interface (OpenAPI 3.1), computed from the routes and the tables that serve requests.

A route that nothing more is known of is described by its path, its methods and the sentence of its view.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from coopkg import __version__
from coopkg.answers.http.protocol import FORM, QUERY_BODY, UPDATE_BODY
from coopkg.errors import CoopkgError
from coopkg.rdf.formats import GRAPH_FORMATS, RDF_1_1, RDF_1_2, SOLUTION_FORMATS
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.shacl.report_formats import NAMES, REPORT_FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.answers.http.routes import Route
    from coopkg.answers.saved_queries import SavedQuery

METHODS: Final = ("get", "put", "post", "delete", "patch")
"""Methods that an OpenAPI document can describe and that do something here, as it spells them."""
SAVED: Final = "queries."
"""What the names of operations begin with that are saved queries."""
_TYPES: Final = {"integer": "integer", "decimal": "number", "boolean": "boolean"}
_JSON: Final = "application/json"
_HTML: Final = "text/html"
_MULTIPART: Final = "multipart/form-data"


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation: in the query string, or in the path."""

    name: str
    required: bool = False
    options: tuple[str, ...] = ()
    many: bool = False
    type: str = "string"
    default: str | None = None
    place: str = "query"
    text: str = ""


@dataclass(frozen=True)
class Operation:
    """What can be done at a path: ``body`` and ``answers`` are media types, ``scope`` that of the token it needs.

    ``example`` is what curl is told beside the address of the server: options, then path and query.
    """

    path: str
    method: str
    name: str
    summary: str = ""
    tag: str = "pages"
    parameters: tuple[Parameter, ...] = ()
    body: tuple[str, ...] = ()
    answers: tuple[str, ...] = (_HTML,)
    status: int = 200
    scope: str = ""
    example: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Known:
    """What is known of an operation beside its route."""

    tag: str
    parameters: tuple[Parameter, ...] = ()
    body: tuple[str, ...] = ()
    answers: tuple[str, ...] = (_JSON,)
    status: int = 200
    scope: str = ""
    example: tuple[str, ...] = ()


def _media(*tables: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fmt.media_type for table in tables for fmt in table))


_SOLUTIONS, _GRAPHS = _media(SOLUTION_FORMATS), _media(GRAPH_FORMATS)
_TRIPLES: Final = _media(f for f in GRAPH_FORMATS if not f.quads)
_FORMAT: Final = Parameter("format", options=tuple(f.name for f in (*SOLUTION_FORMATS, *GRAPH_FORMATS)))
_ENTAILMENT: Final = Parameter("entailment", options=("on", "off"))
_VERSION: Final = Parameter("version", options=(RDF_1_1, RDF_1_2), text="the version of RDF")
_LANG: Final = Parameter("lang", options=LANGUAGES)
_GRAPHS_OF: Final = (Parameter("default-graph-uri", many=True), Parameter("named-graph-uri", many=True))
_QUERY: Final = (Parameter("query", required=True), *_GRAPHS_OF, _FORMAT, _ENTAILMENT)
_NOTE: Final = (Parameter("message"), Parameter("source"))
_ONE_GRAPH: Final = (Parameter("graph"), Parameter("default", type="boolean"))
_TRIPLE: Final = tuple(Parameter(name, required=True) for name in ("subject", "predicate", "object"))
_FACTS: Final = "data/facts.ttl"
_COUNT: Final = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"

KNOWN: Final[Mapping[tuple[str, str], _Known]] = {
    ("sparql.query", "get"): _Known(
        "query", (replace(_QUERY[0], required=False), *_QUERY[1:]), answers=(*_SOLUTIONS, *_GRAPHS, _HTML),
        example=("--get", "--data-urlencode", f"query={_COUNT}", "-H", "Accept: text/csv", "/sparql"),
    ),
    ("sparql.query", "post"): _Known(
        "query", _QUERY[1:], (QUERY_BODY, FORM), (*_SOLUTIONS, *_GRAPHS),
        example=("-H", f"Content-Type: {QUERY_BODY}", "--data", _COUNT, "/sparql"),
    ),
    ("questions.query_list", "get"): _Known(
        "query", answers=(_JSON, _HTML), example=("-H", f"Accept: {_JSON}", "/queries")
    ),
    ("questions.query_page", "get"): _Known(
        "query", (_FORMAT, _ENTAILMENT), answers=(*_SOLUTIONS, *_GRAPHS, _HTML),
        example=("/queries/european-programs.csv",),
    ),
    ("graph_store.graph", "get"): _Known(
        "read", (*_ONE_GRAPH, _VERSION), answers=_GRAPHS, example=("-H", "Accept: text/turtle", "/graphs?default")
    ),
    ("graph_store.graph", "put"): _Known("write", (*_ONE_GRAPH, *_NOTE), _TRIPLES, (), 204, "graphs"),
    ("graph_store.graph", "post"): _Known("write", (*_ONE_GRAPH, *_NOTE), (*_TRIPLES, _MULTIPART), (), 204, "graphs"),
    ("graph_store.graph", "delete"): _Known("write", (*_ONE_GRAPH, *_NOTE), (), (), 204, "graphs"),
    ("entities.entity", "get"): _Known(
        "read", (_VERSION,), answers=(*_GRAPHS, _HTML), example=("-H", "Accept: text/turtle", "/id/country/BY")
    ),
    ("explain.explain", "get"): _Known(
        "read", (*_TRIPLE, Parameter("format", options=("json", "txt")), _LANG), answers=(_JSON, "text/plain", _HTML),
        example=("/explain?subject=project:supertwin&predicate=coop:involvesCountry&object=country:BY&format=txt",),
    ),
    ("facts.context", "get"): _Known("read", answers=("application/ld+json",), example=("/context.jsonld",)),
    ("validate.validate", "post"): _Known(
        "validate",
        (Parameter("against", options=("dataset", "nothing"), default="dataset"),
         Parameter("ontology", type="boolean"), Parameter("graph"),
         Parameter("whole", type="boolean"), Parameter("format", options=NAMES), _LANG),
        (*_GRAPHS, _MULTIPART, FORM), tuple(face.format.media_type for face in REPORT_FORMATS),
        example=("-H", "Content-Type: text/turtle", "-H", f"Accept: {_JSON}", "--data-binary", f"@{_FACTS}",
                 "/validate"),
    ),
    ("facts.add", "post"): _Known(
        "write", (Parameter("graph"), *_NOTE), (*_GRAPHS, _MULTIPART), (_JSON,), 201, "facts",
        ("-H", "Authorization: Bearer $TOKEN", "-H", "Content-Type: text/turtle", "--data-binary", f"@{_FACTS}",
         "/facts"),
    ),
    ("update.update", "post"): _Known(
        "write", (Parameter("using-graph-uri", many=True), Parameter("using-named-graph-uri", many=True), *_NOTE),
        (UPDATE_BODY, FORM), scope="update",
        example=("-H", "Authorization: Bearer $TOKEN", "-H", f"Content-Type: {UPDATE_BODY}", "--data",
                 "INSERT DATA {}", "/update"),
    ),
    ("changes.versions", "get"): _Known(
        "read", (Parameter("before", type="integer"),), answers=(_JSON, _HTML),
        example=("-H", f"Accept: {_JSON}", "/changes"),
    ),
    ("changes.version", "get"): _Known("read", answers=(_JSON, "application/rdf-patch", *_TRIPLES, _HTML)),
    ("changes.revert", "post"): _Known("write", scope="admin", status=201),
    ("search.search", "get"): _Known(
        "read", (Parameter("q"), Parameter("type"), _LANG), answers=(_JSON, _HTML),
        example=("-H", f"Accept: {_JSON}", "/search?q=shumilin"),
    ),
    ("search.complete", "get"): _Known("read", (Parameter("q"), _LANG), example=("/complete?q=bel",)),
    ("discovery.void", "get"): _Known("read", answers=_TRIPLES, example=("/.well-known/void",)),
    ("discovery.catalog", "get"): _Known("read", answers=_TRIPLES, example=("/catalog",)),
    ("dumps.listing", "get"): _Known("read", answers=(_HTML,), example=("/dumps/",)),
    ("dumps.manifest", "get"): _Known("read", example=("/dumps/manifest.json",)),
    ("dumps.sums", "get"): _Known("read", answers=("text/plain",), example=("/dumps/SHA256SUMS",)),
    ("dumps.dump", "get"): _Known("read", (_VERSION,), answers=("application/octet-stream",)),
    ("api.description", "get"): _Known("operate", answers=(_JSON,), example=("/openapi.json",)),
    ("status.status", "get"): _Known(
        "operate", (_LANG,), answers=("text/plain", _JSON, _HTML), example=("/status",)
    ),
    ("operations.health", "get"): _Known("operate", example=("/health",)),
    ("operations.ready", "get"): _Known("operate", example=("/ready",)),
    ("operations.limits", "get"): _Known("operate", example=("/limits",)),
    ("operations.counters", "get"): _Known("operate", answers=("text/plain",), example=("/metrics",)),
}  # fmt: skip
"""What is known of the operations of data, by endpoint and method; all others are pages."""
TAGS: Final = ("query", "read", "validate", "write", "operate", "pages")
REFUSING: Final = {"sparql.query": ("put", "delete", "patch"), "graph_store.graph": ("patch",),
                    "update.update": ("get", "put", "delete", "patch")}  # fmt: skip
"""Methods that are routed only to be refused in the words of their protocol."""


def operations(routes: Iterable[Route], queries: Mapping[str, SavedQuery]) -> list[Operation]:
    """Return every operation, in the order of the tags; each saved query is one of its own, with its parameters."""
    found = [made for route in routes for made in _of(route)]
    found += [_saved(query) for query in queries.values()]
    return sorted(found, key=lambda o: (TAGS.index(o.tag), o.name.startswith(SAVED), o.path, METHODS.index(o.method)))


def _of(route: Route) -> Iterable[Operation]:
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule)
    named = tuple(Parameter(name, required=True, place="path") for name in re.findall(r"{(\w+)}", path))
    for method in METHODS:
        if method.upper() not in route.methods or method in REFUSING.get(route.endpoint, ()):
            continue
        known = KNOWN.get((route.endpoint, method))
        blank = Operation(path, method, route.endpoint, route.summary, parameters=named)
        if known is None:
            yield replace(blank, body=(FORM,) if method == "post" else ())
            continue
        indirect = tuple(p for p in known.parameters if not (named and p in _ONE_GRAPH))
        fits = known.example and not (named and "{" in path and "/graphs" in path)
        yield replace(blank, tag=known.tag, parameters=(*named, *indirect), body=known.body, answers=known.answers,
                      status=known.status, scope=known.scope, example=known.example if fits else ())  # fmt: skip


def _saved(query: SavedQuery) -> Operation:
    graph = query.form in {"CONSTRUCT", "DESCRIBE"}
    parameters = tuple(
        Parameter(p.name, p.default is None, type=_TYPES.get(p.type, "string"), default=p.default,
                  text=p.label.get(LANGUAGES[0], ""))
        for p in query.parameters
    )  # fmt: skip
    offered = GRAPH_FORMATS if graph else SOLUTION_FORMATS
    formats = Parameter("format", options=tuple(f.name for f in offered))
    summary = query.summary[LANGUAGES[0]]
    return Operation(f"/queries/{query.slug}", "get", f"{SAVED}{query.slug}", summary, "query",
                     (*parameters, formats, _ENTAILMENT), (), (*(_GRAPHS if graph else _SOLUTIONS), _HTML))  # fmt: skip


def document(found: Iterable[Operation], title: str, description: str) -> dict[str, Any]:
    """Return the OpenAPI document of the operations. All names and enumerations come from the tables of the program."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in found:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": __version__,
            "description": description,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in TAGS],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {"Problem": {
                "description": "What went wrong, as RFC 9457 describes it.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
            "schemas": {"Problem": _problem()},
        },
    }  # fmt: skip


def _problem() -> dict[str, Any]:
    kinds = sorted({error.slug() for error in _errors(CoopkgError)})
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri", "description": f"Ends with one of: {', '.join(kinds)}."},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
        },
        "additionalProperties": True,
    }


def _errors(root: type[CoopkgError]) -> Iterable[type[CoopkgError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _errors(kind)


def _described(operation: Operation) -> dict[str, Any]:
    whole: dict[str, Any] = {"description": operation.summary or operation.name}
    if operation.answers:
        whole["content"] = {media: {} for media in operation.answers}
    found: dict[str, Any] = {
        "operationId": _identifier(operation),
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": {str(operation.status): whole, "default": {"$ref": "#/components/responses/Problem"}},
    }
    if operation.body:
        found["requestBody"] = {"required": True, "content": {media: {} for media in operation.body}}
    if operation.scope:
        found["security"] = [{"token": []}]
        found["description"] = f"Needs a token with the scope {operation.scope}."
    return found


def _identifier(operation: Operation) -> str:
    """Return a name that no other operation has: the method and what the path is made of."""
    path = operation.path + ("index" if operation.path.endswith("/") else "")
    return "-".join([operation.method, *re.findall(r"[\w.]+", path)])


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.type}
    if parameter.options:
        schema["enum"] = list(parameter.options)
    if parameter.default is not None:
        schema["default"] = _typed(parameter)
    if parameter.many:
        schema = {"type": "array", "items": schema}
    text = {"description": parameter.text} if parameter.text else {}
    return {"name": parameter.name, "in": parameter.place, "required": parameter.required, **text, "schema": schema}


def _typed(parameter: Parameter) -> object:
    match parameter.type:
        case "integer":
            return int(parameter.default or 0)
        case "number":
            return float(parameter.default or 0)
        case "boolean":
            return parameter.default == "true"
        case _:
            return parameter.default
