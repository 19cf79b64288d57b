"""The operations of `engine.protocol`: from parameters to work in the engine and back to results.

Whatever a client can send is checked here or in `tokenizing` and `writing`, so that nothing of it
makes llama.cpp abort.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ingle.engine.child import devices, limits
from ingle.engine.child.adapters import Adapters
from ingle.engine.child.arrivals import Arrivals
from ingle.engine.child.embedder import Embedder
from ingle.engine.child.embedding import Embedding
from ingle.engine.child.encoders import Encoders
from ingle.engine.child.engine import Engine
from ingle.engine.child.keeper import folder_for
from ingle.engine.child.llama.vocabulary import Vocabulary
from ingle.engine.child.loading import Opened, open_model, rss
from ingle.engine.child.scheduler import RANKS
from ingle.engine.child.slots import Slots
from ingle.engine.child.text import character_ends
from ingle.engine.child.tokenizing import Tokenizing
from ingle.engine.child.work.base import Adapted
from ingle.engine.child.work.reading import Reading
from ingle.engine.child.work.scoring import Scoring
from ingle.engine.child.writing import Writing
from ingle.engine.protocol import (
    CandidateScore,
    ChildStatus,
    DevicesParams,
    DevicesResult,
    EmbedParams,
    EmbedResult,
    GenerateParams,
    GenerateResult,
    LoadParams,
    LoadResult,
    ScoreParams,
    ScoreResult,
    SurpriseParams,
    SurpriseResult,
    TokenizeParams,
    TokenizeResult,
)
from ingle.errors import ContextTooLong, EngineUnavailable, InvalidParams, InvalidRequest
from ingle.rpc.dispatcher import Call
from ingle.vocabulary import Timing, Usage
from ingle.wire.calls.base import NoParams

T = TypeVar("T")

WINDOW = 1024
"""Tokens of a text that are read at a time: the attention's cost grows with it, and one of 4,096
is read at 150 tokens a second where this one is read at 350."""


@dataclass(frozen=True)
class Loaded:
    """What exists once a model is loaded."""

    opened: Opened
    engine: Engine
    tokenizing: Tokenizing
    writing: Writing
    adapters: Adapters
    embedding: Embedding

    @property
    def vocabulary(self) -> Vocabulary:
        return self.opened.context.vocabulary

    @property
    def limit(self) -> int:
        """Tokens of the longest sequence."""
        return self.opened.limit


class Service:
    """Answers the daemon. One model in its life; `run_loop` is what the child does besides."""

    def __init__(self) -> None:
        self._decoding = ThreadPoolExecutor(1, "decode")
        self.arrivals = Arrivals()
        self._loaded: Loaded | None = None
        self._is_taken = False
        self._ready = asyncio.Event()

    async def run_loop(self) -> None:
        """Step while there is work, from the moment that a model is loaded."""
        await self._ready.wait()
        await self._model.engine.run()

    @property
    def _model(self) -> Loaded:
        if self._loaded is None:
            raise EngineUnavailable("no model is loaded yet")
        return self._loaded

    # ---- load

    async def devices(self, params: DevicesParams, call: Call) -> DevicesResult:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoding, devices.listed, params.measure)

    async def load(self, params: LoadParams, call: Call) -> LoadResult:
        if self._is_taken:
            raise InvalidRequest("this child was given a model already")
        self._is_taken = True
        report = _reporter(call) if params.stream else _ignore
        loop = asyncio.get_running_loop()
        opened = await loop.run_in_executor(self._decoding, open_model, params, report)
        folder = folder_for(params, opened.result)
        engine = Engine(
            opened.context,
            opened.slots,
            opened.budget,
            opened.pace,
            self._decoding,
            self.arrivals,
            folder,
        )
        await loop.run_in_executor(self._decoding, engine.restore)
        adapters = Adapters(opened.context, Path(params.path), engine.free)
        tokenizing = Tokenizing(opened.context.vocabulary, opened.limit, self.arrivals)
        writing = Writing(opened, engine, tokenizing)
        engine.visitor = embedder = Embedder(engine, self._decoding)
        encoders = Encoders(params, opened.result, engine.free)
        embedding = Embedding(embedder, encoders, self.arrivals)
        self._loaded = Loaded(opened, engine, tokenizing, writing, adapters, embedding)
        self._ready.set()
        return opened.result

    # ---- the work

    async def generate(self, params: GenerateParams, call: Call) -> GenerateResult:
        async with self._model.adapters.lease(params.adapter) as adapter:
            return await self._model.writing.write(params, adapter, call)

    async def score(self, params: ScoreParams, call: Call) -> ScoreResult:
        async with self._model.adapters.lease(params.adapter) as adapter:
            return await self._scored(params, adapter)

    async def _scored(self, params: ScoreParams, adapter: Adapted | None) -> ScoreResult:
        model = self._model
        limits.check_candidates(params.candidates)
        limits.check_prompt(max(map(len, params.candidates)), model.limit)
        prompt = await model.tokenizing.prompt(params.spans)
        candidates = await model.tokenizing.continuations(prompt, params.candidates)
        if not all(candidates):
            raise InvalidParams("an empty candidate has no likelihood")
        limits.check_fits(len(prompt) + max(map(len, candidates)), model.limit)
        work = _scoring(RANKS[params.priority], prompt, candidates, model.opened.slots)
        work.adapter = adapter
        work.recurring = await model.tokenizing.recurring(prompt, params.spans, params.prefix_spans)
        with model.engine.enter(work) as ticket:
            await ticket.finished
        scores = [
            CandidateScore(logprob=total, tokens=len(tokens))
            for total, tokens in zip(work.sums, candidates, strict=True)
        ]
        read = len(prompt) + sum(map(len, candidates))
        return ScoreResult(scores=scores, usage=ticket.usage(read), timing=ticket.timing)

    async def surprise(self, params: SurpriseParams, call: Call) -> SurpriseResult:
        model, tokenizing = self._model, self._model.tokenizing
        before = await tokenizing.prompt(params.spans) if params.spans else model.vocabulary.opening()
        (tokens,) = await tokenizing.continuations(before, [params.text])
        window = min(model.limit, WINDOW)
        if len(before) > window // 2:
            raise ContextTooLong(f"{len(before)} tokens before the text; at most {window // 2} may be")
        if not tokens:
            return SurpriseResult(ends=[], logprobs=[], usage=Usage(), timing=Timing())
        work = Reading(RANKS[params.priority], before, tokens, window)
        with model.engine.enter(work) as ticket:
            await ticket.finished
        pieces = await tokenizing.pieces(tokens)
        return SurpriseResult(
            ends=character_ends(params.text, pieces),
            logprobs=work.logprobs,
            usage=Usage(input_tokens=len(tokens), used_tokens=len(tokens)),
            timing=ticket.timing,
        )

    async def embed(self, params: EmbedParams, call: Call) -> EmbedResult:
        return await self._model.embedding.embed(params)

    async def tokenize(self, params: TokenizeParams, call: Call) -> TokenizeResult:
        if params.spans is None:
            return TokenizeResult(tokens=await self._model.tokenizing.data(params.text))
        return TokenizeResult(tokens=await self._model.tokenizing.whole(params.spans))

    async def status(self, params: NoParams, call: Call) -> ChildStatus:
        model = self._model
        counters = model.engine.counters
        return ChildStatus(
            rss_bytes=rss(),
            vram_bytes=model.opened.result.vram_bytes,
            running=model.engine.running,
            waiting=model.engine.waiting,
            steps=counters.steps,
            decoded_tokens=counters.decoded,
            prefilled_tokens=counters.prefilled,
            step_ms=counters.median_ms,
            cut_steps=counters.cut,
            decode_ms_total=counters.decode_ms,
            busy_ms_total=counters.busy_ms,
        )


def _ignore(_: float) -> None:
    """Nobody wants to hear of the progress."""


def _reporter(call: Call) -> Callable[[float], None]:
    """Send the progress of loading, at most a hundred times, from the loading thread."""
    loop = asyncio.get_running_loop()
    last = ""

    def report(share: float) -> None:
        nonlocal last
        if (text := f"{share:.2f}") != last:
            last = text
            asyncio.run_coroutine_threadsafe(call.delta(text), loop)

    return report


def _scoring(rank: int, prompt: list[int], candidates: list[list[int]], slots: Slots) -> Scoring:
    """With as many candidates side by side as half of the memory has room for beside the prompt."""
    for copies in range(slots.copies, 1, -1):
        work = Scoring(rank, prompt, candidates, copies)
        if work.cells <= max(slots.cells // 2, len(prompt)):
            return work
    return Scoring(rank, prompt, candidates, 1)
