"""Which of several files is worth keeping: the pure decision."""

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.models.figures import WORTH, contenders, loss, perplexity, seconds
from ingle.wire.calls.model import Figures


def file(name: str, prefill: float, decode: float, megabytes: int = 100) -> Figures:
    return Figures(
        quantization=name, size_bytes=megabytes * 1_000_000, prefill_tps=prefill, decode_tps=decode
    )


AS_SHIPPED = file("Q4_1", 119, 35.8, 98)
Q8_0 = file("Q8_0", 223, 35.9, 145)
F16 = file("F16", 346, 29.1, 271)
"""SmolLM2-135M on two cores."""


def test_a_typical_request_reads_a_page_and_writes_a_paragraph() -> None:
    assert seconds(file("x", 100, 50)) == pytest.approx(7.0)


def test_of_those_that_are_about_as_fast_the_smallest_comes_first() -> None:
    assert contenders([AS_SHIPPED, F16, Q8_0]) == [Q8_0, F16]


def test_what_is_clearly_faster_comes_first_whatever_its_size() -> None:
    fast = file("F16", 900, 80, 271)
    assert contenders([AS_SHIPPED, Q8_0, fast]) == [fast, Q8_0]


def test_a_little_faster_is_not_worth_it() -> None:
    assert contenders([AS_SHIPPED, file("Q8_0", 125, 36.5)]) == []
    assert contenders([AS_SHIPPED]) == []


speeds = st.floats(1, 10_000)
files = st.builds(file, st.text(max_size=3), speeds, speeds, st.integers(1, 5000))


@given(st.lists(files, min_size=1, max_size=6))
def test_every_contender_is_worth_it_and_none_is_left_out(tried: list[Figures]) -> None:
    found = contenders(tried)
    assert all(seconds(one) * WORTH <= seconds(tried[0]) for one in found)
    worth = [one for one in tried[1:] if seconds(one) * WORTH <= seconds(tried[0])]
    assert sorted(map(seconds, found)) == sorted(map(seconds, worth))


def test_perplexity_is_the_mean_surprise() -> None:
    assert perplexity([log(2), log(8)]) == pytest.approx(4.0)
    assert perplexity([]) == 0.0


def test_the_same_file_loses_nothing() -> None:
    found = loss([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert (found.share, found.error) == (0.0, 0.0)
    assert found.is_bearable


def test_a_clear_loss_is_not_borne_and_a_doubtful_one_is() -> None:
    before = [2.0 + index % 5 for index in range(400)]
    assert not loss(before, [one + log(1.22) for one in before]).is_bearable
    doubtful = [one + 0.011 + (0.1 if index % 2 else -0.1) for index, one in enumerate(before)]
    found = loss(before, doubtful)
    assert found.share > 0.01
    assert found.is_bearable


def test_one_token_says_something_and_different_texts_nothing() -> None:
    assert loss([1.0], [1.5]).share == pytest.approx(exp(0.5) - 1)
    with pytest.raises(ValueError, match="shorter"):
        loss([1.0, 2.0], [1.0])
