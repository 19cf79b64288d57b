"""The order of the queue, whom a request that does not fit holds back, and who gives way."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.queueing import (
    HOLD_S,
    MOST_LOSSES,
    PROMOTE_S,
    STAY_S,
    Gate,
    Holder,
    Waiting,
    queue_order,
    victims_for,
)
from ingle.engine.child.scheduler import BACKGROUND, INTERACTIVE

NORMAL = 1


def test_the_queue_goes_by_class_then_by_arrival():
    waiting = [Waiting(1, 2, 5.0), Waiting(2, 1, 1.0), Waiting(3, 1, 3.0), Waiting(4, 0, 0.1)]
    assert [one.key for one in queue_order(waiting)] == [4, 3, 2, 1]


def test_a_long_wait_counts_as_a_higher_class():
    waiting = [Waiting(1, BACKGROUND, 2 * PROMOTE_S + 1), Waiting(2, INTERACTIVE, 1.0)]
    assert queue_order(waiting)[0].key == 1


def test_who_does_not_fit_holds_back_all_but_persons():
    gate = Gate()
    gate.shut(Waiting(1, NORMAL, 1.0))
    assert not gate.lets(Waiting(2, NORMAL, 0.5), persons=0)
    assert not gate.lets(Waiting(3, BACKGROUND, 0.5), persons=0)
    assert gate.lets(Waiting(4, INTERACTIVE, 0.5), persons=3)


def test_who_has_waited_long_lets_one_person_past_at_a_time():
    gate = Gate()
    gate.shut(Waiting(1, BACKGROUND, HOLD_S))
    assert gate.lets(Waiting(2, INTERACTIVE, 0.5), persons=0)
    assert not gate.lets(Waiting(2, INTERACTIVE, 0.5), persons=1)


def test_a_person_who_does_not_fit_holds_back_everybody():
    gate = Gate()
    gate.shut(Waiting(1, INTERACTIVE, 0.0))
    assert not any(gate.lets(Waiting(2, rank, 0.0), persons=0) for rank in range(3))


def sizes(draw: st.DrawFn) -> tuple[list[Holder], dict[int, int]]:
    holders = draw(
        st.lists(
            st.builds(
                Holder,
                st.integers(),
                st.integers(0, 2),
                st.floats(0, 100),
                st.booleans(),
                st.integers(0, MOST_LOSSES),
            ),
            unique_by=lambda one: one.key,
            max_size=8,
        )
    )
    return holders, {one.key: draw(st.integers(1, 500)) for one in holders}


@given(st.composite(sizes)(), st.integers(0, 2), st.integers(1, 2000), st.integers(0, 500))
def test_room_is_made_for_a_person_at_the_expense_of_background_only(
    running: tuple[list[Holder], dict[int, int]], rank: int, cells: int, free: int
):
    holders, size = running

    def fits(without: Collection[int]) -> bool:
        return cells <= free + sum(size[key] for key in without)

    victims = victims_for(rank, holders, fits)
    willing = [one.key for one in holders if one.may_give_way]
    if victims is None:
        assert not fits([])
        assert rank != INTERACTIVE or not fits(willing)
        return
    assert fits(victims)
    assert set(victims) <= set(willing)
    assert not victims or rank == INTERACTIVE
    assert all(not fits([one for one in victims if one != key]) for key in victims)


def test_the_one_that_has_sat_the_longest_gives_way():
    holders = [Holder(1, BACKGROUND, 5.0), Holder(2, BACKGROUND, 50.0), Holder(3, NORMAL, 90.0)]
    assert victims_for(INTERACTIVE, holders, lambda without: len(without) == 1) == [2]


def test_who_was_seated_for_its_age_stays_for_a_while():
    fresh = Holder(1, BACKGROUND, STAY_S / 2, is_aged=True)
    assert not fresh.may_give_way
    assert Holder(1, BACKGROUND, STAY_S / 2).may_give_way
    assert Holder(1, BACKGROUND, STAY_S, is_aged=True).may_give_way


def test_who_had_to_start_anew_too_often_stays():
    assert not Holder(1, BACKGROUND, 50.0, losses=MOST_LOSSES).may_give_way
