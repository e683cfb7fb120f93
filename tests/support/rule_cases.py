"""What each rule of OWL 2 RL derives: facts in Turtle and what follows from them."""

from __future__ import annotations

import pyoxigraph as ox

PREFIXES = """
@prefix : <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


DERIVED = {
    "prp-dom": (":p rdfs:domain :C . :a :p :b .", ":a a :C ."),
    "prp-rng": (":p rdfs:range :C . :a :p :b, 'text' .", ":b a :C ."),
    "prp-fp": (":p a owl:FunctionalProperty . :a :p :b, :c .", ":b owl:sameAs :c . :c owl:sameAs :b . "),
    "prp-ifp": (":p a owl:InverseFunctionalProperty . :a :p 1 . :b :p 1 .", ":a owl:sameAs :b . :b owl:sameAs :a ."),
    "prp-symp": (":p a owl:SymmetricProperty . :a :p :b, 'text' .", ":b :p :a ."),
    "prp-trp": (":p a owl:TransitiveProperty . :a :p :b . :b :p :c . :c :p :d .", ":a :p :c, :d . :b :p :d ."),
    "prp-spo1": (":p rdfs:subPropertyOf :q . :a :p 1.50 .", ":a :q 1.5 ."),
    "prp-spo2": (":q owl:propertyChainAxiom ( :p :r :s ) . :a :p :b . :b :r :c . :c :s :d .", ":a :q :d ."),
    "prp-spo2, of one": (":q owl:propertyChainAxiom ( :p ) . :a :p :b .", ":a :q :b ."),
    "prp-eqp": (":p owl:equivalentProperty :q . :a :p :b . :c :q :d .", ":a :q :b . :c :p :d . "),
    "prp-inv": (":p owl:inverseOf :q . :a :p :b . :c :q :d .", ":b :q :a . :d :p :c ."),
    "inverse in a chain": (
        ":q owl:propertyChainAxiom ( [ owl:inverseOf :p ] :p ) . :a :p :b . :a :p :c .",
        ":b :q :b, :c . :c :q :b, :c .",
    ),
    "inverse as super-property": (":p rdfs:subPropertyOf [ owl:inverseOf :q ] . :a :p :b .", ":b :q :a ."),
    "cls-int1": (":C owl:intersectionOf ( :A :B ) . :x a :A, :B . :y a :A .", ":x a :C ."),
    "cls-int2": (":C owl:intersectionOf ( :A :B ) . :x a :C .", ":x a :A, :B ."),
    "cls-uni": (":C owl:unionOf ( :A :B ) . :x a :A .", ":x a :C ."),
    "cls-svf1": (":C owl:onProperty :p ; owl:someValuesFrom :D . :a :p :b . :b a :D . :c :p :d .", ":a a :C ."),
    "cls-svf2": (":C owl:onProperty :p ; owl:someValuesFrom owl:Thing . :a :p :b .", ":a a :C ."),
    "cls-avf": (":C owl:onProperty :p ; owl:allValuesFrom :D . :a a :C ; :p :b . :c :p :d .", ":b a :D ."),
    "cls-hv1": (":C owl:onProperty :p ; owl:hasValue 1 . :a a :C .", ":a :p 1 ."),
    "cls-hv2": (":C owl:onProperty :p ; owl:hasValue :v . :a :p :v . :b :p :w .", ":a a :C ."),
    "cls-maxc2": (
        ":C owl:onProperty :p ; owl:maxCardinality '1'^^xsd:nonNegativeInteger . :a a :C ; :p :b, :c . :d :p :e, :f .",
        ":b owl:sameAs :c . :c owl:sameAs :b .",
    ),
    "cls-maxqc3": (
        (
            ":C owl:onProperty :p ; owl:onClass :D ; owl:maxQualifiedCardinality 1 . :a a :C ; :p :b, :c, :e ."
            ":b a :D . :c a :D ."
        ),
        ":b owl:sameAs :c . :c owl:sameAs :b .",
    ),
    "cls-maxqc4": (
        ":C owl:onProperty :p ; owl:onClass owl:Thing ; owl:maxQualifiedCardinality 1 . :a a :C ; :p :b, :c .",
        ":b owl:sameAs :c . :c owl:sameAs :b .",
    ),
    "cls-oo": (":C owl:oneOf ( :a :b ) .", ":a a :C . :b a :C ."),
    "cax-sco": (":A rdfs:subClassOf :B . :x a :A .", ":x a :B ."),
    "cax-eqc": (":A owl:equivalentClass :B . :x a :A . :y a :B .", ":x a :B . :y a :A ."),
    "eq-rep": (
        ":a owl:sameAs :b . :a :p :c . :d :q :b . :p owl:sameAs :r .",
        ":b owl:sameAs :a . :r owl:sameAs :p . :a :r :c . :b :p :c ; :r :c . :d :q :a .",
    ),
    "eq-trans": (
        ":a owl:sameAs :b . :b owl:sameAs :c .",
        ":b owl:sameAs :a . :c owl:sameAs :a, :b . :a owl:sameAs :c .",
    ),
    "axioms that are inferred": (
        ":has rdfs:subPropertyOf rdfs:subClassOf . :A :has :B . :x a :A .",
        ":A rdfs:subClassOf :B . :x a :B .",
    ),
}


SCHEMA = {
    "scm-sco": (":A rdfs:subClassOf :B . :B rdfs:subClassOf :C .", ":A rdfs:subClassOf :C ."),
    "scm-spo": (":p rdfs:subPropertyOf :q . :q rdfs:subPropertyOf :r .", ":p rdfs:subPropertyOf :r ."),
    "scm-eqc": (
        ":A owl:equivalentClass :B .",
        ":A rdfs:subClassOf :B . :B rdfs:subClassOf :A ; owl:equivalentClass :A .",
    ),
    "scm-dom": (
        ":p rdfs:domain :A . :A rdfs:subClassOf :B . :q rdfs:subPropertyOf :p .",
        ":p rdfs:domain :B . :q rdfs:domain :A, :B .",
    ),
    "scm-rng": (
        ":p rdfs:range :A . :A rdfs:subClassOf :B . :q rdfs:subPropertyOf :p .",
        ":p rdfs:range :B . :q rdfs:range :A, :B .",
    ),
    "scm-int": (":C owl:intersectionOf ( :A :B ) .", ":C rdfs:subClassOf :A, :B ."),
    "scm-uni": (":C owl:unionOf ( :A :B ) .", ":A rdfs:subClassOf :C . :B rdfs:subClassOf :C ."),
    "scm-svf1": (
        (
            ":C owl:onProperty :p ; owl:someValuesFrom :A . :D owl:onProperty :p ; owl:someValuesFrom :B ."
            ":A rdfs:subClassOf :B ."
        ),
        ":C rdfs:subClassOf :D .",
    ),
    "scm-avf2": (
        (
            ":C owl:onProperty :p ; owl:allValuesFrom :A . :D owl:onProperty :q ; owl:allValuesFrom :A ."
            ":p rdfs:subPropertyOf :q ."
        ),
        ":D rdfs:subClassOf :C .",
    ),
    "scm-hv": (
        ":C owl:onProperty :p ; owl:hasValue :v . :D owl:onProperty :q ; owl:hasValue :v . :p rdfs:subPropertyOf :q .",
        ":C rdfs:subClassOf :D .",
    ),
}


def parsed(turtle: str) -> list[ox.Quad]:
    return list(ox.parse((PREFIXES + turtle).encode(), ox.RdfFormat.TURTLE))
