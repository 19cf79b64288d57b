"""The ledger of sequences and cells: never more is lent than there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.slots import Grant, Slots

orders = st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(1, 1200)), max_size=60)


@given(st.integers(1, 8), orders)
def test_neither_cells_nor_sequences_are_lent_twice(count: int, steps: list[tuple[bool, int, int]]):
    slots = Slots(count, 1000, 3)
    held: list[Grant] = []
    for is_return, rank, cells in steps:
        if is_return and held:
            slots.give_back(held.pop(0))
        else:
            free_cells, free_seqs = slots.free_for(rank, cells)
            if cells <= free_cells and free_seqs >= 1:
                held.append(slots.take(cells))
        used = [seq for grant in held for seq in (grant.seq, *grant.copies)]
        assert sum(grant.cells for grant in held) <= 1000
        assert len(used) == len(set(used))
        assert all(0 <= seq < slots.sequences for seq in used)


def test_a_place_is_kept_for_a_person():
    slots = Slots(2, 1000, 0)
    slots.take(100)
    assert slots.free_for(1, 100)[1] == 0
    assert slots.free_for(0, 100)[1] == 1


def test_with_one_slot_everybody_gets_it():
    assert Slots(1, 1000, 0).free_for(2, 1000) == (1000, 1)


def test_work_that_needs_nearly_everything_can_start_when_there_is_nothing_else():
    assert Slots(4, 1000, 0).free_for(2, 900)[0] >= 900


def test_more_than_there_is_is_refused():
    with pytest.raises(ValueError, match="cells"):
        Slots(2, 1000, 0).take(1001)
