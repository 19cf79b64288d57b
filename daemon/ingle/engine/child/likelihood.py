"""How likely the model itself found a token, and which others it found likely."""

import codecs
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingle.engine.child.work.base import Picks
from ingle.vocabulary import Likely, TokenLogprob

LEAST = -9999.0
"""Stands for what cannot be: JSON has no infinity."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A chosen token and the `top` ones: natural log-likelihoods, before temperature, penalties
    and constraints."""

    token: int
    logprob: float
    top: list[tuple[int, float]]


def judged(logits: NDArray[np.float32], token: int, most: int) -> Judged:
    """Judge `token` by a row of logits, with the `most` likely ones beside it."""
    peak = logits.max()
    total = float(peak) + math.log(np.exp(logits - peak).sum(dtype=np.float64))
    most = min(most, len(logits))
    best = np.argpartition(-logits, most - 1)[:most] if most else np.empty(0, np.int64)
    ranked = sorted(best.tolist(), key=lambda one: (-logits[one], one))

    def value(one: int) -> float:
        found = float(logits[one]) - total
        return max(LEAST, found)  # in this order: what is no number is not larger

    return Judged(token, value(token), [(one, value(one)) for one in ranked])


@dataclass
class Recording:
    """A sampler that writes down how likely its choices were; `most` others with each."""

    sampler: Picks
    most: int

    def __post_init__(self) -> None:
        self.choices: list[Judged] = []

    @property
    def is_free(self) -> bool:
        return self.sampler.is_free

    @property
    def is_complete(self) -> bool:
        return self.sampler.is_complete

    def pick(self, context: Any, row: int) -> int | None:
        token = self.sampler.pick(context, row)
        if token is not None:
            self.choices.append(judged(context.logits(row), token, self.most))
        return token

    def close(self) -> None:
        self.sampler.close()


def told(choices: Sequence[Judged], text: str, piece: Callable[[int], bytes]) -> list[TokenLogprob]:
    """The tokens that make up `text`; what was generated behind it, as a stop string, is left out."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    found: list[TokenLogprob] = []
    chars = 0
    for choice in choices:
        if chars >= len(text):
            break
        data = piece(choice.token)
        chars += len(decoder.decode(data))
        top = [Likely(**_named(piece(token)), logprob=value) for token, value in choice.top]
        found.append(TokenLogprob(**_named(data), logprob=choice.logprob, top=top))
    return found


def _named(data: bytes) -> dict[str, Any]:
    """A token's text, and its bytes where they are no text."""
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"text": data.decode("utf-8", "replace"), "bytes": list(data)}
