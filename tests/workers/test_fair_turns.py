"""Turns of heavy evaluations: short ones first, then whoever has used least; the greedy make room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coopkg.workers.fair_turns import FORGET_SECONDS, Evaluation, Usage, in_turn, one_too_many

EVALUATIONS = st.lists(
    st.builds(
        Evaluation,
        key=st.integers(0, 10**6),
        client=st.integers(0, 5),
        used=st.floats(0, 100),
        begun=st.floats(0, 1000),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda each: each.key,
)


def usage(*pairs: tuple[int, float]) -> Usage:
    made = Usage()
    for client, seconds in pairs:
        made.add(client, seconds, 0.0)
    return made


def test_a_short_one_goes_before_a_long_one_whoever_asks() -> None:
    long, short = Evaluation(1, 7, 20.0, 0.0), Evaluation(2, 7, 0.3, 9.0)
    assert in_turn([long, short], usage(), 10.0) == [2, 1]


def test_of_equals_the_one_goes_first_whose_client_has_used_least() -> None:
    greedy, modest = Evaluation(1, 7, 0.5, 0.0), Evaluation(2, 8, 0.5, 9.0)
    assert in_turn([greedy, modest], usage((7, 30.0), (8, 2.0)), 0.0) == [2, 1]


def test_of_one_client_the_first_goes_first() -> None:
    assert in_turn([Evaluation(1, 7, 0.5, 3.0), Evaluation(2, 7, 0.6, 1.0)], usage((7, 5.0)), 3.0) == [2, 1]


def test_room_is_made_by_the_client_with_most() -> None:
    many = [Evaluation(key, 7, 0.2, float(key)) for key in range(5)]
    assert one_too_many([Evaluation(9, 8, 25.0, 99.0), *many], usage((8, 30.0)), 99.0) == 4


def test_what_was_used_is_forgotten() -> None:
    used = usage((7, 30.0))
    assert used.of(7, 0.0) == 30.0
    assert used.of(7, FORGET_SECONDS) < 30.0 / 2
    assert used.of(7, 20 * FORGET_SECONDS) < 0.001


def test_a_crowd_of_clients_is_not_remembered_for_ever() -> None:
    used = Usage()
    for client in range(20_000):
        used.add(client, 0.001, float(client))
    assert len(used._used) < 5_000  # noqa: SLF001 - its size is what is bounded


@given(EVALUATIONS)
def test_everybody_has_a_place_and_what_runs_least_is_never_last(evaluations: list[Evaluation]) -> None:
    order = in_turn(evaluations, usage(), 0.0)
    assert sorted(order) == sorted(each.key for each in evaluations)
    by_key = {each.key: each for each in evaluations}
    levels = [sum(by_key[key].used > bound for bound in (1.0, 5.0)) for key in order]
    assert levels == sorted(levels)
    assert one_too_many(evaluations, usage(), 0.0) in by_key
