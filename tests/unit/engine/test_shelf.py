"""What waits in ordinary memory stays within its bound; the longest beginning is found."""

from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.shelf import MOST_BYTES, Shelf, room

tokens = st.lists(st.integers(0, 2), min_size=1, max_size=6)
puts = st.lists(
    st.tuples(st.sampled_from(["", "a"]), tokens, st.integers(0, 60), st.none() | st.integers(0, 3)),
    max_size=20,
)


def has(shelf: Shelf, key: str, wanted: list[int]) -> bool:
    return shelf.longest(key, wanted, is_whole=False)[1] == len(wanted)


def beginning(one: list[int], other: list[int]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


@given(st.integers(0, 100), puts, tokens, st.booleans())
def test_states_take_no_more_than_they_may_and_the_longest_is_found(
    most: int, stored: list[tuple[str, list[int], int, int | None]], wanted: list[int], is_whole: bool
):
    shelf = Shelf(most)
    for key, held, size, owner in stored:
        shelf.put(key, held, bytes(size), owner)
        assert shelf.used_bytes <= most
        assert not 0 < size <= most or owner is None or has(shelf, key, held)
    known = [(key, held) for key, held, _, _ in stored if has(shelf, key, held)]
    found, length = shelf.longest("a", wanted, is_whole=is_whole)
    if found is None:
        assert is_whole or all(key != "a" or not beginning(held, wanted) for key, held in known)
    else:
        assert found.key == "a"
        assert length == beginning(found.tokens, wanted)
        assert not is_whole or length == len(found.tokens)
    if not is_whole:
        assert length == max((beginning(held, wanted) for key, held in known if key == "a"), default=0)


def test_the_last_used_stays_and_what_somebody_waits_for_goes_last():
    shelf = Shelf(100)
    shelf.put("", [1], bytes(30), owner=7)
    for number in (2, 3):
        shelf.put("", [number], bytes(30))
    shelf.longest("", [2], is_whole=False)
    shelf.put("", [4], bytes(30))
    assert [has(shelf, "", [number]) for number in (1, 2, 3, 4)] == [True, True, False, True]
    shelf.disown(7)
    shelf.put("", [5], bytes(30))
    assert not has(shelf, "", [1])


def test_a_longer_state_takes_the_place_of_its_beginning():
    shelf = Shelf(100)
    shelf.put("", [1, 2], bytes(60))
    shelf.put("", [1, 2, 3], bytes(70))
    assert shelf.used_bytes == 70


def test_the_bound_follows_the_machine():
    assert room(1 << 30) == 1 << 28
    assert room(1 << 50) == MOST_BYTES
    assert room(0) == 0
