"""Fixes of results that are mechanical: a datatype, a language tag, a name that is spelt almost right, a code.

A fix replaces one term where the document has it by another, which the constraint accepts; where two would do, there is
none.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE, SUBCLASS_OF
from coopkg.rdf.literals import language_matches, matches, well_formed
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.terms import compact, literal
from coopkg.shacl import text_edits
from coopkg.shacl.report import Edit, Fix
from coopkg.shacl.source_locations import EDITABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.documents import Source
    from coopkg.shacl.report import Result
    from coopkg.shacl.shapes import Constraint, Shape
    from coopkg.shacl.source_locations import SourceLocations

_CLOSE: Final = 0.75
"""How alike two names must be for one to be put in the place of the other."""
_SHORT: Final = 3
"""Letters up to which a name is taken for a code, and codes are never almost alike."""
_MANY: Final = 5000
"""Nodes of a class above which none is suggested: to compare them all would take longer than it helps."""
_LANG_STRING: Final = STANDARD_PREFIXES["rdf"] + "langString"
_STRINGS: Final = (STANDARD_PREFIXES["xsd"] + "string", _LANG_STRING)
_ABSOLUTE: Final = re.compile(r"https?://[^\x00-\x20<>\"{}|\\^`]+")
_CLASSES: Final = tuple(ox.NamedNode(STANDARD_PREFIXES[prefix] + "Class") for prefix in ("owl", "rdfs"))
_PROPERTIES: Final = (
    *(ox.NamedNode(STANDARD_PREFIXES["owl"] + f"{kind}Property") for kind in ("Object", "Datatype", "Annotation")),
    ox.NamedNode(STANDARD_PREFIXES["rdf"] + "Property"),
)


class QuickFixes:
    """Finds fixes for the results on one graph; ``sources`` and ``places`` go together."""

    def __init__(
        self,
        graph: Readable,
        shapes: Mapping[Node, Shape],
        sources: Sequence[Source],
        places: Sequence[SourceLocations],
    ) -> None:
        self.graph = graph
        self.shapes = shapes
        self.documents = [(s, p) for s, p in zip(sources, places, strict=True) if s.document.format in EDITABLE]
        self._names: dict[Any, dict[str, list[ox.NamedNode]]] = {}

    def fix(self, result: Result, constraint: Constraint, shape: Shape) -> Fix | None:  # noqa: PLR0911
        """Return what would mend a result, or None."""
        path = ox.NamedNode(result.path) if result.path else None
        if constraint.name in {"minCount", "qualifiedMinCount", "hasValue"} and path is not None:
            return self._property(result.focus, path, (path,))
        if constraint.name == "closed" and path is not None:
            return self._property(result.focus, None, tuple(constraint.value), only=path)
        if result.value is None:
            return None
        if constraint.name in {"sparql", "component"}:
            return self._term(result.focus, result.value)
        wanted = self._replacement(constraint, result, shape)
        if wanted is None and constraint.name in {"class", "node", "or", "xone"}:
            return self._type(result.value, constraint)
        if wanted is None or wanted == result.value:
            return None
        return self._write((result.focus, path, result.value), wanted)

    def _replacement(  # noqa: PLR0911 - one a component
        self, constraint: Constraint, result: Result, shape: Shape
    ) -> Node | None:
        """Return the term that the constraint accepts in place of the value, if there is just one."""
        value, wanted = result.value, constraint.value
        match constraint.name:
            case "datatype":
                return self._datatype(value, wanted, result, shape)
            case "languageIn":
                return self._language(value, wanted, result)
            case "class":
                return self._nearest(value, self._instances(wanted))
            case "nodeKind":
                return self._node(value, wanted, result)
            case "in":
                return _member(value, wanted)
            case "pattern" if isinstance(value, ox.Literal):
                return _respelt(value, wanted)
            case "or" | "xone" | "and":
                shapes = [self.shapes[m] for m in wanted if m in self.shapes]
            case "node" if wanted in self.shapes:
                shapes = [self.shapes[wanted]]
            case _:
                return None
        inner = (self._replacement(c, result, s) for s in shapes for c in s.constraints if s.path is None)
        return next((term for term in inner if term is not None), None)

    def _datatype(self, value: Node, wanted: ox.NamedNode, result: Result, shape: Shape) -> Node | None:
        if not isinstance(value, ox.Literal):
            return None
        if wanted.value == _LANG_STRING:
            ranges = next((c.value for c in shape.constraints if c.name == "languageIn"), ())
            return self._language(value, ranges, result)
        forms = [value.value, value.value.strip()]
        return next((ox.Literal(f, datatype=wanted) for f in forms if well_formed(f, wanted.value)), None)

    def _language(self, value: Node, ranges: tuple[str, ...], result: Result) -> Node | None:
        """Tag a text with the one language that its letters allow, and that its neighbours do not have."""
        if not isinstance(value, ox.Literal) or value.datatype.value not in _STRINGS:
            return None
        if value.language and language_matches(value.language, ranges):
            return None
        allowed = [tag for tag in ranges or ("en", "ru", "be") if tag in _languages_of(value.value)]
        if len(allowed) > 1 and result.path:
            others = self.graph.objects(result.focus, ox.NamedNode(result.path))
            used = {o.language for o in others if isinstance(o, ox.Literal)}
            allowed = [tag for tag in allowed if tag not in used]
        return ox.Literal(value.value, language=allowed[0]) if len(allowed) == 1 else None

    def _node(self, value: Node, kind: ox.NamedNode, result: Result) -> Node | None:
        """Return node that a text names: by its IRI, or by a code or label of a node of the class that is wanted."""
        if not isinstance(value, ox.Literal) or "IRI" not in kind.value:
            return None
        if _ABSOLUTE.fullmatch(value.value):
            return ox.NamedNode(value.value)
        classes = {
            c.value
            for shape in self.shapes.values()
            if isinstance(shape.path_node, ox.NamedNode) and shape.path_node.value == result.path
            for c in shape.constraints
            if c.name == "class"
        }
        found = {self._nearest(value, self._instances(cls)) for cls in classes} - {None}
        return found.pop() if len(found) == 1 else None

    def _instances(self, cls: Node) -> dict[str, list[ox.NamedNode]]:
        """Return the nodes of a class by their names: the last part of the IRI, codes and labels."""
        if cls not in self._names:
            nodes = [node for node in self.graph.instances(cls) if isinstance(node, ox.NamedNode)]
            names: dict[str, dict[ox.NamedNode, None]] = {}
            for node in nodes if len(nodes) <= _MANY else ():
                texts = {o.value for _, o in self.graph.predicates(node) if isinstance(o, ox.Literal)}
                for text in (_local(node.value), *sorted(texts)):
                    names.setdefault(text.casefold(), {})[node] = None
            self._names[cls] = {name: list(found) for name, found in names.items()}
        return self._names[cls]

    def _nearest(self, value: Node, names: Mapping[str, list[ox.NamedNode]]) -> Node | None:
        """Return the node that has that name or code, else the one whose name is almost spelt so."""
        if isinstance(value, ox.BlankNode | ox.Triple):
            return None
        text = (_local(value.value) if isinstance(value, ox.NamedNode) else value.value).casefold()
        found = names.get(text, [])
        if not found and len(text) > _SHORT:
            close = get_close_matches(text, names, 1, _CLOSE)
            found = names[close[0]] if close else []
        found = [node for node in found if node != value]
        return found[0] if len(found) == 1 else None

    def _type(self, node: Node, constraint: Constraint) -> Fix | None:
        """Mend the class of a node that has none that is known."""
        classes = [c.value for c in self._within(constraint) if c.name == "class"]
        known = {s for cls in classes for s in self.graph.closure(cls, SUBCLASS_OF, inverse=True)}
        for kind in () if isinstance(node, ox.Literal) else self.graph.objects(node, RDF_TYPE):
            if not isinstance(kind, ox.NamedNode) or self._is_declared(kind):
                continue
            wanted = _alike(kind, [k for k in known if isinstance(k, ox.NamedNode)])
            if wanted is not None:
                return self._write((node, RDF_TYPE, kind), wanted)
        return None

    def _term(self, focus: Node, value: Node) -> Fix | None:
        """Put a declared class or property in the place of one that the focus node uses and that nobody declares."""
        if not isinstance(value, ox.NamedNode) or isinstance(focus, ox.Literal) or self._is_declared(value):
            return None
        if (focus, RDF_TYPE, value) in self.graph:
            found = _alike(value, self._declared(_CLASSES))
            return self._write((focus, RDF_TYPE, value), found) if found else None
        found = _alike(value, self._declared(_PROPERTIES)) if self.graph.objects(focus, value) else None
        obj = self.graph.value(focus, value)
        return self._write((focus, value, obj), found, predicate=True) if found else None

    def _declared(self, kinds: tuple[ox.NamedNode, ...]) -> list[ox.NamedNode]:
        nodes = (node for kind in kinds for node in self.graph.subjects(RDF_TYPE, kind))
        return list(dict.fromkeys(node for node in nodes if isinstance(node, ox.NamedNode)))

    def _within(self, constraint: Constraint) -> Iterator[Constraint]:
        """Return a constraint and those of the shapes that it refers to for the same node."""
        yield constraint
        inner = constraint.value if constraint.name in {"or", "xone", "and"} else ()
        inner = (constraint.value,) if constraint.name == "node" else inner
        for node in inner:
            shape = self.shapes.get(node)
            if shape is not None and shape.path is None:
                for member in shape.constraints:
                    yield from self._within(member)

    def _property(
        self, focus: Node, missing: ox.NamedNode | None, wanted: tuple[Node, ...], only: ox.NamedNode | None = None
    ) -> Fix | None:
        """Put a property that is wanted in the place of one that is spelt almost so and that nobody declares."""
        if isinstance(focus, ox.Literal):
            return None
        known = [node for node in wanted if isinstance(node, ox.NamedNode)]
        for predicate, obj in self.graph.predicates(focus):
            if predicate in known or (only is not None and predicate != only) or self._is_declared(predicate):
                continue
            found = _alike(predicate, known)
            if found is not None and (missing is None or found == missing):
                return self._write((focus, predicate, obj), found, predicate=True)
        return None

    def _is_declared(self, term: Node) -> bool:
        return any(kind in _CLASSES or kind in _PROPERTIES for kind in self.graph.objects(term, RDF_TYPE))

    def _write(self, key: tuple[Node, Node | None, Node], term: Node, *, predicate: bool = False) -> Fix | None:
        """Return the fix that writes another term where a document has that triple."""
        for source, places in self.documents:
            written = (places.predicates if predicate else places.objects).get(key)
            if written is not None and written.end > written.start:
                edit = Edit(source.name, written.start, written.end, _spelt(term, source, places))
                return Fix((edit,), text_edits.diff(source.name, source.text, (edit,), source.lines.starts))
        return None


def _spelt(term: Node, source: Source, places: SourceLocations) -> str:
    """Return a term as its document would write it."""
    if source.document.format in {ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS}:
        return str(term)
    return compact(term.value, places.prefixes) if isinstance(term, ox.NamedNode) else literal(term, places.prefixes)


def _local(iri: str) -> str:
    return iri[max(iri.rfind("/"), iri.rfind("#"), iri.rfind(":")) + 1 :]


def _alike(term: ox.NamedNode, known: Sequence[ox.NamedNode]) -> ox.NamedNode | None:
    """Return the one of some terms whose name is almost that of another."""
    names = {_local(node.value).casefold(): node for node in known}
    close = get_close_matches(_local(term.value).casefold(), names, 1, _CLOSE)
    return names[close[0]] if close else None


def _member(value: Node, wanted: frozenset[Node]) -> Node | None:
    """Return the member of an enumeration that has the same text, or almost."""
    if isinstance(value, ox.BlankNode | ox.Triple):
        return None
    text = value.value if isinstance(value, ox.Literal) else _local(value.value)
    names: dict[str, list[Node]] = {}
    for term in wanted:
        if isinstance(term, ox.NamedNode | ox.Literal):
            own = term.value if isinstance(term, ox.Literal) else _local(term.value)
            names.setdefault(own.casefold(), []).append(term)
    found = names.get(text.casefold(), [])
    if not found and len(text) > _SHORT:
        close = get_close_matches(text.casefold(), names, 1, _CLOSE)
        found = names[close[0]] if close else []
    return found[0] if len(found) == 1 else None


def _respelt(value: ox.Literal, wanted: tuple[str, str]) -> Node | None:
    """Return the text in the case, or with the plain single spaces, that the pattern asks for."""
    plain = " ".join(value.value.split())
    for text in dict.fromkeys((plain, plain.upper(), plain.lower(), plain.capitalize())):
        if matches(text, *wanted):
            if value.language:
                return ox.Literal(text, language=value.language)
            return ox.Literal(text, datatype=value.datatype)
    return None


def _languages_of(text: str) -> frozenset[str]:
    """Return which of English, Russian and Belarusian the letters of a text allow."""
    letters = {c for c in text.casefold() if c.isalpha()}
    cyrillic = {c for c in letters if unicodedata.name(c, "").startswith("CYRILLIC")}
    if not cyrillic:
        return frozenset({"en"}) if letters else frozenset()
    if cyrillic != letters:
        return frozenset()
    if cyrillic & set("іў"):
        return frozenset() if cyrillic & set("ищъ") else frozenset({"be"})
    return frozenset({"ru"}) if cyrillic & set("ищъ") else frozenset({"ru", "be"})
