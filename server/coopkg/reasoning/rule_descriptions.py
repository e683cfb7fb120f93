"""What the rules say, in plain words; those of scm-* and of the axiomatic triples are named only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.rdf.namespaces import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

COOPERATION: Final = "coop-cooperates"
"""The name of the rule that ``domain_rules`` adds to those of OWL 2 RL."""

_SAME_MEANING: Final = (
    "the properties mean the same",
    "свойства значат одно и то же",
    "уласцівасці значаць адно і тое ж",
)
_INVERSE: Final = (
    "the properties are inverse to each other",
    "свойства обратны друг другу",
    "уласцівасці адваротныя адна адной",
)
_SAME_MEMBERS: Final = (
    "the classes have the same members",
    "в классах одни и те же члены",
    "у класах адны і тыя ж члены",
)
_SHARES: Final = (
    "what is the same shares its triples",
    "у одного и того же общие утверждения",
    "у аднаго і таго ж агульныя сцвярджэнні",
)
_ONE_VALUE: Final = (
    "there is one such value at most",
    "такое значение не более чем одно",
    "такое значэнне не больш чым адно",
)
_WORDS: Final = {
    "prp-dom": (
        "the property's subjects are of that class",
        "субъекты этого свойства принадлежат этому классу",
        "суб'екты гэтай уласцівасці належаць гэтаму класу",
    ),
    "prp-rng": (
        "the property's values are of that class",
        "значения этого свойства принадлежат этому классу",
        "значэнні гэтай уласцівасці належаць гэтаму класу",
    ),
    "prp-fp": (
        "the property has one value at most",
        "у этого свойства не более одного значения",
        "у гэтай уласцівасці не больш за адно значэнне",
    ),
    "prp-ifp": (
        "the property has one subject at most for a value",
        "у каждого значения этого свойства не более одного субъекта",
        "у кожнага значэння гэтай уласцівасці не больш за аднаго суб'екта",
    ),
    "prp-symp": (
        "the property holds both ways",
        "свойство действует в обе стороны",
        "уласцівасць дзейнічае ў абодва бакі",
    ),
    "prp-trp": ("the property is transitive", "свойство транзитивно", "уласцівасць транзітыўная"),
    "prp-spo1": (
        "the property is narrower than the other",
        "свойство уже, чем другое",
        "уласцівасць вузейшая за другую",
    ),
    "prp-spo2": ("the properties form a chain", "свойства образуют цепочку", "уласцівасці ўтвараюць ланцужок"),
    "prp-eqp1": _SAME_MEANING,
    "prp-eqp2": _SAME_MEANING,
    "prp-inv1": _INVERSE,
    "prp-inv2": _INVERSE,
    "prp-key": (
        "the values are a key of the class",
        "эти значения — ключ класса",
        "гэтыя значэнні — ключ класа",
    ),
    "cls-int1": (
        "what is in all the classes is in their intersection",
        "что есть во всех классах, есть и в их пересечении",
        "што ёсць ва ўсіх класах, ёсць і ў іх перасячэнні",
    ),
    "cls-int2": (
        "what is in the intersection is in each of the classes",
        "что есть в пересечении, есть в каждом из классов",
        "што ёсць у перасячэнні, ёсць у кожным з класаў",
    ),
    "cls-uni": (
        "what is in one of the classes is in their union",
        "что есть в одном из классов, есть и в их объединении",
        "што ёсць у адным з класаў, ёсць і ў іх аб'яднанні",
    ),
    "cls-svf1": (
        "it has such a value of that class",
        "есть такое значение из этого класса",
        "ёсць такое значэнне з гэтага класа",
    ),
    "cls-svf2": ("it has such a value", "такое значение есть", "такое значэнне ёсць"),
    "cls-avf": (
        "all such values are of that class",
        "все такие значения принадлежат этому классу",
        "усе такія значэнні належаць гэтаму класу",
    ),
    "cls-hv1": (
        "all of that class have that value",
        "у всех из этого класса есть это значение",
        "ва ўсіх з гэтага класа ёсць гэта значэнне",
    ),
    "cls-hv2": ("it has that value", "это значение есть", "гэта значэнне ёсць"),
    "cls-maxc2": _ONE_VALUE,
    "cls-maxqc3": (
        "there is one such value of that class at most",
        "такое значение из этого класса не более чем одно",
        "такое значэнне з гэтага класа не больш чым адно",
    ),
    "cls-maxqc4": _ONE_VALUE,
    "cls-oo": (
        "the class consists of what it lists",
        "класс состоит из того, что в нём перечислено",
        "клас складаецца з таго, што ў ім пералічана",
    ),
    "cax-sco": (
        "the class is narrower than the other",
        "класс уже, чем другой",
        "клас вузейшы за другі",
    ),
    "cax-eqc1": _SAME_MEMBERS,
    "cax-eqc2": _SAME_MEMBERS,
    "eq-sym": (
        "sameness holds both ways",
        "тождество действует в обе стороны",
        "тоеснасць дзейнічае ў абодва бакі",
    ),
    "eq-trans": ("sameness is transitive", "тождество транзитивно", "тоеснасць транзітыўная"),
    "eq-rep-s": _SHARES,
    "eq-rep-p": _SHARES,
    "eq-rep-o": _SHARES,
    COOPERATION: (
        "two different countries that are parties to the same bilateral cooperation cooperate",
        "две разные страны, участвующие в одном двустороннем сотрудничестве, сотрудничают",
        "дзве розныя краіны, што ўдзельнічаюць у адным двухбаковым супрацоўніцтве, супрацоўнічаюць",
    ),
}
MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    rule: dict(zip(LANGUAGES, words, strict=True)) for rule, words in _WORDS.items()
}
"""By the rule's name in OWL 2 Profiles, section 4.3, then by language."""
PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "inferred": {"en": "inferred by", "ru": "выведено правилом", "be": "выведзена правілам"},
    "axiom": {"en": "axiom", "ru": "аксиома", "be": "аксіёма"},
    "asserted": {"en": "asserted in", "ru": "утверждается в", "be": "сцвярджаецца ў"},
    "said": {"en": "claimed by", "ru": "об этом говорит", "be": "пра гэта кажа"},
    "derived": {"en": "derived from", "ru": "выведено из", "be": "выведзена з"},
    "source": {"en": "source", "ru": "источник", "be": "крыніца"},
    "subject": {"en": "its subject rests on", "ru": "его субъект опирается на", "be": "яго суб'ект абапіраецца на"},
    "default": {"en": "the default graph", "ru": "граф по умолчанию", "be": "граф па змаўчанні"},
}
"""What a proof says between its terms."""
