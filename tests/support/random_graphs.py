"""An ontology with every kind of axiom, and random quads about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyoxigraph as ox

if TYPE_CHECKING:
    import random

EX = "http://example.org/"


ONE, TWO = (ox.NamedNode(f"{EX}graph/{name}") for name in ("one", "two"))


BATCHES = int(os.environ.get("COOPKG_EDIT_BATCHES", "20"))
"""Random batches on each of the two graphs; the acceptance run takes 150."""


ONTOLOGY = """
@prefix : <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:p rdfs:domain :A ; rdfs:range :B ; rdfs:subPropertyOf :q ; owl:inverseOf :r .
:q a owl:TransitiveProperty .
:s a owl:SymmetricProperty ; rdfs:domain :C .
:f a owl:FunctionalProperty .
:k a owl:InverseFunctionalProperty .
:chain owl:propertyChainAxiom ( :p :s ) .
:A rdfs:subClassOf :C .
:B rdfs:subClassOf :C .
:C rdfs:subClassOf :D .
:E owl:equivalentClass [ owl:intersectionOf ( :A :B ) ] .
:U owl:unionOf ( :A :E ) .
:some owl:onProperty :s ; owl:someValuesFrom :A ; rdfs:subClassOf :D .
:all owl:onProperty :q ; owl:allValuesFrom :B .
:A rdfs:subClassOf :all .
:value owl:onProperty :t ; owl:hasValue :n0 ; owl:equivalentClass :V .
:one owl:onProperty :u ; owl:maxCardinality 1 .
:n owl:oneOf ( :n0 :n1 ) .
"""


def node(name: str) -> ox.NamedNode:
    return ox.NamedNode(EX + name)


TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


SAME_AS = ox.NamedNode("http://www.w3.org/2002/07/owl#sameAs")


def random_quad(chance: random.Random) -> ox.Quad:
    subject = node(f"n{chance.randrange(9)}")
    kind = chance.random()
    graph = chance.choice((ONE, TWO))
    if kind < 0.25:
        return ox.Quad(subject, TYPE, node(chance.choice(["A", "B", "C", "E", "V", "one", "some"])), graph)
    if kind < 0.32:
        return ox.Quad(subject, SAME_AS, node(f"n{chance.randrange(9)}"), graph)
    if kind < 0.4:
        return ox.Quad(subject, node("label"), ox.Literal(chance.choice("xy")), graph)
    predicate = node(chance.choice(["p", "p", "q", "q", "r", "s", "s", "f", "k", "t", "u", "chain"]))
    return ox.Quad(subject, predicate, node(f"n{chance.randrange(9)}"), graph)
