"""The order of the queue, and who gives way."""

from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.queueing import MAX_EVICTIONS, PROMOTE_S, Holder, Waiting, evict_for, queue_order
from ingle.engine.child.scheduler import BACKGROUND, INTERACTIVE


def test_the_queue_goes_by_class_then_by_arrival():
    waiting = [Waiting(1, 2, 5.0), Waiting(2, 1, 1.0), Waiting(3, 1, 3.0), Waiting(4, 0, 0.1)]
    assert [one.key for one in queue_order(waiting)] == [4, 3, 2, 1]


def test_a_long_wait_counts_as_a_higher_class():
    waiting = [Waiting(1, BACKGROUND, 2 * PROMOTE_S + 1), Waiting(2, INTERACTIVE, 1.0)]
    assert queue_order(waiting)[0].key == 1


holders = st.lists(
    st.builds(
        Holder, st.integers(), st.integers(0, 2), st.integers(1, 500), st.integers(0, MAX_EVICTIONS)
    ),
    unique_by=lambda one: one.key,
    max_size=8,
)


@given(st.integers(0, 2), st.integers(1, 2000), st.integers(0, 500), st.integers(0, 3), holders)
def test_room_is_made_for_a_person_at_the_expense_of_background_only(
    rank: int, cells: int, free_cells: int, free_seqs: int, running: list[Holder]
):
    victims = evict_for(rank, cells, (free_cells, free_seqs), running)
    if victims is None:
        return
    chosen = [one for one in running if one.key in victims]
    assert all(one.rank == BACKGROUND and one.evictions < MAX_EVICTIONS for one in chosen)
    assert not chosen or rank == INTERACTIVE
    assert free_cells + sum(one.cells for one in chosen) >= cells
    assert free_seqs + len(chosen) >= 1
