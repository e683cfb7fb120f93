"""Which requests go to the workers next: nobody fills their queue, and who has used much waits behind who has not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from coopkg.workers.cancellations import Cancellations
from coopkg.workers.posting import HOT_AFTER, MOST_OF_A_CLIENT, NOBODY, Posting

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Waiting:
    number: int
    client: int


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def posting(window: int = 12) -> Posting:
    return Posting(window, Clock())


def posted(queue: Posting, waiting: list[Waiting]) -> list[int]:
    """Give the numbers of those that go, in their order."""
    numbers = []
    while (request := queue.next(waiting)) is not None:
        waiting.remove(request)
        queue.post(request, 60.0)
        numbers.append(request.number)
    return numbers


def test_first_come_is_first_served() -> None:
    assert posted(posting(), [Waiting(3, 1), Waiting(1, 2), Waiting(2, 3)]) == [1, 2, 3]


def test_no_client_has_more_than_two_with_the_workers() -> None:
    queue = posting()
    crowd = [Waiting(number, 7) for number in range(9)]
    assert posted(queue, [*crowd, Waiting(10, 8)]) == [0, 1, 10]
    queue.done(0)
    assert posted(queue, crowd[2:]) == [2]
    assert MOST_OF_A_CLIENT == 2


def test_who_has_used_much_waits_behind_who_has_not_and_has_few_places() -> None:
    queue = posting()
    for client in (7, 8, 9):
        queue.charge(client, 10 * HOT_AFTER)
    assert posted(queue, [Waiting(1, 7), Waiting(2, 8), Waiting(3, 9), Waiting(4, 1)]) == [4, 1, 2]


def test_who_is_not_limited_has_all_the_places() -> None:
    assert len(posted(posting(), [Waiting(number, NOBODY) for number in range(20)])) == 12


def test_a_request_of_which_nothing_is_heard_does_not_hold_its_place_for_ever() -> None:
    clock = Clock()
    queue = Posting(1, clock)
    queue.post(Waiting(1, 7), 5.0)
    assert queue.next([Waiting(2, 8)]) is None
    clock.now = 6.0
    queue.forget()
    assert queue.next([Waiting(2, 8)]) == Waiting(2, 8)


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 20)), max_size=40), st.integers(1, 12))
def test_everybody_comes_to_his_turn(requests: list[tuple[int, float]], window: int) -> None:
    queue = posting(window)
    for client, used in requests:
        queue.charge(client, used)
    waiting = [Waiting(number, client) for number, (client, _) in enumerate(requests)]
    gone: list[int] = []
    while waiting:
        going = posted(queue, waiting)
        assert going
        assert len(going) <= window
        for number in going:
            queue.done(number)
        gone += going
    assert sorted(gone) == list(range(len(requests)))


def test_a_worker_sees_at_once_what_nobody_waits_for(tmp_path: Path) -> None:
    writing = Cancellations(tmp_path, 1, create=True)
    reading = Cancellations(tmp_path, 1)
    assert not reading.has(5)
    writing.add(5)
    assert reading.has(5)
    assert not reading.has(5 + 4096)
