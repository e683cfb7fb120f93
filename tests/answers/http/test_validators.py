from __future__ import annotations

import gzip

import pytest

from coopkg.answers.http.protocol import HttpResponse
from coopkg.answers.http.validators import accepts_gzip, compressed, etag, matches

LONG = HttpResponse(200, {"Content-Type": "text/csv", "ETag": '"abc"', "Vary": "Accept"}, b"x" * 5000)


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        (None, False),
    ],
)
def test_accept_encoding(field: str | None, accepted: bool) -> None:  # noqa: FBT001
    assert accepts_gzip(field) is accepted


def test_gzip_has_a_tag_of_its_own_that_still_matches() -> None:
    response = compressed(LONG, {"accept-encoding": "gzip"})
    assert gzip.decompress(response.body) == LONG.body
    assert response.headers["ETag"] == '"abc-gzip"'
    assert response.headers["Vary"] == "Accept, Accept-Encoding"
    assert matches(response.headers["ETag"], LONG.headers["ETag"])


def test_small_and_refused_stay_as_they_are() -> None:
    assert compressed(LONG, {}) is LONG
    small = HttpResponse(200, {}, b"x")
    assert compressed(small, {"accept-encoding": "gzip"}) is small


def test_tags_depend_on_every_part() -> None:
    assert len({etag("a", "b"), etag("ab"), etag("a", "c"), etag("a", "", "b")}) == 4


@pytest.mark.parametrize(
    ("field", "found"), [('"x", "abc"', True), ('W/"abc"', True), ("*", True), ('"x"', False), (None, False)]
)
def test_if_none_match(field: str | None, found: bool) -> None:  # noqa: FBT001
    assert matches(field, '"abc"') is found
