"""The operations of `engine.protocol`: from parameters to work in the engine and back to results.

Whatever a client can send is checked here, so that nothing of it makes llama.cpp abort.
Tokenising has a thread of its own: it only reads the vocabulary, and a request that arrives must
not wait for the step in flight to learn how long it is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ingle.engine.child import devices, limits
from ingle.engine.child.adapters import Adapters
from ingle.engine.child.alone import Alone
from ingle.engine.child.arrivals import Arrivals
from ingle.engine.child.constraint import Constraints
from ingle.engine.child.drafting import Account, Drafting
from ingle.engine.child.engine import Engine
from ingle.engine.child.likelihood import Recording, told
from ingle.engine.child.llama.vocabulary import Vocabulary
from ingle.engine.child.loading import Opened, open_model, rss
from ingle.engine.child.prefix import common
from ingle.engine.child.sampling import Choice, Sampler
from ingle.engine.child.scheduler import RANKS
from ingle.engine.child.seating import Ticket
from ingle.engine.child.slots import Slots
from ingle.engine.child.text import TextStream, character_ends
from ingle.engine.child.work.base import Adapted
from ingle.engine.child.work.generation import Generation
from ingle.engine.child.work.reading import Reading
from ingle.engine.child.work.scoring import Scoring
from ingle.engine.protocol import (
    CandidateScore,
    ChildStatus,
    DevicesParams,
    DevicesResult,
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
from ingle.vocabulary import Span, Timing, Usage
from ingle.wire.calls.base import NoParams

T = TypeVar("T")

FRAME_S = 0.025
"""Between pieces of a streamed text: a message for every token goes through three processes, which
on two cores takes a tenth of the speed, and nobody reads 130 of them a second."""

WINDOW = 1024
"""Tokens of a text that are read at a time: the attention's cost grows with it, and one of 4,096
is read at 150 tokens a second where this one is read at 350."""


@dataclass(frozen=True)
class Loaded:
    """What exists once a model is loaded."""

    opened: Opened
    engine: Engine
    constraints: Constraints
    alone: Alone
    adapters: Adapters

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
        self._tokenizing = ThreadPoolExecutor(1, "tokenize")
        self.arrivals = Arrivals()
        self._loaded: Loaded | None = None
        self._is_taken = False
        self._drafts = Account()
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
        engine = Engine(
            opened.context, opened.slots, opened.budget, opened.pace, self._decoding, self.arrivals
        )
        adapters = Adapters(opened.context, Path(params.path), engine.free)
        constraints = Constraints(opened.context.vocabulary)
        self._loaded = Loaded(opened, engine, constraints, Alone(opened.context), adapters)
        self._ready.set()
        return opened.result

    # ---- the work

    async def generate(self, params: GenerateParams, call: Call) -> GenerateResult:
        async with self._model.adapters.lease(params.adapter) as adapter:
            return await self._generated(params, adapter, call)

    async def _generated(
        self, params: GenerateParams, adapter: Adapted | None, call: Call
    ) -> GenerateResult:
        model, vocabulary = self._model, self._model.vocabulary
        limits.check_stops(params.stop)
        limits.check_logprobs(params.logprobs)
        prompt = await self._prompt(params.spans)
        sampler = await self._sampler(params)
        recording = None if params.logprobs is None else Recording(sampler, params.logprobs)
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        work = Generation(
            RANKS[params.priority],
            prompt,
            limits.clamped(params.max_tokens, prompt, model.limit),
            recording or sampler,
            TextStream(params.stop),
            vocabulary.piece,
            vocabulary.is_end,
            pieces.put_nowait,
            await self._drafting(params, prompt),
        )
        work.adapter = adapter
        work.recurring = await self._recurring(prompt, params.spans, params.prefix_spans)
        async with self._in_its_context(work, params.exact):
            with model.engine.enter(work) as ticket:
                await _pass_on(ticket, pieces, call if params.stream else None)
        if sampler.error is not None:
            raise sampler.error
        assert work.finish_reason
        return GenerateResult(
            text=work.text,
            finish_reason=work.finish_reason,
            usage=_usage(ticket, len(prompt), len(work.output)),
            timing=_timing(ticket),
            logprobs=told(recording.choices, work.text, vocabulary.piece) if recording else None,
        )

    @asynccontextmanager
    async def _in_its_context(self, work: Generation, exact: bool) -> AsyncIterator[None]:
        """The context that all share, or one of its own; `work` closes that."""
        if not exact:
            yield
            return
        async with self._model.alone.lease(work.cells) as context:
            work.context, work.may_share = context, False
            yield

    async def _drafting(self, params: GenerateParams, prompt: list[int]) -> Drafting | None:
        """A model with a state in place of a cache cannot take back a wrong guess."""
        opened = self._model.opened
        if not params.draft or params.exact or opened.context.model.is_recurrent:
            return None
        return await self._off_loop(Drafting, prompt, opened.pace, self._drafts)

    async def _sampler(self, params: GenerateParams) -> Sampler:
        choice = Choice(
            params.temperature,
            params.top_p,
            params.top_k,
            params.min_p,
            params.repeat_penalty,
            params.seed,
        )
        choice.check()
        if params.grammar is not None and params.schema is not None:
            raise InvalidParams("`grammar` or `schema`, not both")
        return await self._off_loop(self._make_sampler, params, choice)

    def _make_sampler(self, params: GenerateParams, choice: Choice) -> Sampler:
        constraint, constraints = None, self._model.constraints
        if params.schema is not None:
            constraint = constraints.of_schema(params.schema)
        elif params.grammar is not None:
            constraint = constraints.of_grammar(params.grammar)
        return Sampler(choice, self._model.vocabulary.size, constraint)

    async def score(self, params: ScoreParams, call: Call) -> ScoreResult:
        async with self._model.adapters.lease(params.adapter) as adapter:
            return await self._scored(params, adapter)

    async def _scored(self, params: ScoreParams, adapter: Adapted | None) -> ScoreResult:
        model = self._model
        limits.check_candidates(params.candidates)
        prompt = await self._prompt(params.spans)
        candidates = await self._off_loop(self._continuations, prompt, params.candidates)
        if not all(candidates):
            raise InvalidParams("an empty candidate has no likelihood")
        limits.check_fits(len(prompt) + max(map(len, candidates)), model.limit)
        work = _scoring(RANKS[params.priority], prompt, candidates, model.opened.slots)
        work.adapter = adapter
        work.recurring = await self._recurring(prompt, params.spans, params.prefix_spans)
        with model.engine.enter(work) as ticket:
            await ticket.finished
        scores = [
            CandidateScore(logprob=total, tokens=len(tokens))
            for total, tokens in zip(work.sums, candidates, strict=True)
        ]
        read = len(prompt) + sum(map(len, candidates))
        return ScoreResult(scores=scores, usage=_usage(ticket, read), timing=_timing(ticket))

    async def surprise(self, params: SurpriseParams, call: Call) -> SurpriseResult:
        model = self._model
        vocabulary = model.vocabulary
        limits.check_length(len(params.text))
        before = await self._prompt(params.spans) if params.spans else vocabulary.opening()
        tokens = await self._off_loop(vocabulary.continuation, before, params.text)
        window = min(model.limit, WINDOW)
        if len(before) > window // 2:
            raise ContextTooLong(f"{len(before)} tokens before the text; at most {window // 2} may be")
        if not tokens:
            return SurpriseResult(ends=[], logprobs=[], usage=Usage(), timing=Timing())
        work = Reading(RANKS[params.priority], before, tokens, window)
        with model.engine.enter(work) as ticket:
            await ticket.finished
        pieces = await self._off_loop(self._pieces, tokens)
        return SurpriseResult(
            ends=character_ends(params.text, pieces),
            logprobs=work.logprobs,
            usage=Usage(input_tokens=len(tokens), used_tokens=len(tokens)),
            timing=_timing(ticket),
        )

    async def tokenize(self, params: TokenizeParams, call: Call) -> TokenizeResult:
        if params.spans is None:
            return TokenizeResult(tokens=await self._tokens(params.text))
        limits.check_length(sum(len(span.text) for span in params.spans))
        tokens = await self._off_loop(self._model.vocabulary.prompt, params.spans)
        return TokenizeResult(tokens=tokens)

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

    # ---- tokens

    async def _prompt(self, spans: Sequence[Span]) -> list[int]:
        """Raises `ContextTooLong` for what cannot be followed by even one token."""
        limit = self._model.limit
        limits.check_prompt(sum(len(span.text) for span in spans), limit)
        tokens = await self._off_loop(self._model.vocabulary.prompt, spans)
        if not tokens:
            raise InvalidParams("the prompt is empty")
        limits.check_fits(len(tokens) + 1, limit)
        return tokens

    async def _recurring(self, prompt: Sequence[int], spans: Sequence[Span], count: int) -> int:
        """How many tokens at the beginning of a prompt its first `count` spans give without others."""
        if count < 1:
            return 0
        return common(prompt, await self._off_loop(self._model.vocabulary.prompt, spans[:count]))

    async def _tokens(self, text: str) -> list[int]:
        limits.check_length(len(text))
        return await self._off_loop(self._model.vocabulary.tokenize, text)

    def _continuations(self, prompt: Sequence[int], texts: Sequence[str]) -> list[list[int]]:
        return [self._model.vocabulary.continuation(prompt, text) for text in texts]

    def _pieces(self, tokens: Sequence[int]) -> list[bytes]:
        return [self._model.vocabulary.piece(token, special=True) for token in tokens]

    async def _off_loop(self, function: Callable[..., T], *args: Any) -> T:
        with self.arrivals.preparing():
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._tokenizing, function, *args)


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


async def _pass_on(ticket: Ticket, pieces: "asyncio.Queue[str | None]", call: Call | None) -> None:
    """Stream the text until the work is finished: the first piece at once, then as a film runs; a
    slow reader gets larger pieces."""
    if call is not None:
        ticket.finished.add_done_callback(lambda _: pieces.put_nowait(None))
        while (text := await pieces.get()) is not None:
            while not pieces.empty() and (more := pieces.get_nowait()) is not None:
                text += more
            await call.delta(text)
            if ticket.finished.done() and pieces.empty():
                break
            await asyncio.wait([ticket.finished], timeout=FRAME_S)
    await ticket.finished


def _scoring(rank: int, prompt: list[int], candidates: list[list[int]], slots: Slots) -> Scoring:
    """With as many candidates side by side as half of the memory has room for beside the prompt."""
    for copies in range(slots.copies, 1, -1):
        work = Scoring(rank, prompt, candidates, copies)
        if work.cells <= max(slots.cells // 2, len(prompt)):
            return work
    return Scoring(rank, prompt, candidates, 1)


def _usage(ticket: Ticket, read: int, written: int = 0) -> Usage:
    return Usage(
        input_tokens=read,
        used_tokens=read,
        cached_tokens=min(ticket.cached, read),
        output_tokens=written,
    )


def _timing(ticket: Ticket) -> Timing:
    started = ticket.started or ticket.arrived
    first = ticket.first_result or started
    ended = ticket.ended or first
    return Timing(
        queue_ms=(started - ticket.arrived) * 1000,
        prefill_ms=(first - started) * 1000,
        ttft_ms=(first - ticket.arrived) * 1000,
        decode_ms=(ended - first) * 1000,
        total_ms=(ended - ticket.arrived) * 1000,
    )
