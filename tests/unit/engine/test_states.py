"""What waits in ordinary memory stays within its bound, the newest first."""

from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.states import MOST_BYTES, State, States, room


@given(st.integers(0, 100), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=30))
def test_states_take_no_more_than_they_may(most: int, puts: list[tuple[int, int]]):
    states = States(most)
    for key, size in puts:
        is_kept = states.put(key, State(bytes(size), size))
        assert states.used_bytes <= most
        assert is_kept == (0 < size <= most)
        if is_kept:
            assert states.take(key) == State(bytes(size), size)
            states.put(key, State(bytes(size), size))
    for key in range(6):
        states.take(key)
    assert states.used_bytes == 0


def test_the_oldest_makes_room():
    states = States(100)
    for key in range(3):
        states.put(key, State(bytes(40), 1))
    assert [states.take(key) is not None for key in range(3)] == [False, True, True]


def test_the_bound_follows_the_machine():
    assert room(1 << 30) == 1 << 28
    assert room(1 << 50) == MOST_BYTES
    assert room(0) == 0
