"""One request on its way: what it asks of the engine, and what that cost in all.

A skill may take many engine calls; usage and timing are of the whole request, as a person waited
for it. Prompts are built here, so that a text is always in a span of its own, as data.
"""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec

from ingle.engine import protocol
from ingle.errors import EngineUnavailable
from ingle.models.families import lead_of, stops_of
from ingle.models.library import InstalledModel
from ingle.models.templates import Turn as Said
from ingle.models.templates import render
from ingle.vocabulary import Coverage, FinishReason, Priority, Span, Timing, Usage

T = TypeVar("T")
Delta = Callable[[str], None]
Covers = Callable[[Coverage], None]
"""Told how much of a text is read, before the first piece of what is made of it."""

DATA = "\ufdd0"
"""Where the text goes in a prompt: a noncharacter, which Unicode keeps out of any text."""
GIVEN = "\ufdd1"
"""Stands before what a person gave in a prompt of ours, as an argument of a skill. What stands before
the first of both marks is ours alone, and comes again with every other text."""


class Engine(Protocol):
    """What the assistant needs of `engine.client.EngineClient`."""

    @property
    def model(self) -> InstalledModel | None:
        """The resident model, or the one that is chosen; also while it loads."""

    @property
    def n_ctx(self) -> int:
        """Tokens of the longest prompt with its answer; known once the model is loaded."""

    def held(self) -> "Engine":
        """The same, held to the model that would answer now."""

    async def generate(
        self,
        params: protocol.GenerateParams,
        on_delta: Delta | None = None,
        deadline_ms: int | None = None,
    ) -> protocol.GenerateResult: ...

    async def score(self, params: protocol.ScoreParams) -> protocol.ScoreResult: ...

    async def tokenize(self, text: str) -> list[int]: ...


@dataclass(frozen=True)
class Prompt:
    """The first `recurring` of its spans are ours and come again with other texts behind them."""

    spans: list[Span]
    recurring: int = 0


@dataclass(frozen=True)
class Written:
    """A generated text as the model wrote it."""

    text: str
    finish_reason: FinishReason


@dataclass
class Turn:
    """The engine as one request sees it."""

    engine: Engine
    model: InstalledModel
    priority: Priority
    adapter: protocol.AdapterRef | None = None
    covers: Covers = lambda _: None
    usage: Usage = field(default_factory=Usage, init=False)
    _engine_time: list[Timing] = field(default_factory=list, init=False)
    _started: float = field(default_factory=time.monotonic, init=False)
    _first_text: float | None = field(default=None, init=False)

    @property
    def timing(self) -> Timing:
        """Of the whole request. Calls that ran side by side took no longer than it did."""
        now = time.monotonic()
        calls, total_ms = self._engine_time, (now - self._started) * 1000
        return Timing(
            queue_ms=calls[0].queue_ms if calls else 0.0,
            prefill_ms=min(sum(one.prefill_ms for one in calls), total_ms),
            decode_ms=min(sum(one.decode_ms for one in calls), total_ms),
            ttft_ms=((self._first_text or now) - self._started) * 1000,
            total_ms=total_ms,
        )

    def saw_text(self) -> None:
        """The first piece of the answer went out."""
        self._first_text = self._first_text or time.monotonic()

    async def count(self, text: str) -> int:
        """Tokens of `text`; waits for the model to be loaded."""
        return len(await self.engine.tokenize(text))

    def prompt(self, said: Sequence[Said], text: str = "") -> Prompt:
        """A conversation in the model's own template; `DATA` in it stands for `text`."""
        return with_data(render(self.model.family, said), text)

    async def score(self, prompt: Prompt, candidates: Sequence[str]) -> list[protocol.CandidateScore]:
        """How likely each candidate is as the answer to the prompt."""
        if not candidates:
            return []
        lead = lead_of(self.model.family)
        params = protocol.ScoreParams(
            spans=prompt.spans,
            prefix_spans=prompt.recurring,
            candidates=[lead + candidate for candidate in candidates],
            priority=self.priority,
            adapter=self.adapter,
        )
        result = await self.engine.score(params)
        self._add(result.usage, result.timing)
        return result.scores

    async def write(
        self, params: protocol.GenerateParams, on_text: Callable[[str], bool] | None = None
    ) -> Written:
        """Generate; `on_text` hears each piece and gives False when it has heard enough.

        The family's own stop strings are added. What was generated when it was enough counts.
        """
        stops = [
            *params.stop,
            *(stop for stop in stops_of(self.model.family) if stop not in params.stop),
        ]
        heard: list[str] = []

        def hear(piece: str) -> None:
            heard.append(piece)
            if on_text is not None and not on_text(piece):
                scope.reschedule(asyncio.get_running_loop().time())

        try:
            async with asyncio.timeout(None) as scope:
                result = await self.engine.generate(self._completed(params, stops), hear)
        except TimeoutError:
            if not scope.expired():
                raise
            return await self._cut_short("".join(heard), params)
        self._add(result.usage, result.timing)
        return Written(result.text, result.finish_reason)

    def _completed(self, params: protocol.GenerateParams, stops: list[str]) -> protocol.GenerateParams:
        return msgspec.structs.replace(
            params, stop=stops[:64], priority=self.priority, adapter=self.adapter, stream=True
        )

    async def _cut_short(self, text: str, params: protocol.GenerateParams) -> Written:
        """The engine gives no figures for what was cancelled; the texts do."""
        read = await self.count("".join(span.text for span in params.spans))
        wrote = await self.count(text)
        usage = Usage(input_tokens=read, used_tokens=read, output_tokens=wrote)
        self._add(usage, Timing())
        return Written(text, "stop")

    def _add(self, usage: Usage, timing: Timing) -> None:
        self.usage = self.usage + usage
        self._engine_time.append(timing)


def begin(
    engine: Engine,
    priority: Priority,
    adapter: protocol.AdapterRef | None = None,
    covers: Covers = lambda _: None,
) -> Turn:
    """Raises `EngineUnavailable` where there is no model at all."""
    engine = engine.held()
    if engine.model is None:
        raise EngineUnavailable("there is no model", "`ingle model pull smollm2-135m-instruct` gets one")
    return Turn(engine, engine.model, priority, adapter, covers)


def with_data(spans: Sequence[Span], text: str) -> Prompt:
    """Put `text` where `DATA` stands, in a span of its own that is never parsed for special tokens.

    Without a mark nothing is known to be ours.
    """
    found: list[Span] = []
    recurring: int | None = None
    for span in spans:
        for piece in _MARKS.split(span.text):
            if recurring is None and piece in (DATA, GIVEN):
                recurring = len(found)
            if piece == DATA:
                found += [Span(text)] if text else []
            elif piece and piece != GIVEN:
                found.append(Span(piece, span.special))
    return Prompt(found, recurring or 0)


_MARKS = re.compile(f"([{DATA}{GIVEN}])")


async def together(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of calls that run side by side; the first error ends them all and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
