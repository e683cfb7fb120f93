"""Why a contribution may not add a triple, and what to write instead: in English, Russian and Belarusian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE
from coopkg.rdf.namespaces import LANGUAGES, STANDARD_PREFIXES, prefixes
from coopkg.rdf.terms import compact, literal
from coopkg.rdf.vocabularies import meant_namespace, near_misses, split, terms_by_namespace
from coopkg.shacl.other_bases import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coopkg.rdf.graph import Graph, Node

Words = dict[str, str]
"""A text by language."""
Fact = tuple[Any, Any, Any]
"""Subject, predicate and object."""

_OWL, _RDFS, _SH = (STANDARD_PREFIXES[prefix] for prefix in ("owl", "rdfs", "sh"))
_INVERSE: Final = ox.NamedNode(_OWL + "inverseOf")
_SUB_PROPERTY: Final = ox.NamedNode(_RDFS + "subPropertyOf")
_SAME: Final = ox.NamedNode(_OWL + "sameAs")
_SCHEMATIC: Final = (_OWL, _RDFS, _SH)
"""Namespaces of terms that say what classes, properties and shapes mean."""
_NOTES: Final = frozenset({"label", "comment", "seeAlso", "isDefinedBy", "member"})
"""Terms of RDFS that are about any node."""
_DESCRIBING: Final = tuple(STANDARD_PREFIXES[prefix] for prefix in ("dcat", "void", "sd"))
"""Namespaces of terms that describe datasets and services."""
_MOST: Final = 3
"""Terms that a sentence proposes."""

_UNTYPED: Final = (
    "{} has no class for which there is a shape: say what it is (rdf:type).",
    "У {} нет класса, для которого есть форма: укажите, что это (rdf:type).",
    "У {} няма класа, для якога ёсць форма: укажыце, што гэта (rdf:type).",
)
_UNKNOWN: Final = (
    "{} is no term of its vocabulary.",
    "{} — не термин своего словаря.",
    "{} — не тэрмін свайго слоўніка.",
)
_MEANT: Final = ("{}: did you mean {}?", "{}: может быть, {}?", "{}: можа быць, {}?")
_OR: Final = (" or ", " или ", " ці ")
_NAMESPACE: Final = (
    "{} is not in the namespace of its vocabulary: write {}.",
    "{} — не в пространстве имён своего словаря: напишите {}.",
    "{} — не ў прасторы імёнаў свайго слоўніка: напішыце {}.",
)
_SAME_AS: Final = (
    "Two nodes are not made one by a contribution: link to a register by skos:exactMatch, with its dcterms:source.",
    "Вклад не объединяет два узла в один: сошлитесь на реестр через skos:exactMatch, указав dcterms:source.",
    "Унёсак не аб’ядноўвае два вузлы ў адзін: спашліцеся на рэестр праз skos:exactMatch, указаўшы dcterms:source.",
)
_SCHEMA: Final = (
    "A contribution says nothing of what a class, a property or a shape means: {} is for the ontology.",
    "Вклад не говорит, что значит класс, свойство или форма: {} — дело онтологии.",
    "Унёсак не кажа, што значыць клас, уласцівасць ці форма: {} — справа анталогіі.",
)
_DATASET: Final = (
    "The publisher describes the dataset, and no contribution: remove {}.",
    "Набор данных описывает издатель, а не вклад: уберите {}.",
    "Набор даных апісвае выдавец, а не ўнёсак: прыбярыце {}.",
)
_INSTEAD: Final = (
    "{} follows from other triples and is not asserted: write {} instead.",
    "{} следует из других триплетов и не утверждается: напишите вместо этого {}.",
    "{} вынікае з іншых трыплетаў і не сцвярджаецца: напішыце замест гэтага {}.",
)
_NO_SHAPE: Final = (
    "No shape is for the class {}.",
    "Ни одна форма не относится к классу {}.",
    "Ніводная форма не адносіцца да класа {}.",
)
_NOT_OF_CLASS: Final = (
    "No shape names {} for {}.",
    "Ни одна форма не называет {} для {}.",
    "Ніводная форма не называе {} для {}.",
)
_UNSUPPORTED: Final = (
    (
        "{} is described in {}, and no claim of this change supports this triple: add a claim with its passage, and an "
        "rdf:Statement of the triple that it supports (coop:supports)."
    ),
    (
        "{} описан в {}, и ни одно утверждение этого изменения не подкрепляет триплет: добавьте утверждение с его "
        "фрагментом и rdf:Statement об этом триплете, который оно подкрепляет (coop:supports)."
    ),
    (
        "{} апісаны ў {}, і ніводнае сцвярджэнне гэтай змены не падмацоўвае трыплет: дадайце сцвярджэнне з яго "
        "фрагментам і rdf:Statement пра гэты трыплет, які яно падмацоўвае (coop:supports)."
    ),
)


def is_about_terms(cls: Node) -> bool:
    """Whether the instances of a class are terms, shapes or datasets, which no contribution describes."""
    return isinstance(cls, ox.NamedNode) and split(cls.value)[0] in {*_SCHEMATIC, *_DESCRIBING}


class Rule(NamedTuple):
    """A rule by which triples are derived: patterns of terms and variables."""

    head: Fact
    body: Sequence[Fact]


class Reason(NamedTuple):
    """Why a triple is refused, and the terms or triples that stand for it."""

    messages: Words
    wanted: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Reasons:
    """What the shapes graph and the ontology know of terms; ``properties`` are those that each class may have."""

    graph: Graph
    base: str
    properties: Mapping[Node, frozenset[Node]]
    rules: Sequence[Rule] = ()

    @property
    def own(self) -> str:
        """The namespace of the ontology."""
        return f"{self.base}ontology#"

    def of_type(self, cls: Node) -> Reason:
        """Return why nothing may be of a class."""
        if not isinstance(cls, ox.NamedNode):
            return self._say(_NO_SHAPE, self.show(cls))
        licensed = [c for c, names in self.properties.items() if names]
        return (
            self._of_term(cls, licensed)
            or self._of_kind(cls, None)
            or self._say(_NO_SHAPE, self.show(cls), meant=self._meant(cls, licensed))
        )

    def of_property(self, fact: Fact, types: Sequence[Node]) -> Reason:
        """Return why a node of some classes may not have a property."""
        subject, predicate, _ = fact
        licensed = self._licensed(types)
        classes = ", ".join(self.show(t) for t in types) or self.show(subject)
        return self.of_any_subject(fact, licensed) or self._say(
            _NOT_OF_CLASS, self.show(predicate), classes, meant=self._meant(predicate, licensed)
        )

    def of_any_subject(self, fact: Fact, licensed: Sequence[Node] = ()) -> Reason | None:
        """Return why no contribution may use a property at all, or None where it depends on the subject's class."""
        subject, predicate, _ = fact
        if predicate == _SAME:
            return self._say(_SAME_AS)
        return (
            self._instead(fact, licensed)
            or self._of_term(predicate, licensed or self._licensed(self.properties))
            or self._of_kind(predicate, subject)
        )

    def untyped(self, subject: Node, types: Iterable[Node]) -> Reason:
        """Return what to say of a node for none of whose classes there is a shape."""
        kinds = (self._of_kind(cls, None) for cls in types if isinstance(cls, ox.NamedNode))
        return self.foreign(subject) or next(filter(None, kinds), None) or self._say(_UNTYPED, self.show(subject))

    def foreign(self, term: Node) -> Reason | None:
        """Return what to say of a term under another base, with the one that is meant."""
        said = sentence(term, self.base)
        return None if said is None else Reason(said[0], (said[1],))

    def unsupported(self, subject: Node, graph: Node) -> Reason:
        """Return what to say of a triple whose subject another graph describes."""
        return self._say(_UNSUPPORTED, self.show(subject), self.show(graph))

    def is_declared(self, term: Node) -> bool:
        """Whether the ontology says what a term is."""
        return bool(self.graph.objects(term, RDF_TYPE))

    def show(self, term: Node) -> str:
        """Write a term as a person would."""
        if isinstance(term, ox.NamedNode):
            return compact(term.value, prefixes(self.base))
        return literal(term, prefixes(self.base)) if isinstance(term, ox.Literal) else str(term)

    def _of_term(self, term: ox.NamedNode, candidates: Iterable[Node]) -> Reason | None:
        """Return what is wrong with a term itself: another base, another namespace, or no term at all."""
        other = self.foreign(term)
        if other is not None:
            return other
        namespace, name = split(term.value)
        known = {**terms_by_namespace(), self.own: None}
        if namespace not in known:
            meant = meant_namespace(namespace, (*known, *STANDARD_PREFIXES.values()))
            if meant is None or meant == namespace:
                return None
            better = ox.NamedNode(meant + name)
            return self._say(_NAMESPACE, str(term), f"{self.show(better)} ({better})", wanted=(better,))
        names = known[namespace]
        exists = self.is_declared(term) if names is None else name in names or self.is_declared(term)
        return None if exists else self._say(_UNKNOWN, self.show(term), meant=self._meant(term, candidates))

    def _of_kind(self, term: ox.NamedNode, subject: Node | None) -> Reason | None:
        """Return what to say of a term that describes a dataset, or the meaning of terms."""
        namespace, name = split(term.value)
        if namespace in _DESCRIBING:
            return self._say(_DATASET, self.show(term))
        schematic = namespace in _SCHEMATIC and name not in _NOTES
        return self._say(_SCHEMA, self.show(term)) if schematic or self.is_declared(subject) else None

    def _licensed(self, types: Iterable[Node]) -> list[Node]:
        return sorted({p for t in types for p in self.properties.get(t, ())}, key=str)

    @staticmethod
    def _meant(term: ox.NamedNode, candidates: Iterable[Node]) -> tuple[Node, ...]:
        """Return the candidates whose names are similar to that of a term, else such terms of its vocabulary."""
        namespace, name = split(term.value)
        by_name: dict[str, Node] = {}
        for candidate in candidates:
            by_name.setdefault(split(candidate.value)[1], candidate)
        names = near_misses(name, by_name, _MOST)
        if names:
            return tuple(by_name[found] for found in names if by_name[found] != term)
        known = terms_by_namespace().get(namespace, ())
        return () if name in known else tuple(ox.NamedNode(namespace + n) for n in near_misses(name, known, _MOST))

    def _instead(self, fact: Fact, own: Sequence[Node]) -> Reason | None:
        """Return which triple to write in place of one that is derived, or None where it is not."""
        subject, predicate, obj = fact
        licensed = set(self._licensed(self.properties))
        for inverse in (*self.graph.objects(predicate, _INVERSE), *self.graph.subjects(_INVERSE, predicate)):
            if inverse in licensed and not isinstance(obj, ox.Literal):
                return self._derived(predicate, [(obj, inverse, subject)])
        for rule in self.rules:
            if rule.head[1] == predicate:
                bound = {rule.head[0]: subject, rule.head[2]: obj}
                return self._derived(predicate, [tuple(bound.get(t, t) for t in p) for p in rule.body])  # type: ignore[misc]
        for narrower in self.graph.subjects(_SUB_PROPERTY, predicate):
            if narrower in own:
                return self._derived(predicate, [(subject, narrower, obj)])
        return None

    def _derived(self, predicate: Node, facts: Sequence[Fact]) -> Reason:
        text = " ".join(f"{' '.join(self._term(t) for t in fact)} ." for fact in facts)
        return self._say(_INSTEAD, self.show(predicate), f"“{text}”", wanted=(facts[0][1],))

    def _term(self, term: Node) -> str:
        return f"?{term.value}" if isinstance(term, ox.Variable) else "a" if term == RDF_TYPE else self.show(term)

    def _say(
        self, phrase: tuple[str, ...], *operands: str, meant: tuple[Node, ...] = (), wanted: tuple[Node, ...] = ()
    ) -> Reason:
        """Return a sentence in each language, with the terms that may have been ``meant``."""
        texts = [text.format(*operands) for text in phrase]
        if meant:
            shown = (word.join(map(self.show, meant)) for word in _OR)
            texts = [w.format(t.rstrip("."), s) for w, t, s in zip(_MEANT, texts, shown, strict=True)]
        return Reason(dict(zip(LANGUAGES, texts, strict=True)), meant or wanted)
