"""``/explain``: why the graph holds a triple, down to what is asserted and the claims that it rests on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request

from coopkg.entailment import Why
from coopkg.errors import BadParameter, NotAcceptable
from coopkg.negotiation import choose, prefers_html
from coopkg.reasoning.wording import Names, axiom_texts
from coopkg.representation import etag, matches
from coopkg.results import Format
from coopkg.terms import cell, from_ntriples, named_node, term_of, triples_from_ntriples
from coopkg.vocab import prefixes
from coopkg.web.page import page, visitor
from coopkg.web.values import service

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    if not request.args.get("format") and prefers_html(accept, OFFERED):
        answer = json.loads(service().engine.explain(why).body)
        names = prefixes(service().settings.base)
        return page("explain.html", proof=_shown(answer["proof"], names), why=why)
    fmt, language = _format(accept), visitor().language
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


def _why() -> Why:
    """Give the question. Raises BadParameter."""
    missing = next((name for name in _TERMS if not request.args.get(name)), None)
    if missing:
        raise BadParameter(f"The parameter {missing!r} is missing: a triple has {', '.join(_TERMS)}.")
    names = prefixes(service().settings.base)
    subject, predicate, obj = (request.args[name] for name in _TERMS)
    return Why(
        str(named_node(subject, names, "subject")),
        str(named_node("rdf:type" if predicate == "a" else predicate, names, "predicate")),
        str(term_of(obj, names, "object")),
    )


def _format(accept: str | None) -> Format:
    asked = request.args.get("format")
    if not asked:
        return choose(accept, OFFERED)
    found = next((fmt for fmt in OFFERED if fmt.name == asked), None)
    if found is None:
        available = [fmt.name for fmt in OFFERED]
        raise NotAcceptable(
            f"A proof is not given as {asked!r}; there are {', '.join(available)}.", available=available
        )
    return found


def _shown(proof: Mapping[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Give a node of the proof with its terms as a page shows them."""
    (triple,) = triples_from_ntriples([proof["triple"]])
    shown: dict[str, Any] = {"triple": [cell(term, names) for term in triple]}
    if "asserted" in proof:
        graphs = [cell(from_ntriples(f"<{graph}>"), names) for graph in proof["asserted"] if graph]
        claims = [
            cell(from_ntriples(f"<{c['claim']}>"), names) | {"paraphrase": c["paraphrase"]} for c in proof["claims"]
        ]
        return shown | {"graphs": graphs, "claims": claims, "exact": proof["exact"]}
    return shown | {
        "rule": proof["rule"],
        "meaning": proof["meaning"],
        "axioms": axiom_texts(triples_from_ntriples(proof["axioms"]), Names(names)),
        "premises": [_shown(premise, names) for premise in (*proof["premises"], *proof["inferredAxioms"])],
    }
