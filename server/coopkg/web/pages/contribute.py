"""``/contribute``: forms for new facts and corrections, generated from the shapes; a token alone writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, redirect, request

from coopkg.dataset.changes import PATCH, POST, Change, Payload
from coopkg.dataset.proposals import Proposal
from coopkg.dataset.published_files import find_published
from coopkg.dataset.validation_questions import Question, Upload
from coopkg.errors import BadParameter, DoesNotConform, Forbidden, NotFound, Unauthorized
from coopkg.rdf.namespaces import CONTRIBUTIONS, prefixes
from coopkg.rdf.shown_terms import shown_iri
from coopkg.rdf.terms import compact, named_node
from coopkg.shacl.report_formats import page_data
from coopkg.web.forms.contribution import Contribution, compose, filled
from coopkg.web.forms.entered_values import InputError, Values, one_value, read_values
from coopkg.web.forms.form_model import TYPE, Form, forms
from coopkg.web.forms.lookups import Graph
from coopkg.web.i18n import best
from coopkg.web.parts.form_fields import FieldRenderer, evidence_keys
from coopkg.web.parts.named_terms import naming
from coopkg.web.parts.page_response import page, visitor
from coopkg.web.parts.report_view import changed, listings, problems_of
from coopkg.web.parts.request_values import one_argument, refuse_other_sites, service
from coopkg.web.parts.write_requests import author_for

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

    from coopkg.answers.service import Service
    from coopkg.rdf.shown_terms import ShownTerm

blueprint = Blueprint("contribute", __name__)
blueprint.before_request(refuse_other_sites)
_FILE: Final = "contribution"


@blueprint.get("/contribute")
def contribute() -> Response | Redirect:
    """List the forms; with ``about``, lead on to the one that corrects what is said of that thing."""
    running, seen = service(), visitor()
    about = one_argument("about")
    if "about" in request.args:
        iri = named_node(about, prefixes(running.settings.base), "about").value
        form = _form_of(running, iri)
        return redirect(seen.link(f"/contribute/{form.name}", about=iri), 303)
    listed = [
        {"name": f.name, "label": best(f.names, seen.language), "definition": best(f.definitions, seen.language)}
        for f in forms(running).values()
    ]
    return page("contribute.html", forms=sorted(listed, key=lambda form: form["label"][0].casefold()))


def _form_of(running: Service, iri: str) -> Form:
    """Return the form that a thing can be corrected by: the one of its nearest class. Raises NotFound."""
    said = Graph(running).said(iri)
    classes = {getattr(fact.term, "value", "") for fact in said if fact.path == TYPE}
    fitting = [form for form in forms(running).values() if classes & set(form.classes) and iri.startswith(form.folder)]
    if not fitting:
        raise NotFound(f"There is no form for {iri}: nothing is asserted of it, or its class has none.")
    return min(fitting, key=lambda form: len(form.classes))


@blueprint.get("/contribute/<name>")
def form(name: str) -> Response:
    """Show a form: empty, or filled with what is said of the thing that ``about`` names."""
    running = service()
    found, graph = _form(running, name), Graph(running)
    about = _about(running, found, one_argument("about"))
    values = filled(found, graph.said(about), graph.prefixes) if about else {}
    return _page(running, found, values, about)


@blueprint.post("/contribute/<name>")
def fill(name: str) -> Response | Redirect:
    """Take a filled form: show what it gives and what is wrong, save it as a file, or write it with a token."""
    running = service()
    found, values = _form(running, name), read_values(request.form.items(multi=True))
    about = _about(running, found, one_value(values, "about"))
    if one_value(values, "more"):
        return _page(running, found, values, about, more=one_value(values, "more"))
    made = compose(found, values, Graph(running), about)
    if made.troubles:
        return _page(running, found, values, about, made=made)
    match one_value(values, "do"):
        case "turtle":
            return _saved(made.turtle(running.settings.base), "text/turtle; charset=utf-8", "ttl")
        case "patch":
            patch = f"TX .\n{made.patch(running.settings.base + CONTRIBUTIONS)}\nTC .\n"
            return _saved(patch, "application/rdf-patch; charset=utf-8", "rdfp")
        case "write":
            return _write(running, found, values, about, made)
        case _:
            return _page(running, found, values, about, made=made)


def _form(running: Service, name: str) -> Form:
    found = forms(running).get(name)
    if found is None:
        raise NotFound(f"There is no form {name!r}.", suggestion=sorted(forms(running)))
    return found


def _about(running: Service, form: Form, text: str) -> str:
    """Return the thing that is corrected, empty where there is none. Raises BadParameter, NotFound."""
    if not text:
        return ""
    iri = named_node(text, prefixes(running.settings.base), "about").value
    if _form_of(running, iri).cls not in {form.cls, *form.classes}:
        raise BadParameter(f"This form is not the one for {iri}.")
    return iri


def _saved(text: str, kind: str, suffix: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename={_FILE}.{suffix}", "Cache-Control": "no-store"}
    return Response(text, content_type=kind, headers=headers)


def _write(running: Service, form: Form, values: Values, about: str, made: Contribution) -> Response | Redirect:
    """Write what was filled in, as ``POST /facts`` does; a token that will not do is told beside its field."""
    base = running.settings.base
    graph = base + CONTRIBUTIONS
    try:
        elsewhere = any(not quad.endswith(f" <{graph}> .") for quad in made.removed)
        author = author_for("graphs" if elsewhere else "facts", one_value(values, "token"))
        if made.removed:
            change = Change(PATCH, made.patch(graph), base, contribution=not author.admin)
        else:
            document = Payload(made.turtle(base), "ttl", base, _FILE)
            change = Change(POST, graph=graph, base=base, payloads=(document,), contribution=not author.admin)
        name = compact(made.iri, prefixes(base)).strip("<>")
        kind = "Correct" if about else "Add"
        receipt = running.propose(Proposal(change, author.name, message=f"{kind} {name}", source=made.evidence.source))
    except (Unauthorized, Forbidden) as error:
        trouble = InputError("token", f"contribute.{error.slug()}")
        response = _page(running, form, values, about, made=made, refused=trouble, status=error.status)
        response.headers.update(error.headers())
        return response
    except DoesNotConform as error:
        return _page(running, form, values, about, made=made, status=error.status)
    where = f"/changes/{receipt.version}" if not running.settings.scratch else "/changes"
    return redirect(visitor().link(where), 303)


def _page(  # noqa: PLR0913 - what a filled form can come back with
    running: Service, form: Form, values: Values, about: str, *, made: Contribution | None = None, more: str = "",
    refused: InputError | None = None, status: int = 200,
) -> Response:  # fmt: skip
    seen, base = visitor(), running.settings.base
    troubles = [*(made.troubles if made else ()), *([refused] if refused else ())]
    report = _report(running, made) if made and not made.troubles else {}
    shower = FieldRenderer(running, seen, form, values, more)
    places = shower.places()
    beside: dict[str, list[dict[str, Any]]] = {}
    general: list[dict[str, Any]] = []
    for problem in report.get("problems", ()):
        key = _key(problem, made, form) if made else ""
        (beside.setdefault(key, []) if key in places else general).append(problem)
    return page(
        "form.html", status=status, stable=not request.args.get("about"),
        form=form, title=best(form.names, seen.language), definition=best(form.definitions, seen.language),
        groups=shower.groups(), evidence=shower.evidence(), lists=shower.lists(), kinds=shower.kinds(),
        about=about, thing=_thing(running, about),
        id=one_value(values, "id"), made=made, troubles=troubles, wrong={t.key: t for t in troubles}, places=places,
        beside=beside, general=general, report=report, turtle=made.turtle(base) if made and made.iri else "",
        removed=made.removed if made else [], writable=running.settings.home is not None or running.settings.scratch,
        folder=compact(form.folder + "x", prefixes(base)).removesuffix("x"),
    )  # fmt: skip


def _thing(running: Service, iri: str) -> ShownTerm:
    """Return a thing with its name; the empty term for none."""
    term = shown_iri(iri, prefixes(running.settings.base))
    return naming(running, visitor(), term)(term)


def _key(problem: dict[str, Any], made: Contribution, form: Form) -> str:
    """Return the field that a problem of the report is about; empty for one that is about none."""
    focus, path = problem["focusNode"], problem["path"] or ""
    if focus == made.iri:
        if path.endswith("ontology#hasCertainty"):
            return "certainty"
        if not path:
            return "id"
        return next((f.key for f in form.fields if f.path == path), "")
    return evidence_keys(path)


def _report(running: Service, made: Contribution) -> dict[str, Any]:
    """Hold the change against the shapes; give problems and effects as a page shows them. A worker parses it."""
    base = running.settings.base
    upload = Upload(f"{_FILE}.ttl", made.turtle(base).encode(), "ttl")
    question = Question(
        (upload,), str(find_published(running.settings.published).root), base, graph=base + CONTRIBUTIONS,
        removed="\n".join(made.removed), face=page_data.NAME, language=visitor().language,
        answer_bytes=running.settings.answer_bytes,
    )  # fmt: skip
    report = page_data.read(running.engine.validate(question))
    changes = report["changes"]
    unknown = frozenset(node.iri for node in changes["created"]["nodes"])
    name = naming(running, visitor(), report, changes["names"], unknown)
    problems = problems_of(report, listings(question.documents, report["results"]), name)
    return {**report, "problems": problems, "changes": changed(changes, name)}
