"""Contributions as people make them, right ones and plausible wrong ones, from a seed.

A right one describes a new thing as a published one of its class is described, with a source, a claim and a statement
for each fact. A wrong one is a right one with a mistake of one of ``KINDS``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.dataset.published_files import find_published
from coopkg.dataset.store import read_manifest, read_quads
from coopkg.rdf.graph import RDF_TYPE, Graph
from coopkg.rdf.namespaces import DEFAULT_BASE, prefixes

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

PREFIXES: Final = prefixes()
CLASSES: Final = (
    "Agreement", "Project", "ProjectGroup", "ResearchInstitute", "HigherEducationInstitution", "PublicBody",
    "MediaOutlet", "IntergovernmentalBody", "ExpectedResult", "Proposal",
)  # fmt: skip
"""The classes of the new things; each has published ones that a new one can be like."""


def iri(name: str) -> ox.NamedNode:
    prefix, _, local = name.partition(":")
    return ox.NamedNode(PREFIXES[prefix] + local)


def published() -> Graph:
    return Graph(read_quads(find_published(), read_manifest(find_published())))


@dataclass
class Contribution:
    """The triples of a contribution about ``thing``, whose claim supports those in ``facts``."""

    thing: ox.NamedNode
    kind: str
    triples: list[ox.Triple]
    facts: list[ox.Triple] = field(default_factory=list)
    period: object = None
    """The period of the published thing that this one is like."""

    def add(self, subject: ox.NamedNode, predicate: str, value: ox.NamedNode | ox.Literal) -> None:
        self.triples.append(ox.Triple(subject, iri(predicate), value))

    def drop(self, predicate: str, subject: ox.NamedNode | None = None) -> None:
        about = subject or self.thing
        self.triples = [t for t in self.triples if t.subject != about or t.predicate != iri(predicate)]

    def swap(self, old: ox.NamedNode | ox.Literal, new: ox.NamedNode | ox.Literal, predicate: str = "") -> None:
        """Put one term in the place of another, everywhere or in the triples of one property of the thing."""

        def term(value):  # noqa: ANN001, ANN202 - any term of a triple
            return new if value == old else value

        self.triples = [
            ox.Triple(term(t.subject), term(t.predicate), term(t.object))
            if not predicate or (t.predicate == iri(predicate) and t.subject == self.thing)
            else t
            for t in self.triples
        ]

    def text(self) -> str:
        return ox.serialize(list(dict.fromkeys(self.triples)), format=ox.RdfFormat.N_TRIPLES).decode()


ITS_OWN: Final = frozenset(map(iri, (
    "coop:hasEvidence", "coop:isMentionedIn", "coop:picCode", "coop:grantNumber", "dcterms:source", "dcterms:title",
    "foaf:homepage",
)))  # fmt: skip
"""Properties that no two things have in common, beside all of SKOS."""
CLAIM: Final = iri("claim:gazette-2020-001")
SOURCE: Final = iri("source:gazette-2020")
_NO_EVIDENCE: Final = ox.NamedNode(PREFIXES["coop"] + "needsNoEvidence")
_LANGUAGES: Final = {"en": "Example {n} of the gazette", "ru": "Пример {n} из вестника", "be": "Прыклад {n} з весніка"}


class Maker:
    """Makes contributions; ``graph`` is the published one."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        exempt = graph.subjects(_NO_EVIDENCE, ox.Literal(value=True))
        self.exempt = {*exempt, RDF_TYPE}
        # Of those about which a claim states something: a claim that is cited supports a triple.
        self.models = {
            cls: [n for n in graph.subjects(RDF_TYPE, iri(f"coop:{cls}")) if any(self._facts(n))] for cls in CLASSES
        }

    def _facts(self, model: ox.NamedNode) -> list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]]:
        """Give what a new thing can have in common with a published one, and needs a statement."""
        return [(p, o) for p, o in self._common(model) if p not in self.exempt]

    def _common(self, model: ox.NamedNode) -> list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]]:
        return [(p, o) for p, o in self.graph.predicates(model) if p not in ITS_OWN and "skos/core#" not in p.value]

    def right(self, chance: Random, kind: str = "") -> Contribution:
        """Make a contribution that is in order."""
        kind = kind or chance.choice(CLASSES)
        model = chance.choice(sorted(self.models[kind], key=str))
        number = chance.randrange(1000, 9999)
        thing = ox.NamedNode(f"{model.value.rpartition('/')[0]}/gazette-{number}")
        made = Contribution(thing, kind, [])
        made.period = self.graph.value(model, iri("coop:hasReferencePeriod"))
        for predicate, value in self._common(model):
            if kind == "Agreement" and value == made.period:
                continue  # with the same parties it would be the same thing
            made.triples.append(ox.Triple(thing, predicate, value))
            if predicate not in self.exempt:
                made.facts.append(made.triples[-1])
        for language, label in _LANGUAGES.items():
            made.add(thing, "skos:prefLabel", ox.Literal(label.format(n=number), language=language))
            made.add(SOURCE, "skos:prefLabel", ox.Literal(label.format(n="itself"), language=language))
            made.add(CLAIM, "coop:paraphrase", ox.Literal(label.format(n=number), language=language))
        made.add(thing, "coop:hasEvidence", CLAIM)
        issued = ox.Literal("2020-05-14", datatype=iri("xsd:date"))
        made.add(SOURCE, "dcterms:issued", issued)
        made.facts.append(made.triples[-1])
        for subject in (SOURCE, CLAIM):
            made.add(subject, "coop:hasCertainty", iri("certainty:asserted"))
        made.add(SOURCE, "rdf:type", iri("coop:SourceDocument"))
        made.add(SOURCE, "coop:hasEvidence", CLAIM)
        made.add(CLAIM, "rdf:type", iri("coop:Claim"))
        made.add(CLAIM, "coop:claimNumber", ox.Literal(1))
        made.add(CLAIM, "coop:hasVoice", iri("voice:document"))
        made.add(CLAIM, "prov:wasAttributedTo", SOURCE)
        made.add(CLAIM, "prov:wasDerivedFrom", SOURCE)
        for count, fact in enumerate(made.facts, 1):
            self.support(made, fact, count)
        return made

    @staticmethod
    def support(made: Contribution, fact: ox.Triple, count: int) -> None:
        """Have the claim support a triple."""
        statement = iri(f"triple:gazette-2020-001-{count}")
        made.add(CLAIM, "coop:supports", statement)
        made.add(statement, "rdf:type", iri("rdf:Statement"))
        for name, term in zip(
            ("subject", "predicate", "object"), (fact.subject, fact.predicate, fact.object), strict=True
        ):
            made.add(statement, f"rdf:{name}", term)

    def wrong(self, chance: Random, kind: str) -> Contribution:
        """Make a contribution with a mistake of that kind."""
        mistake = KINDS[kind]
        made = self.right(chance, mistake.about)
        mistake.make(made, chance)
        return made


@dataclass(frozen=True)
class Mistake:
    """A kind of mistake, in a contribution about a thing of the class ``about``; refused unless it is ``warned`` of."""

    make: Callable[[Contribution, Random], None]
    about: str = ""
    warned: bool = False


KINDS: Final[dict[str, Mistake]] = {}


def _kind(name: str, about: str = "", *, warned: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(make: Callable[..., None]) -> Callable[..., None]:
        KINDS[name] = Mistake(make, about, warned)
        return make

    return register


def _statement(made: Contribution, chance: Random) -> ox.NamedNode:
    return chance.choice(sorted({t.subject for t in made.triples if t.predicate == iri("rdf:object")}, key=str))


@_kind("a fact that no claim states")
def _(made: Contribution, chance: Random) -> None:
    statement = _statement(made, chance)
    made.triples = [t for t in made.triples if statement not in {t.subject, t.object}]


@_kind("a claim that states another value")
def _(made: Contribution, chance: Random) -> None:
    statement = _statement(made, chance)
    made.triples = [t for t in made.triples if t.subject != statement or t.predicate != iri("rdf:object")]
    made.add(statement, "rdf:object", iri("country:PL"))


@_kind("a third party that nobody names", "Agreement")
def _(made: Contribution, chance: Random) -> None:
    made.add(made.thing, "coop:hasParty", iri(f"country:{chance.choice(['PL', 'FR', 'IT'])}"))


@_kind("evidence of another matter")
def _(made: Contribution, chance: Random) -> None:
    made.add(made.thing, "coop:hasEvidence", iri(f"claim:high-tech-country-{chance.randrange(20, 90):03}"))


@_kind("no evidence")
def _(made: Contribution, chance: Random) -> None:  # noqa: ARG001 - as all
    made.drop("coop:hasEvidence")


@_kind("no class")
def _(made: Contribution, chance: Random) -> None:  # noqa: ARG001
    made.drop("rdf:type")


@_kind("a class that there is not")
def _(made: Contribution, chance: Random) -> None:
    made.drop("rdf:type")
    made.add(made.thing, "rdf:type", iri(f"coop:{chance.choice(['Agrement', 'Treaty', 'Projekt', 'agreement'])}"))


@_kind("a misspelt property of ours")
def _(made: Contribution, chance: Random) -> None:
    fact = chance.choice([f for f in made.facts if f.subject == made.thing] or made.facts)
    made.add(fact.subject, chance.choice(["coop:hasTopik", "coop:hasPartie", "coop:isLocatedin"]), fact.object)


@_kind("a misspelt property of a vocabulary")
def _(made: Contribution, chance: Random) -> None:
    name = chance.choice(["skos:preflabel", "skos:altLable", "dcterms:tittle", "foaf:homePage"])
    made.add(made.thing, name, ox.Literal("Another name", language="en"))


@_kind("the secure address of a namespace that has none")
def _(made: Contribution, chance: Random) -> None:  # noqa: ARG001
    name = ox.NamedNode(PREFIXES["skos"].replace("http:", "https:") + "note")
    made.triples.append(ox.Triple(made.thing, name, ox.Literal("A note.", language="en")))


@_kind("an inverse property")
def _(made: Contribution, chance: Random) -> None:
    name, subject = chance.choice([("coop:isPartyTo", "country:FR"), ("coop:isEvidenceFor", "claim:gazette-2020-001")])
    made.add(iri(subject), name, made.thing)


@_kind("a derived property")
def _(made: Contribution, chance: Random) -> None:
    made.add(iri("country:FR"), chance.choice(["coop:cooperatesWith"]), iri("country:BY"))


@_kind("a label of RDFS")
def _(made: Contribution, chance: Random) -> None:  # noqa: ARG001
    made.add(made.thing, "rdfs:label", ox.Literal("A name", language="en"))


@_kind("a country that there is not", "Agreement")
def _(made: Contribution, chance: Random) -> None:
    party = chance.choice([t.object for t in made.facts if t.predicate == iri("coop:hasParty")])
    made.swap(party, iri(f"country:{chance.choice(['XX', 'QQ', 'EU', 'UK'])}"))


@_kind("a person as a party", "Agreement")
def _(made: Contribution, chance: Random) -> None:
    party = chance.choice([t.object for t in made.facts if t.predicate == iri("coop:hasParty")])
    made.swap(party, iri("person:alexander-shumilin"))


@_kind("one party", "Agreement")
def _(made: Contribution, chance: Random) -> None:
    first, second = [t.object for t in made.facts if t.predicate == iri("coop:hasParty")][:2]
    made.swap(*((first, second) if chance.random() < 0.5 else (second, first)))


@_kind("a Cyrillic letter in a code", "Agreement")
def _(made: Contribution, chance: Random) -> None:
    party = chance.choice([t.object for t in made.facts if t.predicate == iri("coop:hasParty")])
    code = party.value.rpartition("/")[2]
    place = chance.randrange(len(code))
    made.swap(party, iri(f"country:{code[:place]}С{code[place + 1 :]}"))


@_kind("a certainty that there is not")
def _(made: Contribution, chance: Random) -> None:
    made.drop("coop:hasCertainty")
    made.add(made.thing, "coop:hasCertainty", iri(f"certainty:{chance.choice(['sure', 'high', 'aserted'])}"))


@_kind("two certainties")
def _(made: Contribution, chance: Random) -> None:  # noqa: ARG001
    for name in ("expected", "asserted"):
        made.add(made.thing, "coop:hasCertainty", iri(f"certainty:{name}"))


@_kind("a label without a language")
def _(made: Contribution, chance: Random) -> None:  # noqa: ARG001
    made.drop("skos:prefLabel")
    made.add(made.thing, "skos:prefLabel", ox.Literal("Agreement"))


@_kind("no label")
def _(made: Contribution, chance: Random) -> None:  # noqa: ARG001
    made.drop("skos:prefLabel")


@_kind("a date that is none")
def _(made: Contribution, chance: Random) -> None:
    right = ox.Literal("2020-05-14", datatype=iri("xsd:date"))
    wrong = chance.choice(["2020-02-31", "2020-13-01", "14.05.2020", "2020"])
    made.swap(right, ox.Literal(wrong, datatype=iri("xsd:date")))


@_kind("a claim without a source")
def _(made: Contribution, chance: Random) -> None:
    made.drop("prov:wasDerivedFrom", CLAIM)
    if chance.random() < 0.5:
        made.add(CLAIM, "prov:wasDerivedFrom", iri("source:nobody-knows"))


@_kind("a claim with another number")
def _(made: Contribution, chance: Random) -> None:
    made.drop("coop:claimNumber", CLAIM)
    made.add(CLAIM, "coop:claimNumber", ox.Literal(chance.randrange(2, 99)))


@_kind("a meaning of a class")
def _(made: Contribution, chance: Random) -> None:
    name, value = chance.choice([("rdfs:subClassOf", "coop:Country"), ("owl:disjointWith", "coop:Program")])
    made.add(iri("coop:Project"), name, iri(value))


@_kind("two things made one")
def _(made: Contribution, chance: Random) -> None:
    made.add(made.thing, "owl:sameAs", iri(f"country:{chance.choice(['BY', 'RU'])}"))


@_kind("a description of the dataset")
def _(made: Contribution, chance: Random) -> None:  # noqa: ARG001
    catalogue = ox.NamedNode(f"{DEFAULT_BASE}catalog#dataset")
    made.add(catalogue, "dcterms:license", ox.NamedNode("http://example.org/all-rights-reserved"))


@_kind("a term under another base")
def _(made: Contribution, chance: Random) -> None:
    base = chance.choice(["http://127.0.0.1:10820/", "https://example.org/"])
    made.triples.append(ox.Triple(made.thing, ox.NamedNode(f"{base}ontology#hasTopic"), iri("topic:genomics")))


@_kind("a foreign property")
def _(made: Contribution, chance: Random) -> None:
    name = ox.NamedNode(f"http://example.org/{chance.choice(['buy', 'population'])}")
    made.triples.append(ox.Triple(made.thing, name, ox.Literal("now")))


@_kind("a membership that nobody states")
def _(made: Contribution, chance: Random) -> None:
    country = chance.choice(["BY", "UA", "KZ"])
    made.add(iri(f"country:{country}"), "coop:isMemberOf", iri("body:european-union"))


@_kind("letters of another language")
def _(made: Contribution, chance: Random) -> None:
    made.drop("skos:prefLabel")
    texts = {"en": "Example", "ru": "Пример из вестника", "be": "Прыклад з весніка"}
    wrong = chance.choice(
        [("be", "Пример и щит из вестника"), ("en", "Пример из вестника"), ("ru", "Прыклад з вёскі ў весніку")]
    )
    for language, label in {**texts, wrong[0]: wrong[1]}.items():
        made.add(made.thing, "skos:prefLabel", ox.Literal(f"{label} {chance.randrange(9999)}", language=language))


@_kind("an agreement that there is already", "Agreement", warned=True)
def _(made: Contribution, chance: Random) -> None:  # noqa: ARG001
    made.add(made.thing, "coop:hasReferencePeriod", made.period)
    Maker.support(made, made.triples[-1], len(made.facts) + 1)


@_kind("the name of another thing", "Project", warned=True)
def _(made: Contribution, chance: Random) -> None:  # noqa: ARG001
    made.drop("skos:prefLabel")
    for language in ("en", "ru", "be"):
        made.add(made.thing, "skos:prefLabel", ox.Literal("SUPERTWIN", language=language))
