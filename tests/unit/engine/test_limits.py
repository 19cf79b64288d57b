"""What a request may ask of the engine, in numbers."""

import math

import pytest

from ingle.engine.child import limits
from ingle.errors import ContextTooLong, InvalidParams


@pytest.mark.parametrize("stops", [["x"] * 10_000, [""], ["x" * 5000]])
def test_absurd_stop_strings_are_refused(stops: list[str]):
    with pytest.raises(InvalidParams, match="stop"):
        limits.check_stops(stops)


@pytest.mark.parametrize("candidates", [[], ["x"] * 10_000])
def test_candidates_are_some_and_not_too_many(candidates: list[str]):
    with pytest.raises(InvalidParams, match="candidates"):
        limits.check_candidates(candidates)


@pytest.mark.parametrize("most", [0, -1, -(2**63)])
def test_nothing_cannot_be_generated(most: int):
    with pytest.raises(InvalidParams, match="max_tokens"):
        limits.clamped(most, [1], 10)


def test_more_than_fits_is_generated_until_the_context_is_full():
    assert limits.clamped(2**63, [1, 2, 3], 10) == 7


def test_a_prompt_that_leaves_no_room_names_both_numbers():
    with pytest.raises(ContextTooLong, match=r"600 .*512"):
        limits.check_fits(600, 512)


def test_a_huge_prompt_is_refused_before_it_is_tokenised():
    with pytest.raises(ContextTooLong):
        limits.check_prompt(10**9, 8192)


def test_a_text_has_an_end():
    with pytest.raises(InvalidParams):
        limits.check_length(int(math.pow(2, 40)))
