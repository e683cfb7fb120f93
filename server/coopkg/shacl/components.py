"""The constraint components of SHACL Core (section 4): each says which value nodes violate it.

A component gets the focus node's value nodes and yields the offending value, or None where the result has no value.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.literals import language_matches, less, matches, text_of, well_formed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.shapes import Constraint, Shape

    Values = tuple[Node, ...]
    Conforms = Callable[[Node, Node], bool]

_KINDS: Final = {
    "IRI": (ox.NamedNode,),
    "BlankNode": (ox.BlankNode,),
    "Literal": (ox.Literal,),
    "BlankNodeOrIRI": (ox.BlankNode, ox.NamedNode),
    "BlankNodeOrLiteral": (ox.BlankNode, ox.Literal),
    "IRIOrLiteral": (ox.NamedNode, ox.Literal),
}


def core(  # noqa: C901, PLR0911, PLR0912, PLR0913, PLR0917 - one case a component, each a line or two
    name: str, operand: Any, graph: Readable, focus: Node, values: Values, conforms: Conforms  # noqa: ANN401
) -> Iterable[Node | None]:  # fmt: skip
    """Apply one component: return the offending value nodes, or None for each result that has no value (section 4).

    ``operand`` is the value of the component's parameter, and ``conforms`` checks a node against another shape. Raises
    AssertionError for a component that ``shapes`` does not read.
    """
    match name:
        case "minCount":
            return (None,) if len(values) < operand else ()
        case "maxCount":
            return (None,) if len(values) > operand else ()
        case "class":
            return (v for v in values if isinstance(v, ox.Literal) or not graph.is_instance(v, operand))
        case "datatype":
            return (v for v in values if not _has_datatype(v, operand))
        case "nodeKind":
            return (v for v in values if not isinstance(v, _KINDS[operand.value.rpartition("#")[2]]))
        case "minExclusive":
            # Literals that do not compare violate too (section 4.3), so it is "not less", never "greater or equal".
            return (v for v in values if not less(operand, v))
        case "minInclusive":
            return (v for v in values if not less(operand, v, or_equal=True))
        case "maxExclusive":
            return (v for v in values if not less(v, operand))
        case "maxInclusive":
            return (v for v in values if not less(v, operand, or_equal=True))
        # A blank node has no string, and violates whatever the length or pattern (sections 4.4.1 to 4.4.3).
        case "minLength":
            return (v for v in values if (text := text_of(v)) is None or len(text) < operand)
        case "maxLength":
            return (v for v in values if (text := text_of(v)) is None or len(text) > operand)
        case "pattern":
            return (v for v in values if (text := text_of(v)) is None or not matches(text, *operand))
        case "languageIn":
            return (v for v in values if not _in_languages(v, operand))
        case "uniqueLang":
            # One result for each language that is repeated, none of them with a value (section 4.4.5).
            counts = Counter(v.language.lower() for v in values if isinstance(v, ox.Literal) and v.language)
            return (None for count in counts.values() if count > 1)
        case "hasValue":
            return () if operand in values else (None,)
        case "in":
            # By term, not by value: "1.0" is not in a list that has "1" (section 4.8.3).
            return (v for v in values if v not in operand)
        case "not":
            return (v for v in values if conforms(v, operand))
        case "and":
            return (v for v in values if not all(conforms(v, shape) for shape in operand))
        case "or":
            return (v for v in values if not any(conforms(v, shape) for shape in operand))
        case "xone":
            return (v for v in values if sum(conforms(v, shape) for shape in operand) != 1)
        case "node":
            return (v for v in values if not conforms(v, operand))
        case "equals" | "disjoint" | "lessThan" | "lessThanOrEquals":
            return _pair(name, graph.objects(focus, operand), values)
        case "qualifiedMinCount":
            return (None,) if _qualified(values, operand, conforms) < operand[1] else ()
        case "qualifiedMaxCount":
            return (None,) if _qualified(values, operand, conforms) > operand[1] else ()
        case _:
            raise AssertionError(f"the shapes were read with a component {name} that is not evaluated")


def _has_datatype(value: Node, datatype: ox.NamedNode) -> bool:
    # An ill-typed literal has the datatype and violates nevertheless (section 4.1.2).
    return isinstance(value, ox.Literal) and value.datatype == datatype and well_formed(value.value, datatype.value)


def _in_languages(value: Node, ranges: tuple[str, ...]) -> bool:
    return isinstance(value, ox.Literal) and bool(value.language) and language_matches(str(value.language), ranges)


def _pair(name: str, others: Iterable[Node], values: Values) -> Iterator[Node]:
    others = tuple(others)
    if name == "equals":
        # In both directions: a value that only the other property has is a result of its own (section 4.5.1).
        yield from (v for v in values if v not in others)
        yield from (o for o in others if o not in values)
    elif name == "disjoint":
        yield from (v for v in values if v in others)
    else:
        or_equal = name == "lessThanOrEquals"
        for value in values:
            yield from (value for other in others if not _ordered(value, other, or_equal=or_equal))


def _ordered(value: Node, other: Node, *, or_equal: bool) -> bool:
    literals = isinstance(value, ox.Literal) and isinstance(other, ox.Literal)
    return literals and less(value, other, or_equal=or_equal)


# A value that conforms to the shape of a sibling does not count (section 4.7.3); there are none unless disjoint.
def _qualified(values: Values, operand: tuple[Node, int, tuple[Node, ...]], conforms: Conforms) -> int:
    shape, _, siblings = operand
    return sum(conforms(v, shape) and not any(conforms(v, sibling) for sibling in siblings) for v in values)


def default_message(shape: Shape, constraint: Constraint) -> dict[str, str]:
    """Return a plain sentence for a result whose shape has no message of its own."""
    where = f" along {shape.path.sparql()}" if shape.path else ""
    name = f"<{constraint.declared}>" if constraint.name == "component" else f"sh:{constraint.name}"
    return {"en": f"The constraint {name} is violated{where}."}
