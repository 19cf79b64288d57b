"""How likely a token was, and how that is told."""

import json
import math
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingle.engine.child.likelihood import LEAST, Recording, judged, told

logits = st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=30).map(
    lambda values: np.array(values, np.float32)
)


@given(logits, st.integers(0, 20), st.randoms())
def test_likelihoods_are_those_of_a_softmax(row: NDArray[np.float32], most: int, chance: Any):
    token = chance.randrange(len(row))
    found = judged(row, token, most)
    exact = row.astype(np.float64)
    expected = exact - np.log(np.exp(exact - exact.max()).sum()) - exact.max()
    assert found.logprob == pytest.approx(expected[token], abs=1e-4)
    assert [value for _, value in found.top] == pytest.approx(
        sorted(expected, reverse=True)[:most], abs=1e-4
    )
    assert len({one for one, _ in found.top}) == min(most, len(row))


@pytest.mark.parametrize("odd", [-math.inf, math.nan])
def test_what_is_no_number_can_be_told_all_the_same(odd: float):
    found = judged(np.array([1.0, odd, 0.5], np.float32), 1, 3)
    assert found.logprob == LEAST
    assert all(math.isfinite(value) for _, value in found.top)


PIECES = {0: b"the", 1: b" sea", 2: "海".encode()[:2], 3: "海".encode()[2:], 4: b"", 5: b"\n\nQ:"}


def choices(*tokens: int) -> list[Any]:
    return [judged(np.zeros(6, np.float32), token, 2) for token in tokens]


def test_half_a_character_is_told_by_its_bytes():
    found = told(choices(0, 2, 3), "the海", PIECES.__getitem__)
    assert [token.text for token in found] == ["the", "\ufffd", "\ufffd"]
    assert [token.bytes for token in found] == [None, [0xE6, 0xB5], [0xB7]]
    assert json.loads(msgspec.json.encode(found[0])).keys() == {"text", "logprob", "top"}


def test_what_was_written_behind_the_text_is_left_out():
    found = told(choices(0, 1, 5, 0), "the sea", PIECES.__getitem__)
    assert [token.text for token in found] == ["the", " sea"]
    assert told(choices(5), "", PIECES.__getitem__) == []


@dataclass
class Scripted:
    """Chooses these, one after the other."""

    tokens: list[int | None]
    is_complete: bool = False

    def pick(self, context: Any, row: int) -> int | None:
        return self.tokens.pop(0)

    def close(self) -> None:
        self.is_complete = True


class Rows:
    def logits(self, row: int) -> NDArray[np.float32]:
        return np.arange(6, dtype=np.float32) * row


def test_every_choice_is_written_down_and_no_refusal():
    recording = Recording(Scripted([3, 1, None]), 1)
    assert [recording.pick(Rows(), row) for row in (1, 0, 1)] == [3, 1, None]
    assert [(one.token, len(one.top)) for one in recording.choices] == [(3, 1), (1, 1)]
    assert recording.choices[0].top[0][0] == 5
    recording.close()
    assert recording.is_complete
