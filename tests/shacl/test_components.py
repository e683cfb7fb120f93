"""Each constraint component of SHACL Core at its boundaries: what violates it, and what just conforms.

A case is a shape ``ex:S``, whose focus nodes are the instances of ``ex:T`` unless it says otherwise, data, and the
results as triples of focus node, path and value: ``ex:self`` where a result has no path, ``ex:path`` where that is no
property, ``ex:none`` where it has no value. The results are wanted of a whole pass and of one node at a time, and the
selection has to name no other focus nodes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import pyoxigraph as ox
import pytest

from coopkg.rdf.graph import Graph
from coopkg.rdf.terms import Document
from coopkg.shacl.candidate_selection import CandidateSelection
from coopkg.shacl.columns import Columns
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.validator import Run, whole_pass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Shape
    from coopkg.shacl.report import Result

PREFIXES: Final = """
@prefix ex: <http://example.org/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
EX: Final = "http://example.org/"


class Case(NamedTuple):
    """What a component makes of some data."""

    component: str
    shape: str
    data: str
    expected: str


NUMBERS: Final = """ex:below a ex:T ; ex:p 4.9 . ex:at a ex:T ; ex:p 5 . ex:above a ex:T ; ex:p 5.1 .
    ex:word a ex:T ; ex:p "five" . ex:thing a ex:T ; ex:p ex:five . ex:without a ex:T . ex:other ex:p 1, 9 .
    ex:several a ex:T ; ex:p 4, 5, 6 . ex:ill a ex:T ; ex:p "x"^^xsd:integer ."""
INCOMPARABLE: Final = 'ex:word ex:p "five" . ex:thing ex:p ex:five . ex:ill ex:p "x"^^xsd:integer .'
TEXTS: Final = """ex:two a ex:T ; ex:p "ab" . ex:three a ex:T ; ex:p "abc"@en . ex:four a ex:T ; ex:p "abcd" .
    ex:number a ex:T ; ex:p 12 . ex:nobody a ex:T ; ex:p [] . ex:without a ex:T . ex:other ex:p "" ."""
LABELS: Final = """ex:en a ex:T ; ex:p "a"@en . ex:gb a ex:T ; ex:p "a"@en-GB . ex:upper a ex:T ; ex:p "a"@EN .
    ex:enx a ex:T ; ex:p "a"@enx . ex:plain a ex:T ; ex:p "a" . ex:iri a ex:T ; ex:p ex:en .
         ex:de a ex:T ; ex:p "a"@de .
    ex:without a ex:T ."""
KINDS: Final = (
    "ex:iri a ex:T ; ex:p ex:x . ex:literal a ex:T ; ex:p 1 . ex:blank a ex:T ; ex:p [] . ex:without a ex:T ."
)
PAIRS: Final = """ex:less a ex:T ; ex:p 1 ; ex:q 2 . ex:same a ex:T ; ex:p 2 ; ex:q 2 .
         ex:more a ex:T ; ex:p 3 ; ex:q 2 .
    ex:between a ex:T ; ex:p 2 ; ex:q 1, 3 . ex:some a ex:T ; ex:p 1, 3 ; ex:q 2 .
    ex:iris a ex:T ; ex:p ex:x ; ex:q ex:y . ex:mixed a ex:T ; ex:p 1 ; ex:q "2" .
    ex:justp a ex:T ; ex:p 1 . ex:justq a ex:T ; ex:q 1 . ex:neither a ex:T . ex:other ex:q 5 ."""
SETS: Final = """ex:same a ex:T ; ex:p 1, 2 ; ex:q 2, 1 . ex:less a ex:T ; ex:p 1 ; ex:q 1, 2 .
    ex:more a ex:T ; ex:p 1, 2 ; ex:q 1 . ex:apart a ex:T ; ex:p 1 ; ex:q 2 . ex:alike a ex:T ; ex:p 1 ; ex:q 1.0 .
    ex:justp a ex:T ; ex:p 1 . ex:justq a ex:T ; ex:q 1 . ex:neither a ex:T . ex:other ex:q 5 ; ex:p 6 ."""
COUNTED: Final = """ex:none_ a ex:T . ex:one a ex:T ; ex:p 1 . ex:two a ex:T ; ex:p 1, 2 .
         ex:three a ex:T ; ex:p 1, 2, 3 .
    ex:other ex:p 1, 2, 3, 4 ."""
MEMBERS: Final = """ex:zero a ex:T ; ex:p ex:c . ex:one a ex:T ; ex:p ex:a1, ex:c . ex:two a ex:T ; ex:p ex:a1, ex:a2 .
    ex:three a ex:T ; ex:p ex:a1, ex:a2, ex:a3 . ex:both a ex:T ; ex:p ex:ab, ex:a1 . ex:without a ex:T .
    ex:literal a ex:T ; ex:p "a" . ex:other ex:p ex:a1 .
    ex:a1 a ex:A . ex:a2 a ex:A . ex:a3 a ex:A . ex:ab a ex:A, ex:B ."""
LOGIC: Final = """ex:zero a ex:T ; ex:p ex:c . ex:first a ex:T ; ex:p ex:a . ex:second a ex:T ; ex:p ex:b .
    ex:both a ex:T ; ex:p ex:ab . ex:several a ex:T ; ex:p ex:a, ex:ab, ex:c . ex:without a ex:T . ex:other ex:p ex:c .
    ex:a a ex:A . ex:b a ex:B . ex:ab a ex:A, ex:B ."""
OF: Final = "( [ sh:class ex:A ] [ sh:class ex:B ] )"
P: Final = "sh:path ex:p ; "
QUALIFIED: Final = "sh:path ex:p ; sh:qualifiedValueShape [ sh:class ex:A ] ; "
DISJOINT: Final = """sh:property [ sh:path ex:p ; sh:qualifiedValueShape [ sh:class ex:A ] ; {} ;
    sh:qualifiedValueShapesDisjoint {} ] , [ sh:path ex:p ; sh:qualifiedValueShape [ sh:class ex:B ] ;
    sh:qualifiedMinCount 0 ; sh:qualifiedValueShapesDisjoint {} ]"""
BY_NAME: Final = "SELECT $this { FILTER(STRENDS(STR($this), 'two')) }"
"""A query that has to be asked for each focus node, since nothing in it finds one."""

CLASSES: Final = """ ex:T a rdfs:Class, sh:NodeShape ; sh:property [ sh:path ex:p ] .
    ex:N a rdfs:Class, sh:NodeShape ; rdfs:subClassOf ex:T, ex:N ; sh:property [ sh:path ex:q ] ,
        [ sh:path ( ex:z ex:z ) ] . ex:About sh:targetClass ex:N ; sh:node ex:Further .
    ex:Further sh:property [ sh:path ex:r ]"""
"""Classes with shapes, one the subclass of the other; it is its own subclass too, which must end."""
MEMBERS_OF_CLASSES: Final = """ex:N rdfs:subClassOf ex:T . ex:U rdfs:subClassOf ex:T .
    ex:wide a ex:T ; ex:p 1 . ex:narrow a ex:T ; ex:q 1 . ex:below a ex:N ; ex:p 1 ; ex:q 1 ; ex:r 1 .
    ex:stranger a ex:T ; ex:r 1 . ex:both a ex:T, ex:N ; ex:r 1 ; ex:z 1 . ex:untold a ex:U ; ex:p 1 .
    ex:other ex:z 1 ."""
LOOSE: Final = frozenset({"UniqueValuesFor", "ReifierShape"})
"""Components whose selection is every node with a value: to say more would be to check it."""
LISTS: Final = """ex:nil a ex:T ; ex:p () . ex:one a ex:T ; ex:p ex:single . ex:two a ex:T ; ex:p ex:twins .
    ex:single rdf:first ex:x ; rdf:rest () . ex:twins rdf:first 1 ; rdf:rest ( 1 ) . ex:mixed a ex:T ; ex:p ex:mixture .
    ex:mixture rdf:first ex:x ; rdf:rest ( "y" ) . ex:no a ex:T ; ex:p ex:nolist . ex:open a ex:T ; ex:p ex:opened .
    ex:opened rdf:first ex:x . ex:without a ex:T ."""
KEYS: Final = """ex:a a ex:T ; ex:p 1, 9 ; ex:q 1 . ex:b a ex:T ; ex:p 1 ; ex:q 1, 2 . ex:c a ex:T ; ex:p 1 ; ex:q 3 .
    ex:alone a ex:T ; ex:p 2 ; ex:q 1 . ex:none_ a ex:T ; ex:q 1 . ex:stranger ex:p 2 ; ex:q 1 ."""
REIFIED: Final = """ex:told a ex:T ; ex:p 1 {| ex:by ex:x |} . ex:bare a ex:T ; ex:p 2 {| ex:at 2000 |} .
    ex:without a ex:T ; ex:p 3 . ex:both a ex:T ; ex:p 4 {| ex:by ex:x |} {| ex:at 2000 |} . ex:none_ a ex:T ."""
CASES: Final = (
    Case("MinCount", P + "sh:minCount 0", COUNTED, ""),
    Case("MinCount", P + "sh:minCount 1", COUNTED, "ex:none_ ex:p ex:none ."),
    Case("MinCount", P + "sh:minCount 2", COUNTED, "ex:none_ ex:p ex:none . ex:one ex:p ex:none ."),
    Case("MaxCount", P + "sh:maxCount 0", COUNTED,
         "ex:one ex:p ex:none . ex:two ex:p ex:none . ex:three ex:p ex:none ."),
    Case("MaxCount", P + "sh:maxCount 1", COUNTED, "ex:two ex:p ex:none . ex:three ex:p ex:none ."),
    Case("MaxCount", P + "sh:maxCount 2", COUNTED, "ex:three ex:p ex:none ."),
    Case("MaxCount", P + "sh:maxCount 3", COUNTED, ""),
    Case("MinExclusive", P + "sh:minExclusive 5", NUMBERS,
         INCOMPARABLE + "ex:below ex:p 4.9 . ex:at ex:p 5 . ex:several ex:p 4, 5 ."),
    Case("MinInclusive", P + "sh:minInclusive 5", NUMBERS, INCOMPARABLE + "ex:below ex:p 4.9 . ex:several ex:p 4 ."),
    Case("MaxExclusive", P + "sh:maxExclusive 5", NUMBERS,
         INCOMPARABLE + "ex:above ex:p 5.1 . ex:at ex:p 5 . ex:several ex:p 5, 6 ."),
    Case("MaxInclusive", P + "sh:maxInclusive 5", NUMBERS, INCOMPARABLE + "ex:above ex:p 5.1 . ex:several ex:p 6 ."),
    Case("MinLength", P + "sh:minLength 3", TEXTS,
         'ex:two ex:p "ab" . ex:number ex:p 12 . ex:nobody ex:p [] .'),
    Case("MinLength", P + "sh:minLength 0", TEXTS, "ex:nobody ex:p [] ."),
    Case("MaxLength", P + "sh:maxLength 3", TEXTS, 'ex:four ex:p "abcd" . ex:nobody ex:p [] .'),
    Case("MaxLength", P + "sh:maxLength 2", TEXTS,
         'ex:three ex:p "abc"@en . ex:four ex:p "abcd" . ex:nobody ex:p [] .'),
    Case("MaxLength", "sh:maxLength 21", "ex:a a ex:T . ex:ab a ex:T . ex:abc a ex:T .", "ex:abc ex:self ex:abc ."),
    Case("Pattern", P + 'sh:pattern "^AB"', TEXTS, 'ex:two ex:p "ab" . ex:three ex:p "abc"@en . ex:four ex:p "abcd" . '
         "ex:number ex:p 12 . ex:nobody ex:p [] ."),
    Case("Pattern", P + 'sh:pattern "^AB" ; sh:flags "i"', TEXTS, "ex:number ex:p 12 . ex:nobody ex:p [] ."),
    Case("Pattern", P + 'sh:pattern "c$"', TEXTS,
         'ex:two ex:p "ab" . ex:four ex:p "abcd" . ex:number ex:p 12 . ex:nobody ex:p [] .'),
    Case("Pattern", P + 'sh:pattern "b.d"', 'ex:a a ex:T ; ex:p "b\\nd" .', 'ex:a ex:p "b\\nd" .'),
    Case("Pattern", P + 'sh:pattern "b.d" ; sh:flags "s"', 'ex:a a ex:T ; ex:p "b\\nd" .', ""),
    Case("LanguageIn", P + 'sh:languageIn ( "en" )', LABELS,
         'ex:enx ex:p "a"@enx . ex:plain ex:p "a" . ex:iri ex:p ex:en . ex:de ex:p "a"@de .'),
    Case("LanguageIn", P + 'sh:languageIn ( "en-GB" "de" )', LABELS,
         'ex:en ex:p "a"@en . ex:upper ex:p "a"@en . ex:enx ex:p "a"@enx . ex:plain ex:p "a" . ex:iri ex:p ex:en .'),
    Case("UniqueLang", P + "sh:uniqueLang true",
         """ex:once a ex:T ; ex:p "a"@en, "a"@de, "b", "c", ex:x, ex:y . ex:twice a ex:T ; ex:p "a"@en, "b"@en, "a"@de .
         ex:pair a ex:T ; ex:p "a"@en, "b"@EN .
         ex:thrice a ex:T ; ex:p "a"@en, "b"@en, "c"@en . ex:region a ex:T ; ex:p "a"@en, "b"@en-GB .
         ex:both a ex:T ; ex:p "a"@en, "b"@en, "a"@de, "b"@de . ex:one a ex:T ; ex:p "a"@en . ex:without a ex:T .""",
         "ex:twice ex:p ex:none . ex:pair ex:p ex:none . ex:thrice ex:p ex:none . ex:both ex:p ex:none . "
         "ex:both ex:p ex:none ."),
    Case("LanguageIn", P + 'sh:languageIn ( "*" )', LABELS, 'ex:plain ex:p "a" . ex:iri ex:p ex:en .'),
    Case("UniqueLang", P + "sh:uniqueLang false", 'ex:twice a ex:T ; ex:p "a"@en, "b"@en .', ""),
    Case("LessThan", P + "sh:lessThan ex:q", PAIRS,
         "ex:same ex:p 2 . ex:more ex:p 3 . ex:between ex:p 2 . ex:some ex:p 3 . ex:iris ex:p ex:x . "
         "ex:mixed ex:p 1 ."),
    Case("LessThanOrEquals", P + "sh:lessThanOrEquals ex:q", PAIRS,
         "ex:more ex:p 3 . ex:between ex:p 2 . ex:some ex:p 3 . ex:iris ex:p ex:x . ex:mixed ex:p 1 ."),
    Case("LessThan", P + "sh:lessThan ex:q", "ex:a a ex:T ; ex:p 5 ; ex:q 1, 2 .", "ex:a ex:p 5 . ex:a ex:p 5 ."),
    Case("LessThanOrEquals", P + "sh:lessThanOrEquals ex:q",
         "ex:a a ex:T ; ex:p ex:x ; ex:q 1 . ex:b a ex:T ; ex:p 1 ; "
         "ex:q ex:x .", "ex:a ex:p ex:x . ex:b ex:p 1 ."),
    Case("Equals", P + "sh:equals ex:q", SETS, """ex:less ex:p 2 . ex:more ex:p 2 . ex:apart ex:p 1, 2 .
         ex:alike ex:p 1, 1.0 . ex:justp ex:p 1 . ex:justq ex:p 1 ."""),
    Case("Equals", "sh:equals ex:q", "ex:a a ex:T ; ex:q ex:a . ex:b a ex:T ; ex:q ex:b, ex:c . ex:c a ex:T .",
         "ex:b ex:self ex:c . ex:c ex:self ex:c ."),
    Case("Disjoint", P + "sh:disjoint ex:q", SETS, "ex:same ex:p 1, 2 . ex:less ex:p 1 . ex:more ex:p 1 ."),
    Case("Disjoint", "sh:disjoint ex:q", "ex:a a ex:T ; ex:q ex:a, ex:b . ex:b a ex:T ; ex:q ex:a . ex:c a ex:T .",
         "ex:a ex:self ex:a ."),
    Case("HasValue", P + "sh:hasValue 1", COUNTED, "ex:none_ ex:p ex:none ."),
    Case("HasValue", P + "sh:hasValue 2", COUNTED, "ex:none_ ex:p ex:none . ex:one ex:p ex:none ."),
    Case("HasValue", P + "sh:hasValue 4", COUNTED, """ex:none_ ex:p ex:none . ex:one ex:p ex:none .
         ex:two ex:p ex:none .
         ex:three ex:p ex:none ."""),
    Case("HasValue", P + "sh:hasValue ex:nowhere", "ex:a a ex:T ; ex:p ex:b .", "ex:a ex:p ex:none ."),
    Case("HasValue", "sh:hasValue ex:a", "ex:a a ex:T . ex:b a ex:T .", "ex:b ex:self ex:none ."),
    Case("In", P + 'sh:in ( 1 "a" ex:x )', """ex:a a ex:T ; ex:p 1, "a", ex:x . ex:b a ex:T ; ex:p 1.0 .
         ex:c a ex:T ; ex:p "a"@en, "a" . ex:d a ex:T ; ex:p ex:y . ex:without a ex:T . ex:other ex:p 7, 8 .""",
         'ex:b ex:p 1.0 . ex:c ex:p "a"@en . ex:d ex:p ex:y .'),
    Case("In", "sh:in ( ex:a )", "ex:a a ex:T . ex:b a ex:T .", "ex:b ex:self ex:b ."),
    Case("In", P + "sh:in ()", "ex:a a ex:T ; ex:p 1 . ex:without a ex:T .", "ex:a ex:p 1 ."),
    *(Case("NodeKind", f"{P}sh:nodeKind sh:{kind}", KINDS, expected) for kind, expected in {
        "IRI": "ex:literal ex:p 1 . ex:blank ex:p [] .",
        "Literal": "ex:iri ex:p ex:x . ex:blank ex:p [] .",
        "BlankNode": "ex:literal ex:p 1 . ex:iri ex:p ex:x .",
        "BlankNodeOrIRI": "ex:literal ex:p 1 .",
        "BlankNodeOrLiteral": "ex:iri ex:p ex:x .",
        "IRIOrLiteral": "ex:blank ex:p [] .",
    }.items()),
    Case("Class", P + "sh:class ex:A", """ex:a a ex:T ; ex:p ex:x . ex:sub a ex:T ; ex:p ex:y .
         ex:no a ex:T ; ex:p ex:z .
         ex:literal a ex:T ; ex:p "a" . ex:several a ex:T ; ex:p ex:x, ex:y, ex:z . ex:without a ex:T .
         ex:other ex:p ex:z .
         ex:x a ex:A . ex:y a ex:C . ex:C rdfs:subClassOf ex:B . ex:B rdfs:subClassOf ex:A . ex:z a ex:Z .""",
         'ex:no ex:p ex:z . ex:literal ex:p "a" . ex:several ex:p ex:z .'),
    Case("Class", "sh:targetObjectsOf ex:q ; sh:class ex:T", 'ex:a a ex:T ; ex:q "a", ex:a, ex:b .',
         '"a" ex:self "a" . ex:b ex:self ex:b .'),
    Case("Datatype", P + "sh:datatype xsd:integer", """ex:a a ex:T ; ex:p 1 . ex:decimal a ex:T ; ex:p 1.0 .
         ex:text a ex:T ; ex:p "1" . ex:ill a ex:T ; ex:p "one"^^xsd:integer . ex:iri a ex:T ; ex:p ex:x .
         ex:byte a ex:T ; ex:p "1"^^xsd:byte . ex:without a ex:T .""",
         """ex:decimal ex:p 1.0 . ex:text ex:p "1" . ex:ill ex:p "one"^^xsd:integer . ex:iri ex:p ex:x .
         ex:byte ex:p "1"^^xsd:byte ."""),
    Case("Datatype", P + "sh:datatype rdf:langString", 'ex:a a ex:T ; ex:p "a"@en . ex:b a ex:T ; ex:p "a" .',
         'ex:b ex:p "a" .'),
    *(Case("Datatype", f"{P}sh:datatype xsd:byte", f'ex:a a ex:T ; ex:p "{value}"^^xsd:byte .',
           "" if good else f'ex:a ex:p "{value}"^^xsd:byte .')
      for value, good in ((127, True), (128, False), (-128, True), (-129, False))),
    Case("Closed", "sh:closed true ; sh:ignoredProperties ( rdf:type ) ; sh:property [ sh:path ex:p ]",
         "ex:a a ex:T ; ex:p 1 . ex:b a ex:T ; ex:p 1 ; ex:q 2, 3 . ex:c a ex:T . ex:other ex:q 9 .",
         "ex:b ex:q 2, 3 ."),
    Case("Closed", "sh:closed true ; sh:property [ sh:path ex:p ]", "ex:a a ex:T ; ex:p 1 .", "ex:a rdf:type ex:T ."),
    Case("Closed", "sh:closed false ; sh:property [ sh:path ex:p ]", "ex:a a ex:T ; ex:q 1 .", ""),
    Case("Closed", "sh:targetObjectsOf ex:v ; sh:closed true ; sh:property [ sh:path ex:p ]",
         'ex:x ex:v "literal", ex:a, ex:b . ex:a ex:p 1 . ex:b ex:q 2 .', "ex:b ex:q 2 ."),
    Case("Closed", "sh:targetClass ex:T ; sh:closed sh:ByTypes ." + CLASSES, MEMBERS_OF_CLASSES,
         "ex:narrow ex:q 1 . ex:stranger ex:r 1 . ex:both ex:z 1 . ex:untold ex:p 1 ."),
    Case("Closed", "sh:closed sh:ByTypes ; sh:ignoredProperties ( ex:z )", "ex:a a ex:T ; ex:z 1 .", ""),
    Case("Closed", "sh:targetObjectsOf ex:v ; sh:closed sh:ByTypes", 'ex:x ex:v "literal", ex:a . ex:a a ex:T .', ""),
    Case("SomeValue", P + "sh:someValue [ sh:class ex:A ]", LOGIC,
         "ex:zero ex:p ex:none . ex:second ex:p ex:none . ex:without ex:p ex:none ."),
    Case("SubsetOf", P + "sh:subsetOf ex:q", SETS, "ex:more ex:p 2 . ex:apart ex:p 1 . ex:alike ex:p 1 ."
         " ex:justp ex:p 1 ."),
    Case("SubsetOf", P + "sh:subsetOf ( ex:r ex:q )",
         "ex:a a ex:T ; ex:p 1, 2 ; ex:r [ ex:q 1 ] , ex:b . ex:b ex:q 3 . ex:none_ a ex:T .", "ex:a ex:p 2 ."),
    Case("RootClass", P + "sh:rootClass ex:A", "ex:a a ex:T ; ex:p ex:A, ex:B, ex:C, 'A' . ex:B rdfs:subClassOf ex:A .",
         "ex:a ex:p ex:C, 'A' ."),
    Case("SingleLine", P + "sh:singleLine true", 'ex:a a ex:T ; ex:p "a b", "a\\nb", "a\\r"@en, ex:x, [] .',
         'ex:a ex:p "a\\nb", "a\\r"@en .'),
    Case("SingleLine", P + "sh:singleLine false", 'ex:a a ex:T ; ex:p "a\\nb" .', ""),
    Case("MemberShape", P + "sh:memberShape [ sh:nodeKind sh:IRI ]", LISTS,
         "ex:two ex:p ex:twins . ex:mixed ex:p ex:mixture . ex:no ex:p ex:nolist . ex:open ex:p ex:opened ."),
    Case("MinListLength", P + "sh:minListLength 2", LISTS,
         "ex:nil ex:p () . ex:one ex:p ex:single . ex:no ex:p ex:nolist . ex:open ex:p ex:opened ."),
    Case("MaxListLength", P + "sh:maxListLength 1", LISTS,
         "ex:two ex:p ex:twins . ex:mixed ex:p ex:mixture . ex:no ex:p ex:nolist . ex:open ex:p ex:opened ."),
    Case("UniqueMembers", P + "sh:uniqueMembers true", LISTS,
         "ex:two ex:p ex:twins . ex:no ex:p ex:nolist . ex:open ex:p ex:opened ."),
    Case("UniqueValuesFor", "sh:uniqueValuesFor ex:p", KEYS,
         "ex:a ex:self ex:none . ex:b ex:self ex:none . ex:c ex:self ex:none ."),
    Case("UniqueValuesFor", "sh:uniqueValuesFor ( ex:p ex:q )", KEYS, "ex:a ex:self ex:none . ex:b ex:self ex:none ."),
    Case("ReifierShape", P + "sh:reifierShape [ sh:property [ sh:path ex:by ; sh:minCount 1 ] ]", REIFIED,
         "ex:bare ex:p 2 . ex:both ex:p 4 ."),
    Case("ReifierShape", P + "sh:reificationRequired true ; sh:reifierShape [ sh:nodeKind sh:BlankNodeOrIRI ]", REIFIED,
         "ex:without ex:p 3 ."),
    Case("MinCount", "sh:targetWhere [ sh:class ex:A ; sh:property [ sh:path ex:v ; sh:minCount 1 ] ] ; sh:path ex:p ; "
         "sh:minCount 1", "ex:a a ex:A ; ex:v 1 . ex:b a ex:A . ex:c a ex:A ; ex:v 1 ; ex:p 2 . ex:d ex:v 1 .",
         "ex:a ex:p ex:none ."),
    Case("MinCount", "a sh:ShapeClass ; sh:property [ sh:path ex:p ; sh:minCount 1 ] ; sh:targetNode ex:a",
         "ex:b a ex:S . ex:c a ex:S ; ex:p 1 .", "ex:a ex:p ex:none . ex:b ex:p ex:none ."),
    Case("Not", P + "sh:not [ sh:class ex:A ]", LOGIC,
         "ex:first ex:p ex:a . ex:both ex:p ex:ab . ex:several ex:p ex:a, ex:ab ."),
    Case("Node", P + "sh:node [ sh:class ex:A ]", LOGIC,
         "ex:zero ex:p ex:c . ex:second ex:p ex:b . ex:several ex:p ex:c ."),
    Case("And", P + f"sh:and {OF}", LOGIC,
         "ex:zero ex:p ex:c . ex:first ex:p ex:a . ex:second ex:p ex:b . ex:several ex:p ex:a, ex:c ."),
    Case("Or", P + f"sh:or {OF}", LOGIC, "ex:zero ex:p ex:c . ex:several ex:p ex:c ."),
    Case("Xone", P + f"sh:xone {OF}", LOGIC, "ex:zero ex:p ex:c . ex:both ex:p ex:ab . ex:several ex:p ex:ab, ex:c ."),
    Case("Not", "sh:not [ sh:path ex:p ; sh:minCount 2 ]", COUNTED,
         "ex:two ex:self ex:two . ex:three ex:self ex:three ."),
    Case("Node", "sh:node [ sh:property [ sh:path ex:p ; sh:maxCount 1 ] ]", COUNTED,
         "ex:two ex:self ex:two . ex:three ex:self ex:three ."),
    Case("Or", "sh:or ( [ sh:path ex:p ; sh:maxCount 1 ] [ sh:path ex:p ; sh:minCount 3 ] )", COUNTED,
         "ex:two ex:self ex:two ."),
    Case("And", "sh:and ( [ sh:path ex:p ; sh:maxCount 2 ] [ sh:path ex:p ; sh:minCount 1 ] )", COUNTED,
         "ex:none_ ex:self ex:none_ . ex:three ex:self ex:three ."),
    Case("Xone", "sh:xone ( [ sh:path ex:p ; sh:maxCount 2 ] [ sh:path ex:p ; sh:minCount 2 ] )", COUNTED,
         "ex:two ex:self ex:two ."),
    Case("Xone", P + "sh:xone ( [ sh:class ex:A ] [ sh:class ex:B ] [ sh:class ex:C ] )", LOGIC,
         "ex:zero ex:p ex:c . ex:both ex:p ex:ab . ex:several ex:p ex:ab, ex:c ."),
    Case("SPARQL", 'sh:sparql [ sh:select "SELECT $this { $this <http://example.org/p> 1, 2 }" ]', COUNTED,
         "ex:two ex:self ex:two . ex:three ex:self ex:three ."),
    Case("Not", f'sh:not [ sh:sparql [ sh:select "{BY_NAME}" ] ]', COUNTED,
         "ex:none_ ex:self ex:none_ . ex:one ex:self ex:one . ex:three ex:self ex:three ."),
    Case("Node", f'sh:node [ sh:sparql [ sh:select "{BY_NAME}" ] ]', COUNTED, "ex:two ex:self ex:two ."),
    Case("Or", P + "sh:or ()", "ex:a a ex:T ; ex:p 1 . ex:without a ex:T .", "ex:a ex:p 1 ."),
    Case("And", P + "sh:and ()", "ex:a a ex:T ; ex:p 1 . ex:without a ex:T .", ""),
    Case("MinCount", "sh:property [ sh:path ex:q ; sh:property [ sh:path ex:p ; sh:minCount 1 ] ]",
         "ex:a a ex:T ; ex:q ex:one, ex:nothing . ex:b a ex:T ; ex:q ex:one . ex:c a ex:T . ex:d ex:q ex:nil . "
         "ex:one ex:p 1 .",
         "ex:nothing ex:p ex:none ."),
    Case("QualifiedMinCount", QUALIFIED + "sh:qualifiedMinCount 0", MEMBERS, ""),
    Case("QualifiedMinCount", QUALIFIED + "sh:qualifiedMinCount 1", MEMBERS,
         "ex:zero ex:p ex:none . ex:without ex:p ex:none . ex:literal ex:p ex:none ."),
    Case("QualifiedMinCount", QUALIFIED + "sh:qualifiedMinCount 2", MEMBERS,
         "ex:zero ex:p ex:none . ex:without ex:p ex:none . ex:literal ex:p ex:none . ex:one ex:p ex:none ."),
    Case("QualifiedMaxCount", QUALIFIED + "sh:qualifiedMaxCount 0", MEMBERS, """ex:one ex:p ex:none .
         ex:two ex:p ex:none . ex:three ex:p ex:none . ex:both ex:p ex:none ."""),
    Case("QualifiedMaxCount", QUALIFIED + "sh:qualifiedMaxCount 1", MEMBERS,
         "ex:two ex:p ex:none . ex:three ex:p ex:none . ex:both ex:p ex:none ."),
    Case("QualifiedMaxCount", QUALIFIED + "sh:qualifiedMaxCount 2", MEMBERS, "ex:three ex:p ex:none ."),
    Case("QualifiedMaxCount", DISJOINT.format("sh:qualifiedMaxCount 1", "true", "true"), MEMBERS,
         "ex:two ex:p ex:none . ex:three ex:p ex:none ."),
    Case("QualifiedMaxCount", DISJOINT.format("sh:qualifiedMaxCount 1", "false", "false"), MEMBERS,
         "ex:two ex:p ex:none . ex:three ex:p ex:none . ex:both ex:p ex:none ."),
    Case("QualifiedMinCount", DISJOINT.format("sh:qualifiedMinCount 2", "true", "true"), MEMBERS,
         """ex:zero ex:p ex:none . ex:without ex:p ex:none . ex:literal ex:p ex:none . ex:one ex:p ex:none .
         ex:both ex:p ex:none ."""),
    # paths, as far as the selection reads them off columns
    Case("MinCount", "sh:path [ sh:inversePath ex:p ] ; sh:minCount 2",
         "ex:a a ex:T . ex:b a ex:T . ex:c a ex:T . ex:x ex:p ex:b, ex:c . ex:y ex:p ex:c .",
         "ex:a ex:path ex:none . ex:b ex:path ex:none ."),
    Case("MinCount", "sh:path [ sh:alternativePath ( ex:p ex:q ) ] ; sh:minCount 2",
         "ex:a a ex:T ; ex:p 1 ; ex:q 1 . ex:b a ex:T ; ex:p 1 ; ex:q 2 . ex:c a ex:T .",
         "ex:a ex:path ex:none . ex:c ex:path ex:none ."),
    Case("MaxCount", "sh:path ( ex:p ex:q ) ; sh:maxCount 1",
         """ex:a a ex:T ; ex:p ex:x, ex:y . ex:b a ex:T ; ex:p ex:z .
         ex:c a ex:T ; ex:p ex:x . ex:d a ex:T . ex:x ex:q 1 . ex:y ex:q 1 . ex:z ex:q 1, 2 .""",
         "ex:b ex:path ex:none ."),
    Case("MinCount", "sh:path [ sh:zeroOrMorePath ex:p ] ; sh:minCount 3",
         "ex:a a ex:T ; ex:p ex:b . ex:b a ex:T ; ex:p ex:c . ex:c a ex:T .",
         "ex:b ex:path ex:none . ex:c ex:path ex:none ."),
    Case("Class", "sh:path ( ex:p [ sh:inversePath ex:q ] ) ; sh:class ex:A", """ex:a a ex:T ; ex:p ex:x . ex:b a ex:T ;
         ex:p ex:y . ex:m ex:q ex:x . ex:n ex:q ex:y . ex:n a ex:A . ex:far ex:p ex:x .""", "ex:a ex:path ex:m ."),
    # targets
    Case("NodeKind", "sh:targetNode ex:a, 1 ; sh:nodeKind sh:Literal", "ex:x ex:p ex:y .", "ex:a ex:self ex:a ."),
    Case("HasValue", "sh:targetSubjectsOf ex:p ; sh:hasValue ex:a", "ex:a ex:p 1 . ex:b ex:p 1, 2 . ex:c ex:q 1 .",
         "ex:b ex:self ex:none ."),
    Case("HasValue", "sh:targetObjectsOf ex:p ; sh:hasValue 1", "ex:a ex:p 1 . ex:b ex:p 1, 2 . ex:c ex:q 3 .",
         "2 ex:self ex:none ."),
)  # fmt: skip


def quads(text: str) -> list[ox.Quad]:
    return list(Document("case.ttl", (PREFIXES + text).encode()).quads())


def key(term: object) -> str:
    return "[]" if isinstance(term, ox.BlankNode) else str(term)


def found(results: Iterable[Result]) -> Counter[tuple[str, str, str, str]]:
    """Give results as the cases write them, counted."""
    return Counter(
        (key(r.focus), r.path or EX + ("path" if getattr(r, "result_path", None) else "self"),
         key(r.value) if r.value is not None else f"<{EX}none>", r.component.rpartition("#")[2])
        for r in results
    )  # fmt: skip


LITERALS: Final = {
    "2 ex:self": ox.Literal(2),
    '"a" ex:self': ox.Literal("a"),
}
"""Literals as focus nodes, which Turtle cannot have as subjects."""


def expected(case: Case) -> Counter[tuple[str, str, str, str]]:
    """Give the results of a case: its triples are read one after another, so that one can be wanted twice."""
    text, subjects = PREFIXES + case.expected, {}
    for number, (written, literal) in enumerate(LITERALS.items()):
        subjects[f"<{EX}literal-{number}>"] = literal
        text = text.replace(written, f"ex:literal-{number} ex:self")
    return Counter(
        (key(subjects.get(key(t.subject), t.subject)), t.predicate.value, key(t.object),
         f"{case.component}ConstraintComponent")
        for t in ox.parse(text.encode(), ox.RdfFormat.TURTLE)
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.component}: {' '.join(case.shape.split())}"[:90])
def test_a_component_at_its_boundaries(case: Case) -> None:
    target = "" if "sh:target" in case.shape else "sh:targetClass ex:T ; "
    shapes = read_shapes(Graph(quads(f"ex:S {target}{case.shape} .")))
    data = quads(case.data)
    wanted = expected(case)
    assert found(whole_pass(shapes, Columns(data), stored(data)).results) == wanted
    assert found(Run(shapes, Graph(data), stored(data)).results()) == wanted
    if case.component in LOOSE:
        assert suspects(shapes, data) >= violators(shapes, data)
    else:
        assert suspects(shapes, data) == violators(shapes, data)


def test_the_selection_takes_every_node_where_a_query_cannot_say() -> None:
    shapes = read_shapes(Graph(quads(f'ex:S sh:targetClass ex:T ; sh:sparql [ sh:select "{BY_NAME}" ] .')))
    data = quads(COUNTED)
    assert violators(shapes, data) == {f"<{EX}two>"}
    assert suspects(shapes, data) == {f"<{EX}{name}>" for name in ("none_", "one", "two", "three")}


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("sh:path ex:p ; sh:minCount 1", f"The constraint sh:minCount is violated along <{EX}p>."),
        ("sh:nodeKind sh:Literal", "The constraint sh:nodeKind is violated."),
        ("ex:mark true", f"The constraint <{EX}Marked> is violated."),
    ],
)
def test_a_shape_without_a_message_has_a_plain_one(shape: str, message: str) -> None:
    declared = """ex:Marked a sh:ConstraintComponent ; sh:parameter [ sh:path ex:mark ] ;
        sh:validator [ sh:ask "ASK { FILTER(!$mark) }" ] ."""
    shapes = read_shapes(Graph(quads(f"ex:S sh:targetNode ex:a ; {shape} . {declared}")))
    (result,) = whole_pass(shapes, Columns([]), ox.Store()).results
    assert result.message() == message


def stored(data: list[ox.Quad]) -> ox.Store:
    store = ox.Store()
    store.extend(data)
    return store


def suspects(shapes: Mapping[Node, Shape], data: list[ox.Quad]) -> set[str]:
    columns = Columns(data)
    selection = CandidateSelection(Run(shapes, columns, stored(data)), columns)
    return {key(focus) for shape in shapes.values() for focus, _ in selection.candidates(shape)}


def violators(shapes: Mapping[Node, Shape], data: list[ox.Quad]) -> set[str]:
    """Give the focus nodes that have a result, found one by one."""
    run = Run(shapes, Graph(data), stored(data))
    return {
        key(focus) for shape in shapes.values() for focus in run.targets(shape) if not run.conforms(focus, shape.node)
    }
