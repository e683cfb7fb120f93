"""What would harm a parser is found before it parses, in time that grows with the length, and nothing else is."""

from __future__ import annotations

import contextlib
from typing import Final

import pyoxigraph as ox
import pytest

from coopkg.errors import CoopkgError, RdfSyntaxError, RemoteContext, TooLarge
from coopkg.rdf.document_bounds import DEEPEST, HarmfulError, refuse_harmful
from coopkg.rdf.formats import by_name
from coopkg.rdf.terms import Document
from coopkg.shacl.documents import Bound, read
from hostile_documents import DEEP, DOCTYPES, INVALID, LONG, nested, rdf_xml, repeated
from processor_time import least

BASE: Final = "http://b/"
OPEN: Final = {
    "open lists",
    "open blank nodes",
    "open elements",
    "open arrays",
    "lists behind a broken string",
    "graphs",
}
"""Documents of ``DEEP`` that are none, however deep."""


def document(fmt: str, text: str | bytes) -> Document:
    found = by_name(fmt)
    assert found is not None
    assert found.rdf is not None
    return Document("d", text.encode() if isinstance(text, str) else text, found.rdf, BASE)


@pytest.mark.parametrize(("what", "fmt", "text"), INVALID, ids=[f"{fmt}: {what}" for what, fmt, _ in INVALID])
def test_what_rdf_forbids_is_an_error_with_its_line(what: str, fmt: str, text: str) -> None:
    del what
    with pytest.raises(RdfSyntaxError) as caught:
        read(document(fmt, text))
    assert int(str(caught.value.members["line"])) >= 1


@pytest.mark.parametrize("name", DOCTYPES)
def test_no_document_type_is_read_however_it_is_written(name: str) -> None:
    with pytest.raises(RdfSyntaxError):
        read(document("rdf", DOCTYPES[name]))
    with pytest.raises(HarmfulError):
        refuse_harmful(DOCTYPES[name], ox.RdfFormat.RDF_XML)


def test_the_words_of_a_document_type_may_stand_in_a_text() -> None:
    text = rdf_xml("<e:C><e:p><![CDATA[<!DOCTYPE html>]]></e:p></e:C>", "<!-- <!DOCTYPE a> -->")
    assert [q.object.value for q in read(document("rdf", text)).quads][-1] == "<!DOCTYPE html>"


@pytest.mark.parametrize("name", DEEP)
def test_what_nests_too_deep_is_refused_and_what_people_nest_is_read(name: str) -> None:
    with pytest.raises((RdfSyntaxError, RemoteContext)):
        read(document(*nested(name, 100_000)))
    with contextlib.suppress(RdfSyntaxError) if name in OPEN else contextlib.nullcontext():
        read(document(*nested(name, DEEPEST // 8)))


@pytest.mark.parametrize("name", LONG)
def test_documents_are_looked_through_in_time_that_grows_with_their_length(name: str) -> None:
    some, more = (document(*repeated(name, n)) for n in (50_000, 800_000))

    def look(found: Document) -> None:
        with contextlib.suppress(CoopkgError):
            found.check()

    # Sixteen times the text, and less than half of what its square would take.
    assert least(lambda: look(more)) < 100 * max(least(lambda: look(some)), 0.001)


def test_brackets_in_strings_names_and_comments_are_none() -> None:
    objects = ('"%s"', "'%s'", '"""a"%s"""', "<http://e/%s>")
    marks = ", ".join(each % ("(" * 500) for each in objects)
    names = ", e:" + "\\(" * 500
    text = f"@prefix e: <http://e/> . # {'(' * 500}\ne:a e:b {marks}{names} ."
    assert len(read(document("ttl", text)).quads) == 5
    many = f"<http://e/a> <http://e/b> {', '.join(['()', '[]'] * 500)} ."
    assert len(read(document("ttl", many)).quads) == 1000


@pytest.mark.parametrize(
    ("fmt", "text"),
    [
        ("ttl", "<http://e/a> <http://e/b> " + ", ".join(map(str, range(2000))) + " ."),
        ("ttl", f"@prefix e: <http://e/{'x' * 100_000}> . e:a e:b {', '.join(['e:c'] * 1000)} ."),
    ],
)
def test_a_bound_holds_for_triples_and_for_what_prefixes_make_of_them(fmt: str, text: str) -> None:
    with pytest.raises(TooLarge):
        read(document(fmt, text), Bound(1000))


def test_contexts_that_are_copied_over_and_over_are_refused() -> None:
    terms = ", ".join(f'"a{n}": "http://e/{n}"' for n in range(1000))
    own = ", ".join(['{"@context": {}, "a0": 1}'] * 3000)
    scoped = ", ".join(['{"p": {"a0": 1}}'] * 1000)
    for text in (
        f'{{"@context": {{{terms}}}, "@graph": [{own}]}}',
        f'{{"@context": {{"p": {{"@id": "http://e/p", "@context": {{{terms}}}}}}}, "@graph": [{scoped}]}}',
    ):
        with pytest.raises(RdfSyntaxError, match="too many terms"):
            read(document("jsonld", text))
    plain = ", ".join(['{"a0": 1}'] * 3000)
    assert len(read(document("jsonld", f'{{"@context": {{{terms}}}, "@graph": [{plain}]}}')).quads) == 3000


def test_half_a_character_is_refused_beside_the_bundled_context_too() -> None:
    with pytest.raises(RdfSyntaxError):
        read(document("jsonld", f'{{"@context": "{BASE}context.jsonld", "@id": "a", "http://e/b": "\\ud800"}}'))
