"""Memory is bounded, ordered and forgets for good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.context.items import Item, Memory, find
from ingle.context.retention import due, until_next
from ingle.errors import NotFound


def item(text: str = "x", kind: str = "note", born: float = 0.0) -> Item:
    return Item(kind=kind, title="t", origin="o", text=text, born=born)


@given(st.lists(st.text(max_size=3), max_size=30), st.integers(1, 8))
def test_the_newest_are_kept_newest_first(texts: list[str], keep: int) -> None:
    memory = Memory(keep, 60)
    for text in texts:
        memory.put(item(text))
    assert [each.text for each in memory.newest()] == list(reversed(texts))[:keep]


def test_kinds_are_told_apart_and_forgotten_items_are_gone() -> None:
    memory = Memory(10, 60)
    first, second = item(kind="clipboard"), item(kind="file")
    memory.put(first)
    memory.put(second)
    assert list(memory.newest("file")) == [second]
    assert memory.forget([first.id, "unknown"]) == 1
    with pytest.raises(NotFound):
        memory.get(first.id)


def test_what_is_due_goes_and_the_next_is_known() -> None:
    memory = Memory(10, keep_s=100)
    assert until_next(memory, 0) is None
    old, young = item(born=0.0), item(born=50.0)
    memory.put(old)
    memory.put(young)
    assert until_next(memory, 60) == 40
    assert due(memory, 100) == [old.id]
    assert due(memory, 99.9) == []


@pytest.mark.parametrize(
    ("text", "query", "span"),
    [("The Cat sat", "cat", (4, 7)), ("The Cat sat", "sat the", (8, 11)), ("The Cat", "dog", None),
     ("The Cat", "  ", None), ("aİb cat", "cat", (4, 7))],
)  # fmt: skip
def test_words_are_found_with_exact_offsets(text: str, query: str, span: tuple[int, int] | None) -> None:
    assert find(text, query) == span
