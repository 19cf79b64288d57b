"""`embed` of `engine.protocol`: from texts to tokens, to a job of the embedder, to vectors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ingle.engine.child import limits
from ingle.engine.child.arrivals import Arrivals
from ingle.engine.child.embedder import Embedder, Job
from ingle.engine.child.encoders import Encoders, Ready
from ingle.engine.child.scheduler import RANKS
from ingle.engine.protocol import EmbedParams, EmbedResult
from ingle.errors import ContextTooLong, InvalidParams
from ingle.vocabulary import Timing, Usage

DIGITS = 8
"""Behind the point: as exact as the vectors are, in half of the bytes."""


class Embedding:
    """Answers with what `encoders` have and `embedder` computes."""

    def __init__(self, embedder: Embedder, encoders: Encoders, arrivals: Arrivals) -> None:
        self._embedder, self._encoders, self._arrivals = embedder, encoders, arrivals

    async def embed(self, params: EmbedParams) -> EmbedResult:
        """Raises `InvalidParams`, `ContextTooLong`, and what `Encoders.lease` raises."""
        limits.check_texts(params.texts)
        async with self._encoders.lease(Path(params.path)) as ready:
            with self._arrivals.preparing():
                whole = await self._encoders.run(lambda: _tokens(ready, params.texts))
            texts, cut = _fitted(ready, whole, truncate=params.truncate)
            with self._embedder.enter(ready, RANKS[params.priority], texts) as job:
                await job.finished
            return EmbedResult(
                embeddings=[np.round(one.astype(np.float64), DIGITS).tolist() for one in job.vectors],
                dimensions=ready.encoder.width,
                truncated=cut,
                usage=Usage(input_tokens=_count(whole), used_tokens=_count(texts)),
                timing=_timing(job),
            )


def _tokens(ready: Ready, texts: Sequence[str]) -> list[list[int]]:
    return [ready.encoder.tokens(text) for text in texts]


def _fitted(
    ready: Ready, whole: Sequence[list[int]], *, truncate: bool
) -> tuple[list[list[int]], list[int]]:
    """The texts as they are read, and which of them were cut."""
    window = ready.encoder.window
    for index, tokens in enumerate(whole):
        if len(tokens) <= ready.encoder.framing:
            raise InvalidParams(f"`texts[{index}]` has nothing that {ready.name} could read")
        if len(tokens) > window and not truncate:
            raise ContextTooLong(
                f"`texts[{index}]` has {len(tokens)} tokens, and {ready.name} reads {window} at most",
                "split it, or set `truncate` to have its beginning read",
            )
    cut = [index for index, tokens in enumerate(whole) if len(tokens) > window]
    return [ready.encoder.beginning(tokens) if len(tokens) > window else tokens for tokens in whole], cut


def _count(texts: Sequence[Sequence[int]]) -> int:
    return sum(map(len, texts))


def _timing(job: Job) -> Timing:
    started = job.started or job.arrived
    ended = job.ended or started
    return Timing(
        queue_ms=(started - job.arrived) * 1000,
        prefill_ms=(ended - started) * 1000,
        total_ms=(ended - job.arrived) * 1000,
    )
