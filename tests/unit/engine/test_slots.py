"""The ledger of sequences, and how much of the memory each class may reserve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.scheduler import BACKGROUND, INTERACTIVE
from ingle.engine.child.slots import Slots, Use

orders = st.lists(st.booleans(), max_size=60)


@given(st.integers(1, 8), st.integers(0, 3), st.integers(0, 9), orders)
def test_no_sequence_is_lent_twice(count: int, copies: int, spare: int, steps: list[bool]):
    slots = Slots(count, 1000, copies, spare)
    lent: list[int] = []
    for is_return in steps:
        if is_return and lent:
            slots.give_back([lent.pop(0)])
        elif slots.free:
            lent.append(slots.take())
        assert len(lent) == len(set(lent))
        assert set(lent) <= set(range(slots.sequences))
        assert slots.free == slots.sequences - len(lent)


def test_a_seat_and_a_share_of_the_cells_are_kept_for_a_person():
    slots = Slots(2, 1000, 0)
    assert slots.has_room(BACKGROUND, 100, Use(1, 750))
    assert not slots.has_room(BACKGROUND, 100, Use(2, 750))
    assert not slots.has_room(BACKGROUND, 100, Use(1, 751))
    assert slots.has_room(INTERACTIVE, 100, Use(2, 1000))


@pytest.mark.parametrize("rank", [INTERACTIVE, BACKGROUND])
def test_nobody_gets_more_than_there_is(rank: int):
    assert not Slots(2, 1000, 0).has_room(rank, 1001, Use(1, 1001))
    assert not Slots(2, 1000, 0).has_room(rank, 10, Use(3, 30))


def test_with_one_seat_everybody_gets_it():
    assert Slots(1, 1000, 0).has_room(BACKGROUND, 1000, Use(1, 1000))


def test_work_that_needs_nearly_everything_can_start_when_there_is_nothing_else():
    assert Slots(4, 1000, 0).has_room(BACKGROUND, 900, Use(1, 900))
