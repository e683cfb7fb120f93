from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest

from coopkg.answers.http.protocol import FORM, QUERY_BODY, HttpRequest, parse_query
from coopkg.errors import CoopkgError, MethodNotAllowed, ProtocolError, UnsupportedMediaType

ASK = "ASK {}"


def get(**parameters: str | list[str]) -> HttpRequest:
    return HttpRequest("GET", "/sparql", urlencode(parameters, doseq=True))


def post(body: bytes, content_type: str, query_string: str = "", method: str = "POST") -> HttpRequest:
    return HttpRequest(method, "/sparql", query_string, {"content-type": content_type}, body)


def test_get_carries_query_and_dataset() -> None:
    operation = parse_query(
        get(query=ASK, **{"default-graph-uri": ["http://e/1", "http://e/2"], "named-graph-uri": "http://e/3"})
    )
    assert operation is not None
    assert (operation.text, operation.default_graphs, operation.named_graphs) == (
        ASK,
        ("http://e/1", "http://e/2"),
        ("http://e/3",),
    )


def test_no_parameter_is_no_operation() -> None:
    assert parse_query(HttpRequest("GET", "/sparql")) is None


def test_form_is_decoded_once_and_plus_is_a_space() -> None:
    operation = parse_query(post(b"query=ASK+%7B+%3Fs+%3Fp+%22%2541%22+%7D", FORM))
    assert operation is not None
    assert operation.text == 'ASK { ?s ?p "%41" }'


@pytest.mark.parametrize("method", ["POST", "QUERY"])
def test_query_in_the_body(method: str) -> None:
    operation = parse_query(
        post(ASK.encode(), "Application/SPARQL-query; charset=UTF-8", "default-graph-uri=http%3A%2F%2Fe%2F1", method)
    )
    assert operation is not None
    assert operation.default_graphs == ("http://e/1",)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (get(foo="bar"), ProtocolError),
        (get(query=[ASK, ASK]), ProtocolError),
        (get(query=ASK, update="CLEAR ALL"), MethodNotAllowed),
        (post(f"query={quote(ASK)}&update=x".encode(), FORM), ProtocolError),
        (post(b"", FORM), ProtocolError),
        (post(ASK.encode(), QUERY_BODY, "query=ASK"), ProtocolError),
        (post(ASK.encode(), "text/plain"), UnsupportedMediaType),
        (post(ASK.encode(), ""), UnsupportedMediaType),
        (post(ASK.encode("utf-16"), "application/sparql-query; charset=UTF-16"), UnsupportedMediaType),
        (post(b"\xff\xfe", QUERY_BODY), ProtocolError),
        (HttpRequest("GET", "/sparql", "query=%FF"), ProtocolError),
        (HttpRequest("PUT", "/sparql", "query=ASK"), MethodNotAllowed),
    ],
)
def test_misuse(request_: HttpRequest, error: type[CoopkgError]) -> None:
    with pytest.raises(error) as caught:
        parse_query(request_)
    assert 400 <= caught.value.status < 500
