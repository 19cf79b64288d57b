"""The word diff: it loses nothing, and reads like a correction."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.popup_plugin import module

diff = module("diff")
Piece = diff.Piece

WORDS = st.lists(
    st.sampled_from(
        ["the", "cat", "sat", ".", ",", " ", "  ", "\n", "On", "mat!", "猫", "שלום", "e\u0301"]
    ),
    max_size=30,
).map("".join)
TEXTS = st.one_of(WORDS, st.text(max_size=60))


def spelled(pieces: list[Any], *kinds: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


def marked(before: str, after: str) -> str:
    """As a person would write it down: [-old-]{+new+}."""
    ink = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(ink[piece.kind].format(piece.text) for piece in diff.diff(before, after))


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_it(before: str, after: str) -> None:
    pieces = diff.diff(before, after)
    assert spelled(pieces, "same", "removed") == before
    assert spelled(pieces, "same", "added") == after


@given(TEXTS, TEXTS)
def test_no_piece_is_empty_and_no_two_neighbours_are_of_a_kind(before: str, after: str) -> None:
    pieces = diff.diff(before, after)
    assert all(piece.text for piece in pieces)
    kinds = [piece.kind for piece in pieces]
    assert all(one != other for one, other in itertools.pairwise(kinds))


@given(TEXTS)
def test_a_text_that_stays_is_one_piece(text: str) -> None:
    assert diff.diff(text, text) == ([Piece("same", text)] if text else [])
    assert diff.changes_in(diff.diff(text, text)) == 0


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("I has a cat.", "I have a cat.", "I [-has-]{+have+} a cat."),
        ("its late", "it's late!", "[-its-]{+it's+} late{+!+}"),
        ("gimme it now", "please give it", "[-gimme-]{+please give+} it[- now-]"),
        ("One. Two. Three.", "One. Three.", "One. [-Two. -]Three."),
        ("我爱猫", "我爱狗", "我爱[-猫-]{+狗+}"),
        ("", "new", "{+new+}"),
    ],
)
def test_it_reads_like_a_correction(before: str, after: str, shown: str) -> None:
    assert marked(before, after) == shown


def test_changed_words_beside_each_other_are_one_phrase() -> None:
    assert marked("send me report", "mail us paper") == "[-send me report-]{+mail us paper+}"


def test_texts_with_little_in_common_are_not_shown_as_one() -> None:
    assert diff.are_alike(diff.diff("I has a cat and dog.", "I have a cat and a dog."))
    assert not diff.are_alike(diff.diff("gimme the report", "Would you kindly send it to me?"))


def test_ten_thousand_words_with_a_few_changes_are_compared_by_sentences() -> None:
    before = "".join(f"Sentence number {n} says that {n} is a number. " for n in range(1250))
    after = before.replace("number 7 says", "number seven says").replace("1200 is", "1200 was")
    pieces = diff.diff(before, after)
    assert spelled(pieces, "removed") == "7is"
    assert diff.changes_in(pieces) == 2


def test_a_stretch_that_is_too_large_to_compare_counts_as_changed_whole() -> None:
    before, after = "a b " * 2000, "c d " * 2000
    assert [piece.kind for piece in diff.diff(before, after)] == ["removed", "added"]
