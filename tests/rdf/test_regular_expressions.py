"""Regular expressions of XSD and XPath: what they match, what is none, and what hostile ones cost."""

from __future__ import annotations

import random
import re

import pytest

from coopkg.errors import QueryTooComplex
from coopkg.rdf.pattern_matching import matches, not_matching, pattern_fault
from coopkg.rdf.regular_expressions import _Matcher, _program, read_pattern
from processor_time import growth

MATCHES = [
    # pattern, flags, texts that match, texts that do not
    ("^[\\p{L}' -]+$", "", ["Minsk", "Мінск", "d'Or"], ["M1nsk", ""]),
    ("^\\i\\c*$", "", ["abc", "_a-1", ":x", "é1"], ["1abc", "-a", "a b", ""]),
    ("^\\I\\C$", "", ["1 ", "-!"], ["a ", "1a"]),
    ("^(..)\\1$", "", ["abab", "...."], ["abba", "aba"]),
    ("^(a)(b)?\\2$", "", ["a", "abb"], ["ab", "abc"]),
    ("^(a*)*\\1$", "", ["", "aaaa"], ["b"]),
    ("^(a|b)+?\\1$", "", ["aa", "abb"], ["ab"]),
    ("^(x)\\1{2,3}$", "i", ["xxx", "xXxX"], ["xx", "xxxxx"]),
    ("(a)\\1", "m", ["baac"], ["aba"]),
    ("^[a-z-[aeiou]]+$", "", ["xyz"], ["xaz", "a"]),
    ("^[\\w-[\\d]]+$", "", ["abc"], ["a1", "a-b"]),
    ("^[^a-c-[x]]$", "", ["d"], ["a", "x"]),
    ("^\\w$", "", ["a", "1", "$", "+"], [".", " ", "_"]),
    ("^\\d$", "", ["1", "٣"], ["a", "½"]),
    ("^\\s$", "", [" ", "\t"], ["\u00a0", "a"]),
    ("^\\S\\D\\W$", "", ["aa."], ["a1."]),
    ("a$", "", ["a"], ["a\n", "a\nb"]),
    ("^b$", "m", ["a\nb\nc"], ["ab"]),
    ("a.b", "", ["axb"], ["a\nb", "a\rb"]),
    ("a.b", "s", ["a\nb", "a\rb"], ["ab"]),
    ("a.b", "q", ["xa.bx"], ["axb"]),
    ("ABC", "i", ["xabcx"], ["ab"]),
    ("a b [ ]c", "x", ["ab c"], ["abc", "a b c"]),
    ("^\\p{IsCyrillic}+$", "", ["Мінск"], ["Minsk"]),
    ("^\\P{IsBasicLatin}$", "", ["é"], ["e"]),
    ("^\\p{Lu}\\P{Lu}", "", ["Ab"], ["AB", "ab"]),
    ("^a{2}b{1,}c{0,2}$", "", ["aab", "aabbcc"], ["ab", "aabccc"]),
    ("^(?:ab)+$", "", ["abab"], ["aba"]),
    ("a|", "", ["", "b"], []),
    ("^[-a]$", "", ["-", "a"], ["b"]),
    ("^[a-]$", "", ["-", "a"], ["b"]),
    ("^\\[\\]\\{\\}\\(\\)\\|\\.\\?\\*\\+\\^\\$\\-\\\\$", "", ["[]{}()|.?*+^$-\\\\"[:-1]], ["x"]),
    ("^a/b:c\\/d$", "", ["a/b:c/d"], ["a"]),
    ("&&|~~|--", "", ["&&", "~~", "--"], ["&", "~"]),
    ("^[&&a]$", "", ["&", "a"], ["b"]),
]
NONE = [
    "a{,4}", "a{4,2}", "a{x}", "a{2", "(a", "a)", "[a", "[]", "[a[b]]", "*a", "a**", "\\", "\\b", "\\x41", "\\u0041",
    "\\p{Foo}", "\\p{IsNowhere}", "\\pL", "(?=a)", "(?i)a", "(?<n>a)", "\\1", "(a\\1)", "(a)\\2", "[z-a]", "[a-\\d]",
    "a}", "]", "a{9999}", "[a-z-[aeiou]x]", "(" * 200 + ")" * 200,
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "flags", "fitting", "others"), MATCHES, ids=[m[0] for m in MATCHES])
def test_what_a_pattern_matches(pattern: str, flags: str, fitting: list[str], others: list[str]) -> None:
    assert not pattern_fault(pattern, flags)
    assert [text for text in fitting if not matches(text, pattern, flags)] == []
    assert [text for text in others if matches(text, pattern, flags)] == []
    assert not_matching({*fitting, *others}, pattern, flags) == set(others)


@pytest.mark.parametrize(("pattern", "flags", "fitting", "others"), MATCHES, ids=[m[0] for m in MATCHES])
def test_both_matchers_agree(pattern: str, flags: str, fitting: list[str], others: list[str]) -> None:
    """The one for back-references gives the same as the engine's where there are none."""
    program = _program(read_pattern(pattern, flags).root)
    for text in (*fitting, *others):
        assert _Matcher(program, "i" in flags, "m" in flags).search(text) is matches(text, pattern, flags), text


@pytest.mark.parametrize("pattern", NONE)
def test_what_is_no_pattern_is_refused_with_a_reason(pattern: str) -> None:
    assert pattern_fault(pattern, "")


def test_what_are_no_flags_is_refused() -> None:
    assert "flags" in pattern_fault("a", "g")


def test_random_patterns_agree_with_another_implementation() -> None:
    """Of plain patterns, which mean the same to Python's ``re``."""
    rng = random.Random("patterns")  # noqa: S311 - a sample, no secret
    pieces = ["a", "b", "(a|b)", "[ab]", "[^a]", "a*", "b+", "(?:ab)?", "a{1,2}", "(a)", "a*?", "."]
    for _ in range(300):
        pattern = "".join(rng.choices(pieces, k=rng.randint(1, 5)))
        pattern = rng.choice(["", "^"]) + pattern + rng.choice(["", "$"])
        for _ in range(5):
            text = "".join(rng.choices("abc", k=rng.randint(0, 6)))
            expected = re.search(pattern.replace("$", r"\Z"), text) is not None
            assert matches(text, pattern, "") is expected, (pattern, text)
            program = _program(read_pattern(pattern).root)
            assert _Matcher(program, fold=False, lines=False).search(text) is expected, (pattern, text)


def test_a_hostile_pattern_is_linear_and_with_references_bounded() -> None:
    assert max(growth(lambda n: matches("a" * n + "!", "^(a+)+$", ""), 2000)) < 8
    with pytest.raises(QueryTooComplex):
        matches("a" * 40 + "!", "^(a+)+\\1$", "")
    with pytest.raises(QueryTooComplex):
        matches("a", "((a{1000}){1000})\\1", "")
    assert pattern_fault("((a{1000}){1000}){1000}", "")
