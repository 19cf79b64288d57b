"""One step: fill the batch, decode, read what the logits say.

It is the only place where requests' rows meet llama.cpp. It decides nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingle.engine.child.llama.context import ABORTED, Context
from ingle.engine.child.work.base import Feed, Value, Want

NO_NUMBERS = 99
"""Beside `llama_decode`'s codes: it went well, and computed what is no number."""
LOST = 98
"""Nor is this one: it was not called, because of `Outcome.lost`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code` is `llama_decode`'s; `values` are parallel to the feeds and their wants, up to
    a guess that was wrong.

    After an abort `kept` says how many positions of each feed's sequence are in memory.
    """

    code: int
    decode_ms: float
    """Of `llama_decode` alone."""
    values: list[list[Value]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    lost: frozenset[int] = frozenset()
    """Sequences that could not go back to where their feeds start; nothing was decoded then."""

    @property
    def is_aborted(self) -> bool:
        return self.code == ABORTED


def run(context: Context, feeds: Sequence[Feed], threads: int) -> Outcome:
    """Decode all feeds in one batch."""
    if lost := frozenset(feed.seq for feed in feeds if not _prepare(context, feed)):
        return Outcome(LOST, 0.0, lost=lost)
    firsts = _fill(context, feeds)
    began = time.perf_counter()
    code = context.decode(threads)
    ms = (time.perf_counter() - began) * 1000
    if not code and context.is_adapted and not _are_numbers(context, firsts, feeds):
        code = NO_NUMBERS
    if code:
        return Outcome(code, ms, kept=[context.kept(feed.seq) for feed in feeds])
    values = [_read(context, first, feed.wants) for first, feed in zip(firsts, feeds, strict=True)]
    return Outcome(0, ms, values)


def _are_numbers(context: Context, firsts: Sequence[int], feeds: Sequence[Feed]) -> bool:
    """Whether an adapter let the model compute on. What is no number at one position is none at all
    that follow, so each feed's last row tells."""
    rows = [
        first + feed.wants[-1].index for first, feed in zip(firsts, feeds, strict=True) if feed.wants
    ]
    return all(np.isfinite(context.logits(row).max()) for row in rows)


def _prepare(context: Context, feed: Feed) -> bool:
    """Have the sequence end where the feed starts."""
    if feed.copy_of is None:
        return context.rewind(feed.seq, feed.start)
    is_empty = context.remove(feed.seq)
    context.copy(feed.copy_of, feed.seq)
    return is_empty


def _fill(context: Context, feeds: Sequence[Feed]) -> list[int]:
    context.batch.clear()
    firsts = []
    for feed in feeds:
        outputs = [want.index for want in feed.wants]
        firsts.append(context.batch.add(feed.tokens, feed.start, feed.seq, outputs))
    return firsts


def _read(context: Context, first: int, wants: Sequence[Want]) -> list[Value]:
    values: list[Value] = []
    for want in wants:
        values.append(_value(context, first + want.index, want))
        if want.draft is not None and values[-1] != want.draft:
            break
    return values


def _value(context: Context, row: int, want: Want) -> Value:
    if want.sampler is not None:
        return want.sampler.pick(context, row)
    return likelihoods(context.logits(row), want.targets)


def likelihoods(logits: NDArray[np.float32], targets: Sequence[int]) -> list[float]:
    """Natural log-likelihoods of `targets` (log-softmax), summed in double precision."""
    peak = logits.max()
    total = np.exp(logits - peak).sum(dtype=np.float64)
    found: list[float] = (logits[list(targets)] - peak - np.log(total)).tolist()
    return found
