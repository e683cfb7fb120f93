from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from coopkg.sparql.admission import admit
from coopkg.sparql.text_cache import cached_by_text

if TYPE_CHECKING:
    from collections.abc import Callable

CAPACITY = 64 << 10


def counted() -> tuple[list[str], Callable[..., int]]:
    calls: list[str] = []

    @cached_by_text(CAPACITY, 1)
    def length(text: str, more: int = 0, *, even: bool = False) -> int:
        calls.append(text)
        return len(text) + more + even

    return calls, length


def test_a_text_is_computed_once() -> None:
    calls, length = counted()
    assert [length("a"), length("a"), length("a", 1), length("a", even=True), length("b")] == [1, 1, 2, 2, 1]
    assert calls == ["a", "a", "a", "b"]


def test_what_is_kept_is_bounded_in_bytes() -> None:
    calls, length = counted()
    texts = [f"{n:03d}" + "x" * 3000 for n in range(100)]
    for text in texts:
        length(text)
    calls.clear()
    for text in reversed(texts):
        length(text)
    kept = len(texts) - len(calls)
    # A text of 3 kB counts about 7 kB here, with its result and its place.
    assert CAPACITY / 12_000 < kept < CAPACITY / 6_000


def test_a_large_text_displaces_nothing() -> None:
    calls, length = counted()
    length("small")
    for _ in range(3):
        length("é" * CAPACITY)
    length("small")
    assert len(calls) == 4


def test_what_was_used_last_stays() -> None:
    calls, length = counted()
    for n in range(200):
        length("often")
        length(f"{n}" * 1000)
    assert calls.count("often") == 1


def test_an_error_is_not_kept() -> None:
    @cached_by_text(CAPACITY, 1)
    def fails(text: str) -> str:
        seen.append(text)
        raise ValueError(text)

    seen: list[str] = []
    for _ in range(2):
        with pytest.raises(ValueError, match="a"):
            fails("a")
    assert seen == ["a", "a"]


def test_threads_may_share_it() -> None:
    _, length = counted()
    texts = [f"{n % 37}" * 500 for n in range(2000)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(length, texts)) == [len(text) for text in texts]


def test_admission_pins_no_memory() -> None:
    """512 texts of 4 MB each were kept before."""
    tracemalloc.start()
    for n in range(200):
        admit(f"SELECT * {{ VALUES ?x {{ {'<http://e/a/long/iri> ' * 1000} }} }} LIMIT {n}")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 6 << 20
