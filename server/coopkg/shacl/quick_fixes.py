"""Quick fixes of results: a datatype, a language tag, a term of the vocabulary, the case of a code, a namespace.

A fix replaces what a document has where that cannot change what it says, by what the constraint accepts. Where two
would do there is none, and none puts another thing, number or name in the place of one: those that may have been meant
are ``alternatives``, among which the author chooses.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE, SUBCLASS_OF
from coopkg.rdf.literals import language_matches, well_formed
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.pattern_matching import matches
from coopkg.rdf.terms import compact, literal
from coopkg.shacl import text_edits
from coopkg.shacl.near_names import CODE, MOST, NodeNames, close_names, local_name, name_of, similar_term
from coopkg.shacl.report import Edit, Fix
from coopkg.shacl.source_locations import EDITABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.constraints import Constraint, Shape
    from coopkg.shacl.documents import Source
    from coopkg.shacl.report import Result
    from coopkg.shacl.source_locations import SourceLocations

_DEEPEST: Final = 4
"""Shapes within shapes that are searched for a term that fits."""
_LANG_STRING: Final = STANDARD_PREFIXES["rdf"] + "langString"
_STRINGS: Final = (STANDARD_PREFIXES["xsd"] + "string", _LANG_STRING)
_ABSOLUTE: Final = re.compile(r"https?://[^\x00-\x20<>\"{}|\\^`]+")
_CLASSES: Final = tuple(ox.NamedNode(STANDARD_PREFIXES[prefix] + "Class") for prefix in ("owl", "rdfs"))
_PROPERTIES: Final = (
    *(ox.NamedNode(STANDARD_PREFIXES["owl"] + f"{kind}Property") for kind in ("Object", "Datatype", "Annotation")),
    ox.NamedNode(STANDARD_PREFIXES["rdf"] + "Property"),
)


class QuickFixes:
    """Finds fixes for the results on one graph; ``locations`` are those of the ``sources``, in the same order."""

    def __init__(
        self,
        graph: Readable,
        shapes: Mapping[Node, Shape],
        sources: Sequence[Source],
        locations: Sequence[SourceLocations],
    ) -> None:
        self.graph = graph
        self.shapes = shapes
        self.documents = [(s, p) for s, p in zip(sources, locations, strict=True) if s.document.format in EDITABLE]
        self.names = NodeNames(graph)

    def fix(self, result: Result, constraint: Constraint, shape: Shape) -> Fix | None:  # noqa: PLR0911
        """Return an edit that would fix a result, or None."""
        path = ox.NamedNode(result.path) if result.path else None
        if constraint.name in {"minCount", "qualifiedMinCount", "hasValue"} and path is not None:
            return self._property(result.focus, path, (path,))
        if constraint.name == "closed" and path is not None:
            return self._property(result.focus, None, tuple(constraint.value), only=path)
        if result.value is None:
            return None
        if constraint.name in {"sparql", "component"}:
            return self._term(result.focus, result.value)
        replacement = self._replacement(constraint, result, shape)
        if replacement is None and constraint.name in {"class", "node", "or", "xone"}:
            return self._type(result.value, constraint)
        if replacement is None or replacement == result.value:
            return None
        return self._write((result.focus, path, result.value), replacement)

    def _replacement(  # noqa: PLR0911 - one a component
        self, constraint: Constraint, result: Result, shape: Shape, depth: int = 0
    ) -> Node | None:
        """Return the term that the constraint accepts in place of the value, if there is just one."""
        value, operand = result.value, constraint.value
        match constraint.name:
            case "datatype":
                return self._datatype(value, operand, result, shape)
            case "languageIn":
                return self._language(value, operand, result)
            case "nodeKind" if isinstance(value, ox.Literal) and "IRI" in operand.value:
                return ox.NamedNode(value.value) if _ABSOLUTE.fullmatch(value.value) else None
            case "in":
                return _member(value, operand)
            case "pattern" if isinstance(value, ox.Literal):
                return _reformatted(value, operand)
            case "or" | "xone" | "and":
                shapes = [self.shapes[m] for m in operand if m in self.shapes]
            case "node" if operand in self.shapes:
                shapes = [self.shapes[operand]]
            case _:
                return None
        if depth >= _DEEPEST:
            return None
        inner = (self._replacement(c, result, s, depth + 1) for s in shapes for c in s.constraints if s.path is None)
        return next((term for term in inner if term is not None), None)

    def _datatype(self, value: Node, datatype: ox.NamedNode, result: Result, shape: Shape) -> Node | None:
        if not isinstance(value, ox.Literal):
            return None
        if datatype.value == _LANG_STRING:
            ranges = next((c.value for c in shape.constraints if c.name == "languageIn"), ())
            return self._language(value, ranges, result)
        forms = [value.value, value.value.strip()]
        return next((ox.Literal(f, datatype=datatype) for f in forms if well_formed(f, datatype.value)), None)

    def _language(self, value: Node, ranges: tuple[str, ...], result: Result) -> Node | None:
        """Tag a text with the one language that its letters allow, and that its neighbours do not have."""
        if not isinstance(value, ox.Literal) or value.datatype.value not in _STRINGS:
            return None
        if value.language and language_matches(value.language, ranges):
            return None
        allowed = [tag for tag in ranges or ("en", "ru", "be") if tag in _languages_of(value.value)]
        if len(allowed) > 1 and result.path:
            # Where the letters allow Russian and Belarusian, the label that is missing is the one.
            others = self.graph.objects(result.focus, ox.NamedNode(result.path))
            used = {o.language for o in others if isinstance(o, ox.Literal)}
            allowed = [tag for tag in allowed if tag not in used]
        return ox.Literal(value.value, language=allowed[0]) if len(allowed) == 1 else None

    def alternatives(self, result: Result, constraint: Constraint) -> tuple[ox.NamedNode, ...]:
        """Return the things that may have been meant by a value which is none of the expected class, three at most."""
        if result.value is None or isinstance(result.value, ox.BlankNode | ox.Triple):
            return ()
        classes = {c.value for c in self._within(constraint) if c.name == "class"}
        if constraint.name == "nodeKind":
            classes = {
                c.value
                for shape in self.shapes.values()
                if isinstance(shape.path_node, ox.NamedNode) and shape.path_node.value == result.path
                for c in shape.constraints
                if c.name == "class"
            }
        near = (node for cls in sorted(classes, key=str) for node in self.names.near(result.value, cls))
        return tuple(dict.fromkeys(near))[:MOST]

    def _type(self, node: Node, constraint: Constraint) -> Fix | None:
        """Replace an undeclared class of a node by the expected one whose name is almost the same."""
        classes = [c.value for c in self._within(constraint) if c.name == "class"]
        accepted = {s for cls in classes for s in self.graph.closure(cls, SUBCLASS_OF, inverse=True)}
        for kind in () if isinstance(node, ox.Literal) else self.graph.objects(node, RDF_TYPE):
            if not isinstance(kind, ox.NamedNode) or self._is_declared(kind):
                continue
            similar = similar_term(kind, [k for k in accepted if isinstance(k, ox.NamedNode)])
            if similar is not None:
                return self._write((node, RDF_TYPE, kind), similar)
        return None

    def _term(self, focus: Node, value: Node) -> Fix | None:
        """Replace an undeclared class or property that the focus node uses by a declared one."""
        if not isinstance(value, ox.NamedNode) or isinstance(focus, ox.Literal) or self._is_declared(value):
            return None
        if (focus, RDF_TYPE, value) in self.graph:
            declared = similar_term(value, self._declared(_CLASSES))
            return self._term_or_namespace((focus, RDF_TYPE, value), value, declared) if declared else None
        declared = similar_term(value, self._declared(_PROPERTIES)) if self.graph.objects(focus, value) else None
        obj = self.graph.value(focus, value)
        return self._term_or_namespace((focus, value, obj), value, declared) if declared else None

    def _declared(self, kinds: tuple[ox.NamedNode, ...]) -> list[ox.NamedNode]:
        nodes = (node for kind in kinds for node in self.graph.subjects(RDF_TYPE, kind))
        return list(dict.fromkeys(node for node in nodes if isinstance(node, ox.NamedNode)))

    def _within(self, constraint: Constraint, depth: int = 0) -> Iterator[Constraint]:
        """Yield a constraint and those of the shapes that it refers to for the same node."""
        yield constraint
        inner = constraint.value if constraint.name in {"or", "xone", "and"} else ()
        inner = (constraint.value,) if constraint.name == "node" else inner
        for node in inner if depth < _DEEPEST else ():
            shape = self.shapes.get(node)
            if shape is not None and shape.path is None:
                for member in shape.constraints:
                    yield from self._within(member, depth + 1)

    def _property(
        self, focus: Node, missing: ox.NamedNode | None, expected: tuple[Node, ...], only: ox.NamedNode | None = None
    ) -> Fix | None:
        """Replace an undeclared property of the focus node by an expected one whose name is almost the same."""
        if isinstance(focus, ox.Literal):
            return None
        properties = [node for node in expected if isinstance(node, ox.NamedNode)]
        for predicate, obj in self.graph.predicates(focus):
            if predicate in properties or (only is not None and predicate != only) or self._is_declared(predicate):
                continue
            similar = similar_term(predicate, properties)
            if similar is not None and (missing is None or similar == missing):
                return self._term_or_namespace((focus, predicate, obj), predicate, similar)
        return None

    def _is_declared(self, term: Node) -> bool:
        return any(kind in _CLASSES or kind in _PROPERTIES for kind in self.graph.objects(term, RDF_TYPE))

    def _term_or_namespace(
        self, key: tuple[Node, Node | None, Node], term: ox.NamedNode, other: ox.NamedNode
    ) -> Fix | None:
        """Replace a term; where the whole namespace is wrong, at the prefix that declares it."""
        return self._namespace(term, other) or self._write(key, other, predicate=key[2] != term)

    def _namespace(self, term: ox.NamedNode, other: ox.NamedNode) -> Fix | None:
        """Mend the namespace at its declaration, if every term that the document has of it is one of the other's."""
        name = local_name(term.value)
        if name != local_name(other.value):
            return None
        wrong, right = (iri.value.removesuffix(name) for iri in (term, other))
        declared = {node.value for node in (*self._declared(_CLASSES), *self._declared(_PROPERTIES))}
        for source, locations in self.documents:
            used = {t.value for key in locations.objects for t in key if isinstance(t, ox.NamedNode)}
            theirs = {iri.removeprefix(wrong) for iri in used if iri.startswith(wrong)}
            place = source.declaration(wrong)
            if place is not None and name in theirs and all(right + local in declared for local in theirs):
                edit = Edit(source.name, *place, right)
                return Fix((edit,), text_edits.diff(source.name, source.text, (edit,), source.lines.starts))
        return None

    def _write(self, key: tuple[Node, Node | None, Node], term: Node, *, predicate: bool = False) -> Fix | None:
        """Return the fix that writes another term where a document has that triple, or None where none has it."""
        for source, locations in self.documents:
            written = (locations.predicates if predicate else locations.objects).get(key)
            # RDF/XML and JSON-LD have places without an extent: nothing could be replaced there.
            if written is not None and written.end > written.start:
                edit = Edit(source.name, written.start, written.end, _written_in(term, source, locations))
                return Fix((edit,), text_edits.diff(source.name, source.text, (edit,), source.lines.starts))
        return None


def _written_in(term: Node, source: Source, locations: SourceLocations) -> str:
    """Write a term as its document would, with the document's own prefixes."""
    if source.document.format in {ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS}:
        return str(term)
    prefixes = locations.prefixes
    return compact(term.value, prefixes) if isinstance(term, ox.NamedNode) else literal(term, prefixes)


def _member(value: Node, members: frozenset[Node]) -> Node | None:
    """Return the member of an enumeration that has the same text, or almost."""
    if isinstance(value, ox.BlankNode | ox.Triple):
        return None
    names: dict[str, list[Node]] = {}
    for term in members:
        names.setdefault(name_of(term).casefold(), []).append(term)
    text = name_of(value).casefold()
    # A name with a number is one of many of its kind, as a year or a claim is, and no term of a vocabulary.
    if text not in names and any(c.isdigit() for c in text):
        return None
    terms = [term for name in ([text] if text in names else close_names(text, names)) for term in names[name]]
    return terms[0] if len(terms) == 1 else None


def _reformatted(value: ox.Literal, pattern: tuple[str, str]) -> Node | None:
    """Return the text with plain single spaces, or a code in the case that the pattern requires."""
    plain = " ".join(value.value.split())
    forms = [plain]
    # Only a code: what has more letters may be a name, and "iPhone" is no misspelling of "IPHONE" or "Iphone".
    if len(plain) <= CODE and plain.isascii() and plain.isalpha():
        forms += [form for form in (plain.upper(), plain.lower()) if _is_code(form, pattern)]
    fitting = [form for form in dict.fromkeys(forms) if matches(form, *pattern)]
    if len(fitting) != 1:
        return None
    if value.language:
        return ox.Literal(fitting[0], language=value.language)
    return ox.Literal(fitting[0], datatype=value.datatype)


def _is_code(form: str, pattern: tuple[str, str]) -> bool:
    """Whether a pattern is that of codes: it takes the form, and neither one in mixed case nor one with a blank."""
    return not any(matches(other, *pattern) for other in (form + form.swapcase(), f"{form} {form}"))


def _languages_of(text: str) -> frozenset[str]:
    """Return which of English, Russian and Belarusian the letters of a text allow, as language tags.

    Belarusian has і and ў, which Russian has not; и, щ and ъ are the other way round.
    """
    letters = {c for c in text.casefold() if c.isalpha()}
    cyrillic = {c for c in letters if unicodedata.name(c, "").startswith("CYRILLIC")}
    if not cyrillic:
        return frozenset({"en"}) if letters else frozenset()
    if cyrillic != letters:
        return frozenset()
    if cyrillic & set("іў"):
        return frozenset() if cyrillic & set("ищъ") else frozenset({"be"})
    return frozenset({"ru"}) if cyrillic & set("ищъ") else frozenset({"ru", "be"})
