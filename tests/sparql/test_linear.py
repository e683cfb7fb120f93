"""What is read of a client's text is read in time that grows with its length and not with its square.

Four such texts of 16 KB once took a server off the air for 72 s.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import pytest

from coopkg.errors import CoopkgError
from coopkg.sparql.admission import Bounds, admit, is_longer
from coopkg.sparql.lexer import rebase, tokenize
from coopkg.sparql.normal_form import of_query, of_update
from coopkg.sparql.rewrites import rewrite
from coopkg.sparql.rewrites.aggregate_variables import unfolded
from coopkg.sparql.syntax_tree import UnreadableError, read
from coopkg.sparql.update_dataset import with_using
from processor_time import least

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE: Final = 250
TIMES: Final = 8
BOUND: Final = 3 * TIMES
"""Eight times the text takes about eight times as long, more where it is too long for a cache; squared, 64 times."""

REPEATED: Final = {
    "dashes": ("SELECT * {", "a-", ""),
    "dots": ("SELECT * { ?s ?p ", "a.", ""),
    "words": ("", "SELECT-", ""),
    "glued": ("", "ASK", "x"),
    "glued keywords": ("", "ASK", ""),
    "brackets in an IRI": ("ASK { ?s ?p <", ")", "> }"),
    "open IRI": ("ASK { ?s ?p <", ")", ""),
    "open IRIs": ("", "<a", ""),
    "quotes": ("ASK {", '"', ""),
    "apostrophes": ("", "'", ""),
    "long strings": ("", "'''", ""),
    "escaped quotes": ('"""', '\\"""', ""),
    "open strings": ("", "'a\n", ""),
    "strings": ("ASK { VALUES ?x { ", "'a' ", "} }"),
    "escapes": ("", "\\u0041", ""),
    "escapes in a string": ("ASK { ?s ?p '", "\\u0041", "' }"),
    "backslashes": ("ASK { ?s ?p '", "\\\\", "' }"),
    "hashes": ("", "#", ""),
    "comments": ("", "#\n", ""),
    "brackets": ("SELECT ", "(", ""),
    "nested": ("ASK { ?s ?p ", "([", ""),
    "braces": ("ASK ", "{{", ""),
    "closing": ("ASK {}", "}}", ""),
    "language": ("ASK { ?s ?p 'a'@a", "-a", " }"),
    "tags": ("", "@a-", ""),
    "digits": ("", "1.1.", ""),
    "exponents": ("", "1e", ""),
    "signs": ("ASK { FILTER(1", "+1", ") }"),
    "variables": ("", "?a?a", ""),
    "question marks": ("ASK { ?s <p>", "?", ""),
    "labels": ("", "_:a.-.", ""),
    "names": ("PREFIX a: <http://e/> ASK { VALUES ?x { ", "a:b.c.d ", "} }"),
    "colons": ("PREFIX : <a:> ASK {", ":", ""),
    "percent": ("a:", "%", ""),
    "escaped locals": ("PREFIX a: <a:> ASK { VALUES ?x { a:", "\\-", " } }"),
    "letters": ("", "é", ""),
    "marks": ("", "e\u0301·", ""),
    "blanks": ("", " ", ""),
    "breaks": ("", "\r\n", "*"),
    "prefixes": ("", "PREFIX a{0}: <a:> ", "ASK {}"),
    "bases": ("", "BASE <a:> ", "ASK {}"),
    "relative bases": ("BASE <http://e/> ", "BASE <a/> ", "ASK {}"),
    "relative": ("BASE <http://e/> ASK { VALUES ?x { ", "<a{0}> ", "} }"),
    "annotations": ("ASK { ?s ?p ?o ", "{{| ?p ?o ", ""),
    "triple terms": ("ASK { ?s ?p ", "<<( ", ""),
    "triples": ("ASK { ", "?s ?p ?o . ", "}"),
    "objects": ("ASK { ?s <p:>* <a:>", ", <a:{0}>", "}"),
    "paths": ("ASK { ", "<a:> <p:{0}>* ?x . ", "}"),
    "alternatives": ("ASK { <a:> <p:>*", "|<p:{0}>", " ?x }"),
    "filters": ("ASK { ", "FILTER(?x) ", "}"),
    "graphs": ("ASK { GRAPH ?g { ", "{{ VALUES ?x {{ 1 }} }} ", "} }"),
    "binds": ("ASK { ", "BIND(BNODE('a') AS ?x{0}) ", "}"),
    "columns": ("SELECT (COUNT(*) AS ?a) ", "(?a AS ?b{0}) ", "{}"),
    "open columns": ("SELECT ", "(SUM(?x) AS ?b ", "{}"),
    "concatenations": ("SELECT ", "(GROUP_CONCAT(?x) AS ?b{0}) ", "{}"),
    "deletes": ("", "DELETE WHERE {{}} ;", ""),
    "operations": ("", "INSERT {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o }} ;", ""),
    "semicolons": ("DROP ALL", ";", ""),
    "data": ("INSERT DATA { ", "_:a{0} <p:> -1 . ", "}"),
    "services": ("ASK { ", "SERVICE <a:> {{}} ", "}"),
    "bare words": ("", "selct ", ""),
    "bare word": ("", "s", ""),
    "arrows": ("ASK { FILTER(", "?a<?b&&?c>", ") }"),
}
"""The beginning of a text, what is repeated in it, with the number of the repetition for ``{0}``, and its end."""

UNBOUNDED: Final = Bounds(**{name: 10**9 for name in vars(Bounds()) if name != "list_depth"})
"""So that what is behind the bounds of admission is measured too."""


def _rewritten(text: str) -> None:
    # The comment that makes a text another one is in no normal form.
    normal = f"{of_query(text).text} VALUES ?v{text.rpartition('#')[2]} {{ }}"
    rewrite(normal, lambda _: True)
    unfolded(normal)


READERS: Final[dict[str, Callable[[str], object]]] = {
    "tokens": lambda text: list(tokenize(text)),
    "normal form": of_query,
    "update": of_update,
    "admission": lambda text: admit(text, UNBOUNDED, service=True, load=True),
    "tree": read,
    "rewrites": _rewritten,
    "length": lambda text: is_longer(text, 1),
    "base": lambda text: rebase(text, "http://e/", "http://f/"),
    "dataset": lambda text: with_using(text, ["http://e/g"], []),
}


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("parts", REPEATED.values(), ids=REPEATED)
def test_no_text_takes_time_that_grows_with_its_square(
    reader: Callable[[str], object], parts: tuple[str, str, str]
) -> None:
    before, part, after = parts
    texts = {n: before + "".join(map(part.format, range(n))) + after for n in (SIZE, SIZE * TIMES)}

    def work(n: int) -> None:
        # A comment makes each text another one, so that none is known already.
        nonlocal number
        number += 1
        with contextlib.suppress(CoopkgError, UnreadableError):
            reader(f"{texts[n]}#{number}")

    number = 0
    some, more = (least(lambda n=n: work(n)) for n in (SIZE, SIZE * TIMES))
    # What is over within a millisecond, as after an error at its beginning, is measured too coarsely.
    assert more < BOUND * max(some, 0.001), (some, more)
