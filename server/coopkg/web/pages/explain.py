"""``/explain``: why the graph holds a triple, down to what is asserted and the claims that it rests on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
from flask import Blueprint, Response, request

from coopkg.answers.http.negotiation import choose, prefers_html
from coopkg.answers.http.validators import etag, matches
from coopkg.dataset.entailment import ExplanationRequest
from coopkg.errors import BadParameter
from coopkg.rdf.formats import Format
from coopkg.rdf.namespaces import STANDARD_PREFIXES, prefixes
from coopkg.rdf.shown_terms import ShownTerm, shown_iri, shown_term
from coopkg.rdf.terms import named_node, term_of, triples_from_ntriples
from coopkg.reasoning.notation import Names, axiom_parts, axiom_texts
from coopkg.sparql.query_text import query_text
from coopkg.web.parts.named_terms import naming
from coopkg.web.parts.page_response import page, visitor
from coopkg.web.parts.request_values import one_argument, service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coopkg.answers.service import Service

blueprint = Blueprint("explain", __name__)
OFFERED: Final = (
    Format("json", "application/json", "", aliases=("text/json",)),
    Format("txt", "text/plain", "", charset=True),
)
_TERMS: Final = ("subject", "predicate", "object")


@blueprint.get("/explain")
def explain() -> Response:
    """Say why a triple holds: a page, JSON, or text. Terms are as a person writes them, or as N-Triples has them."""
    why, tag = _why(), service().engine.tag()
    accept = request.headers.get("Accept")
    if not (asked := one_argument("format")) and prefers_html(accept, OFFERED):
        return _page(json.loads(service().engine.explain(why).body), why)
    fmt, language = choose(accept, OFFERED, asked), visitor().language
    headers = {
        "Vary": "Accept, Accept-Language",
        "ETag": etag(tag, why.subject, why.predicate, why.object, fmt.name, language),
        "Cache-Control": "public, max-age=0, must-revalidate",
    }
    if matches(request.headers.get("If-None-Match"), headers["ETag"]):
        return Response(status=304, headers=headers)
    body = service().engine.explain(why).body
    if fmt.name == "txt":
        body, headers["Content-Language"] = f"{json.loads(body)['text'][language]}\n".encode(), language
    return Response(body, content_type=fmt.content_type, headers=headers)


def _why() -> ExplanationRequest:
    """Return the question. Raises BadParameter."""
    missing = next((name for name in _TERMS if not one_argument(name)), None)
    if missing:
        raise BadParameter(f"The parameter {missing!r} is missing: a triple has {', '.join(_TERMS)}.")
    names = prefixes(service().settings.base)
    subject, predicate, obj = (one_argument(name) for name in _TERMS)
    return ExplanationRequest(
        str(named_node(subject, names, "subject")),
        str(named_node("rdf:type" if predicate == "a" else predicate, names, "predicate")),
        str(term_of(obj, names, "object")),
    )


def _shown(proof: Mapping[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a node of the proof with its terms as a page shows them."""
    (triple,) = triples_from_ntriples([proof["triple"]])
    node: dict[str, Any] = {"triple": [shown_term(term, names) for term in triple]}
    if "asserted" in proof:
        graphs = [shown_iri(graph, names) for graph in proof["asserted"] if graph]
        claims = [{"term": shown_iri(c["claim"], names), "paraphrase": c["paraphrase"]} for c in proof["claims"]]
        sources = [shown_iri(source, names) for source in proof["sources"]]
        return node | {"graphs": graphs, "claims": claims, "sources": sources, "ground": proof["ground"]}
    axioms = triples_from_ntriples(proof["axioms"])
    return node | {
        "rule": proof["rule"],
        "meaning": proof["meaning"],
        "axioms": [
            {"code": text, "parts": [[shown_term(term, names) for term in part] for part in parts]}
            for text, parts in zip(axiom_texts(axioms, Names(names)), axiom_parts(axioms), strict=True)
        ],
        "premises": [_shown(premise, names) for premise in (*proof["premises"], *proof["inferredAxioms"])],
    }


def _page(answer: Mapping[str, Any], why: ExplanationRequest) -> Response:
    """Return the page with the proof: every term named, the axioms in words, the claims with who says them and how."""
    running, visit = service(), visitor()
    proof = _shown(answer["proof"], prefixes(running.settings.base))
    claims = {claim["term"].iri for node in _nodes(proof) for claim in node.get("claims", ())}
    attribution = _attribution(running, claims)
    name = naming(running, visit, [proof, list(attribution.values())])
    steps = sum("rule" in node for node in _nodes(proof))
    leaves = len({str(node["triple"]) for node in _nodes(proof) if "rule" not in node})
    return page("explain.html", proof=proof, why=why, name=name, attribution=attribution, steps=steps, leaves=leaves)


def _nodes(proof: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return every node of the proof."""
    waiting = [proof]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.get("premises", ())


def _attribution(running: Service, claims: Iterable[str]) -> dict[str, dict[str, ShownTerm]]:
    """Return voice, certainty and speaker of each claim, by claim."""
    nodes = [named_node(claim, {}, "claim") for claim in sorted(claims)]
    if not nodes:
        return {}
    base, names = running.settings.base, prefixes(running.settings.base)
    text = query_text(
        "SELECT ?c ?voice ?certainty ?speaker WHERE { VALUES ?c { [[claims]] } "
        "?c [[voice]] ?voice ; [[certainty]] ?certainty ; [[speaker]] ?speaker }",
        claims=nodes,
        voice=ox.NamedNode(f"{base}ontology#hasVoice"),
        certainty=ox.NamedNode(f"{base}ontology#hasCertainty"),
        speaker=ox.NamedNode(f"{STANDARD_PREFIXES['prov']}wasAttributedTo"),
    )
    return {
        row["c"]: {key: shown_iri(row[key], names) for key in ("voice", "certainty", "speaker")}
        for row in running.rows(text)
    }
