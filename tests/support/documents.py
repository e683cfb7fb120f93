"""Documents in every RDF format, whole, broken and mutated."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

SEED = int(os.environ.get("COOPKG_SEED", "20261122"))


DATA = """@prefix e: <http://e/ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
e:a a e:C ;
    e:n "2019-04-29" ,
        "a\\u0007 <b> & ]]> ::error::" ;
    e:q [ a e:D ; e:r 1 ; rdfs:label "Inside"@en ] .
"""


LINKED = """{"@context": {"e": "http://e/ns#", "to": {"@id": "e:to", "@type": "@id"}, "label": {"@id": "e:l"}},
 "@id": "e:a", "@type": "e:C",
 "to": ["e:b",
        "e:c"],
 "label": "x", "e:n": [1, {"@value": "2019", "@type": "e:date"}],
 "e:q": {"e:r": "deep", "e:s": {"@id": "_:named", "e:t": true}}}"""


XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/ns#">
 <e:C rdf:about="http://e/ns#a">
  <e:label xml:lang="ru">жж</e:label> <e:n rdf:datatype="http://e/ns#d">1</e:n>
  <e:to rdf:resource="http://e/b"/>
  <e:q><rdf:Description e:att="v"><e:r>deep</e:r></rdf:Description></e:q>
  <e:q rdf:parseType="Resource"><e:r>deeper</e:r></e:q>
 </e:C>
</rdf:RDF>"""


TRIG = """@prefix e: <http://e/ns#> .
e:g { e:a e:p 1 , [ e:z 2 ] . e:b e:p ( 3 [ e:y 4 ] ) }
GRAPH e:h { e:c e:p "x"@en }
{ [] e:p true ; e:q _:b . }
_:b e:p -5.0 , 1e3 .
"""


QUADS = """<http://e/a> <http://e/p> "x"@en <http://g> .
_:b <http://e/p> _:c .
<http://e/a> <http://e/p> "5"^^<http://d> . # c
"""


BROKEN = """@prefix e: <http://e/ns#> .
e:a e:p "x" , , "z" .
e:b e:q [ e:r 1 ] .
e:c cop:q 3 ; cop:r 4 .
e:d e:p "unterminated .
e:e e:p "ok. Really" .
e:f e:p 5 e:g e:h .
e:i e:p <http://bad iri> .
e:j coop:hasParty 6.5 . e:k e:p "2"^^ .
"""


SEEDS = {"ttl": DATA, "trig": TRIG, "nq": QUADS, "nt": QUADS.split("\n")[1], "jsonld": LINKED, "rdf": XML}


MARKS = [b"", b".", b'"', b"<", b">", b"{", b"}", b"[", b"]", b"(", b")", b"\\", b"\x00", b"\xff", b"\n", b"_:", b"^^",
         b"@", b"'''", b"&x;", b"<!--", b"\\u0000", b"\xef\xbb\xbf", b"{|", b"<<(", b"@context", b"1e999",
         "\u2028".encode()]  # fmt: skip


def mutated(rng: random.Random, data: bytes) -> bytes:
    """Give the bytes with some of them cut out, doubled, or replaced by marks that the formats give a meaning."""
    for _ in range(rng.randint(1, 6)):
        start = rng.randint(0, len(data))
        end = min(len(data), start + rng.choice([0, 0, 1, 2, 10, 40]))
        piece = rng.choice(MARKS) if rng.random() < 0.7 else data[start:end] * 2
        data = data[:start] + piece + data[end:]
    return data
