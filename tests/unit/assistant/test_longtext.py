"""Parts of a long text: they cover it exactly, keep their budget, and what was not read has a name."""

from hypothesis import given
from hypothesis import strategies as st

from ingle.assistant.longtext import coverage, even_parts, merged, parts_of, spread, unread
from ingle.assistant.sentences import split

TEXTS = st.lists(
    st.sampled_from(
        ["One sentence here.", "Another, longer sentence stands here.", "\n\n", "No stop", "。"]
    ),
    max_size=60,
).map(" ".join)
RANGES = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=12)


def length(start: int, end: int) -> int:
    return end - start


@given(TEXTS, st.integers(1, 200))
def test_parts_cover_the_text_without_gap_or_overlap(text: str, budget: int) -> None:
    parts = parts_of(len(text), split(text), budget, length)
    assert "".join(part.of(text) for part in parts) == text
    assert [one for part in parts for one in part.sentences] == split(text)


@given(TEXTS, st.integers(1, 200))
def test_a_part_of_several_sentences_keeps_the_budget(text: str, budget: int) -> None:
    for part in parts_of(len(text), split(text), budget, length):
        if len(part.sentences) > 1:
            assert part.sentences[-1].end - part.sentences[0].start <= budget


@given(TEXTS, st.integers(1, 20))
def test_even_parts_cover_the_text_and_are_as_many_as_wanted(text: str, count: int) -> None:
    sentences = split(text)
    parts = even_parts(len(text), sentences, count)
    assert "".join(part.of(text) for part in parts) == text
    assert [one for part in parts for one in part.sentences] == sentences
    assert len(parts) == max(1, min(count, len(sentences)))


def test_a_paragraph_stays_together_where_there_is_room() -> None:
    text = "A first one. A second one.\n\nThe next paragraph. It goes on."
    parts = parts_of(len(text), split(text), 34, length)
    assert [part.of(text).strip() for part in parts] == [
        "A first one. A second one.",
        "The next paragraph. It goes on.",
    ]


@given(st.integers(0, 500), st.integers(1, 60))
def test_spread_takes_as_many_as_it_may_in_order(count: int, most: int) -> None:
    chosen = spread(count, most)
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))
    assert all(0 <= one < count for one in chosen)
    assert count == 0 or chosen[0] == 0


@given(RANGES)
def test_read_and_unread_make_up_the_whole(ranges: list[tuple[int, int]]) -> None:
    gaps = unread(50, ranges)
    together = sorted([*merged(ranges), *gaps])
    assert coverage(50, ranges, 1).read + sum(end - start for start, end in gaps) == 50
    assert merged(together) == [(0, 50)]
