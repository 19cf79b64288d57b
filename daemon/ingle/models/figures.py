"""How good and how fast a model file is here, and which of several files to keep: values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt
from statistics import fmean, stdev

from ingle.wire.calls.model import Figures

PROMPT, ANSWER = 500, 100
"""Tokens of a typical request: it reads a page and writes a paragraph."""
WORTH = 1.1
"""Another file has to be so many times faster, and a larger one so many times than a smaller."""
MOST_LOSS = 0.01
"""Of perplexity. Q8_0 costs 0.7 % of a 4-bit file, 4 bits made from 4 bits 22 % (measured)."""


@dataclass(frozen=True)
class Loss:
    """How much worse a file predicts a text than another: a share, and its standard error."""

    share: float
    error: float

    @property
    def is_bearable(self) -> bool:
        """Whether it is within the bound, as far as so short a text can tell."""
        return self.share - self.error <= MOST_LOSS


def seconds(figures: Figures) -> float:
    """What a typical request takes."""
    return PROMPT / figures.prefill_tps + ANSWER / figures.decode_tps


def perplexity(surprises: Sequence[float]) -> float:
    """Of a text, from the negative log-likelihoods of its tokens; 0 for none."""
    return exp(fmean(surprises)) if surprises else 0.0


def loss(before: Sequence[float], after: Sequence[float]) -> Loss:
    """The increase of perplexity, from the same tokens read with both files.

    Token by token the two go together, so that the difference is known far better than either.
    Raises `ValueError` where they were not the same tokens.
    """
    differences = [new - old for old, new in zip(before, after, strict=True)]
    share = exp(fmean(differences)) - 1
    spread = stdev(differences) if len(differences) > 1 else 0.0
    return Loss(share, spread / sqrt(len(differences)))


def contenders(tried: Sequence[Figures]) -> list[Figures]:
    """Those that are worth more than the first, which is the file as it came; the best first.

    The smallest of those that are about as fast as the fastest comes first: memory is everybody's.
    """
    first, *others = tried
    left = sorted((one for one in others if seconds(one) * WORTH <= seconds(first)), key=seconds)
    ordered: list[Figures] = []
    while left:
        near = [one for one in left if seconds(one) <= seconds(left[0]) * WORTH]
        best = min(near, key=lambda one: one.size_bytes)
        ordered.append(best)
        left.remove(best)
    return ordered
