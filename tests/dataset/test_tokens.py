from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopkg.errors import QuerySyntaxError
from coopkg.sparql.lexer import Kind, position, rebase, significant, tokenize


def kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind.value, token.text) for token in tokenize(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<http://e/a>", [("iri", "<http://e/a>")]),
        ("?a<?b", [("variable", "?a"), ("punctuation", "<"), ("variable", "?b")]),
        ("?a <= ?b", [("variable", "?a"), ("punctuation", "<="), ("variable", "?b")]),
        ("'it\\'s'@en-GB", [("string", "'it\\'s'"), ("language", "@en-GB")]),
        ('"""a"b""c"""', [("string", '"""a"b""c"""')]),
        ("a:b.c.", [("prefixed", "a:b.c"), ("punctuation", ".")]),
        (":x\\~y", [("prefixed", ":x\\~y")]),
        ("_:b1 .", [("blank", "_:b1"), ("punctuation", ".")]),
        ("1.5e3", [("number", "1.5e3")]),
        ("e:re\u0301sume\u0301", [("prefixed", "e:re\u0301sume\u0301")]),
        ("# SERVICE\nASK", [("comment", "# SERVICE"), ("word", "ASK")]),
        ("<<( ?s )>>", [("punctuation", "<<("), ("variable", "?s"), ("punctuation", ")>>")]),
    ],
)  # fmt: skip
def test_tokens(text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(text) == expected


def test_an_escape_stands_in_no_keyword() -> None:
    """SPARQL 1.2 has them in IRIs and strings; the W3C tests have a query refused that is written in them."""
    with pytest.raises(QuerySyntaxError, match=r"^1:2: the escape \\u0045 stands outside of an IRI or a string"):
        list(tokenize(r"s\u0045rvice"))


def test_error_names_line_and_column() -> None:
    with pytest.raises(QuerySyntaxError, match=r"^2:3: ") as caught:
        list(tokenize("ASK\n  \x00"))
    assert caught.value.members["line"] == 2


def test_unterminated_long_strings_stay_linear() -> None:
    with pytest.raises(QuerySyntaxError):
        list(tokenize("ASK { ?s ?p " + "''' " * 50_001 + "\\"))


def test_position_counts_from_one() -> None:
    assert position("a\nbc", 3) == (2, 2)


def test_rebase_moves_iris_and_leaves_strings() -> None:
    text = "PREFIX a: <http://old/x#> SELECT * { ?s a:b 'http://old/y' . # <http://old/z>\n ?s ?p <http://old/> }"
    moved = rebase(text, "http://old/", "http://new/")
    assert moved == text.replace("<http://old/x#>", "<http://new/x#>").replace("<http://old/>", "<http://new/>")


@given(st.text(alphabet="<>{}()?$\"'\\#@:_.-+*/|^&=!abE19 \n\té", max_size=80))
def test_tokens_cover_the_text(text: str) -> None:
    """Whatever the text: either an error with a place, or tokens that stand where they say, in order."""
    try:
        tokens = list(tokenize(text))
    except QuerySyntaxError as error:
        assert error.members["line"]  # noqa: PT017 - either outcome is right, and each has its own check
        return
    end = 0
    for token in tokens:
        assert token.start >= end
        assert text[token.start : token.start + len(token.text)] == token.text
        assert not text[end : token.start].strip(" \t\r\n")
        end = token.start + len(token.text)
    assert [t for t in tokens if t.kind is not Kind.COMMENT] == list(significant(text))
