"""Strings and language tags (SHACL, section 4.4); sh:singleLine of SHACL 1.2."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import pyoxigraph as ox

from coopkg.rdf.literals import language_matches, text_of
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.rdf.pattern_matching import matches, not_matching, pattern_fault
from coopkg.shacl.constraints import Constraint, ValueConstraint, Violation
from coopkg.shacl.shape_nodes import BOOLEAN, STRING, WHOLE, is_string

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import At, Checks, Numbers, Operands, Selection, Shape, Wording
    from coopkg.shacl.relations import Relation
    from coopkg.shacl.shape_nodes import ShapeNode

# A blank node has no string, and violates whatever the length or pattern (sections 4.4.1 to 4.4.3).


class MinLength(ValueConstraint):
    """sh:minLength."""

    name = "minLength"
    wanted = WHOLE
    phrase = ("{} or more characters", "знаков: {} или больше", "знакаў: {} або больш")

    @classmethod
    def operand(cls, value: Node) -> int:
        """Return the number."""
        return int(value.value)

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are shorter."""
        del run
        return (v for v in values if (text := text_of(v)) is None or len(text) < self.value)


class MaxLength(ValueConstraint):
    """sh:maxLength."""

    name = "maxLength"
    wanted = WHOLE
    phrase = ("no more characters than {}", "знаков: не больше {}", "знакаў: не больш за {}")

    @classmethod
    def operand(cls, value: Node) -> int:
        """Return the number."""
        return int(value.value)

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are longer."""
        del run
        return (v for v in values if (text := text_of(v)) is None or len(text) > self.value)


class Pattern(ValueConstraint):
    """sh:pattern with sh:flags; the value is both."""

    name = "pattern"
    further = ("flags",)
    wanted = STRING
    phrase = ("text that matches the pattern {}", "текст, соответствующий образцу {}", "тэкст, які адпавядае ўзору {}")

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the pattern. Raises ValueError for one that is no regular expression."""
        pattern, flags = shape.value("pattern"), shape.value("flags")
        if flags is not None and not is_string(flags):
            raise ValueError("a value of sh:flags must be a string")
        if pattern is not None:
            regex = (pattern.value, flags.value if flags is not None else "")
            fault = pattern_fault(*regex)
            if fault:
                raise ValueError(f"the pattern {regex[0]!r} is no regular expression: {fault}")
            yield cls(regex)

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that do not match."""
        del run
        return (v for v in values if (text := text_of(v)) is None or not matches(text, *self.value))

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the values that do not match; few texts and many nodes, as a rule: each text is matched once."""
        texts = {v: text_of(selection.columns.terms[v]) for v in values}
        bad = not_matching({text for text in texts.values() if text is not None}, *self.value)
        return {v for v, text in texts.items() if text is None or text in bad}

    def operands(self, wording: Wording) -> Operands:
        """Return the pattern in quotes."""
        del wording
        return (), [[f"“{self.value[0]}”"]] * len(LANGUAGES)

    def field(self) -> dict[str, Any]:
        """Return the pattern."""
        return {"pattern": str(self.value[0])}


class SingleLine(ValueConstraint):
    """sh:singleLine of SHACL 1.2: no value has a line break."""

    name = "singleLine"
    wanted = BOOLEAN
    phrase = ("text of one line", "текст в одну строку", "тэкст у адзін радок")

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the constraint, where it is true."""
        if shape.is_true("singleLine"):
            yield cls(True)  # noqa: FBT003

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the literals that have a line feed or a carriage return."""
        del run
        return (v for v in values if isinstance(v, ox.Literal) and not {"\n", "\r"}.isdisjoint(v.value))


class LanguageIn(ValueConstraint):
    """sh:languageIn; the value is the ranges."""

    name = "languageIn"
    phrase = ("text with a language tag out of {}", "текст с меткой языка из {}", "тэкст з пазнакай мовы з {}")

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the ranges. Raises ValueError."""
        for head in shape.values("languageIn"):
            ranges = shape.members(head)
            if not all(map(is_string, ranges)):
                raise ValueError("a member of sh:languageIn must be a string")
            yield cls(tuple(m.value for m in ranges))

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values without a language tag in one of the ranges."""
        del run
        return (v for v in values if not _in_languages(v, self.value))

    def operands(self, wording: Wording) -> Operands:
        """Return the ranges."""
        del wording
        return (), [list(self.value)] * len(LANGUAGES)

    def field(self) -> dict[str, Any]:
        """Return that the values are texts with languages."""
        return {"kind": "texts"}


def _in_languages(value: Node, ranges: tuple[str, ...]) -> bool:
    return isinstance(value, ox.Literal) and bool(value.language) and language_matches(str(value.language), ranges)


class UniqueLang(Constraint):
    """sh:uniqueLang."""

    name = "uniqueLang"
    for_property_shapes = True
    wanted = BOOLEAN
    phrase = (
        "one value of {path} for each language", "одно значение {path} на каждый язык",
        "адно значэнне {path} на кожную мову",
    )  # fmt: skip

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the constraint, where it is true; "1" is not (section 4.4.5)."""
        if shape.is_true("uniqueLang"):
            yield cls(True)  # noqa: FBT003

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return one violation for each language that is repeated, none of them with a value (section 4.4.5)."""
        del run
        counts = Counter(v.language.lower() for v in at.values if isinstance(v, ox.Literal) and v.language)
        return (Violation(None) for count in counts.values() if count > 1)

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes that repeat a language."""
        del shape
        if relation is None:
            return set()
        return {n for n in relation.more(nodes, 1) if self._repeats(selection, relation.of(n))}

    @staticmethod
    def _repeats(selection: Selection, values: Iterable[int]) -> bool:
        languages = [getattr(selection.columns.terms[v], "language", None) for v in values]
        # Language tags compare without regard to case (BCP 47, section 2.1.1).
        tags = [language.lower() for language in languages if language]
        return len(tags) != len(set(tags))

    def field(self) -> dict[str, Any]:
        """Return that the values are texts with languages, each language once."""
        return {"kind": "texts", "unique": True}
