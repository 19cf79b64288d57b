"""From the parameters of a generation to its work, and back to a result.

Grammars are compiled and prompts are indexed for drafts on a thread of its own: neither may keep
other requests' texts from being tokenised.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ingle.engine.child import limits
from ingle.engine.child.alone import Alone
from ingle.engine.child.drafting import Account, Drafting
from ingle.engine.child.engine import Engine
from ingle.engine.child.likelihood import Recording, told
from ingle.engine.child.loading import Opened
from ingle.engine.child.sampling import Choice, Sampler
from ingle.engine.child.scheduler import RANKS
from ingle.engine.child.seating import Ticket
from ingle.engine.child.text import TextStream
from ingle.engine.child.tokenizing import Tokenizing
from ingle.engine.child.work.base import Adapted
from ingle.engine.child.work.generation import Generation
from ingle.engine.protocol import GenerateParams, GenerateResult
from ingle.errors import InvalidParams
from ingle.rpc.dispatcher import Call

if TYPE_CHECKING:
    from ingle.engine.child.constraint import Constraint, Constraints

T = TypeVar("T")

FRAME_S = 0.025
"""Between pieces of a streamed text: a message for every token goes through three processes, which
on two cores takes a tenth of the speed, and nobody reads 130 of them a second."""


class Writing:
    """Generates for one loaded model."""

    def __init__(self, opened: Opened, engine: Engine, tokenizing: Tokenizing) -> None:
        self._opened, self._engine, self._tokenizing = opened, engine, tokenizing
        self._vocabulary = opened.context.vocabulary
        self._alone = Alone(opened.context)
        self._drafts = Account()
        self._thread = ThreadPoolExecutor(1, "prepare")

    async def write(self, params: GenerateParams, adapter: Adapted | None, call: Call) -> GenerateResult:
        """Raises `InvalidParams`, `ContextTooLong` and the engine's errors."""
        _check(params)
        prompt = await self._tokenizing.prompt(params.spans)
        sampler = await self._sampler(params)
        recording = None if params.logprobs is None else Recording(sampler, params.logprobs)
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        work = Generation(
            RANKS[params.priority],
            prompt,
            limits.clamped(params.max_tokens, prompt, self._opened.limit),
            recording or sampler,
            TextStream(params.stop),
            self._vocabulary.piece,
            self._vocabulary.is_end,
            pieces.put_nowait,
            await self._drafting(params, prompt),
        )
        work.adapter = adapter
        work.recurring = await self._tokenizing.recurring(prompt, params.spans, params.prefix_spans)
        async with self._in_its_context(work, params.exact):
            with self._engine.enter(work) as ticket:
                await _pass_on(ticket, pieces, call if params.stream else None)
        if sampler.error is not None:
            raise sampler.error
        assert work.finish_reason
        return GenerateResult(
            text=work.text,
            finish_reason=work.finish_reason,
            usage=ticket.usage(len(prompt), len(work.output)),
            timing=ticket.timing,
            logprobs=told(recording.choices, work.text, self._vocabulary.piece) if recording else None,
        )

    @asynccontextmanager
    async def _in_its_context(self, work: Generation, exact: bool) -> AsyncIterator[None]:
        """The context that all share, or one of its own; `work` closes that."""
        if not exact:
            yield
            return
        async with self._alone.lease(work.cells) as context:
            work.context, work.may_share = context, False
            yield

    async def _drafting(self, params: GenerateParams, prompt: list[int]) -> Drafting | None:
        """A model with a state in place of a cache cannot take back a wrong guess."""
        if not params.draft or params.exact or self._opened.context.model.is_recurrent:
            return None
        return await self._prepared(Drafting, prompt, self._opened.pace, self._drafts)

    async def _sampler(self, params: GenerateParams) -> Sampler:
        """A grammar is compiled anew for each request: that takes a millisecond."""
        choice, constraint = _choice(params), None
        if params.schema is not None:
            constraint = await self._prepared(self._of_schema, params.schema)
        elif params.grammar is not None:
            constraint = await self._prepared(self._of_grammar, params.grammar)
        return Sampler(choice, self._vocabulary.size, constraint)

    @cached_property
    def _constraints(self) -> "Constraints":
        """Imported when first asked for: a fifth of what a child takes to start."""
        from ingle.engine.child.constraint import Constraints  # noqa: PLC0415

        return Constraints(self._vocabulary)

    def _of_schema(self, schema: dict[str, Any]) -> "Constraint":
        return self._constraints.of_schema(schema)

    def _of_grammar(self, grammar: str) -> "Constraint":
        return self._constraints.of_grammar(grammar)

    async def _prepared(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)


def _check(params: GenerateParams) -> None:
    limits.check_stops(params.stop)
    limits.check_logprobs(params.logprobs)
    _choice(params).check()
    if params.grammar is not None and params.schema is not None:
        raise InvalidParams("`grammar` or `schema`, not both")


def _choice(params: GenerateParams) -> Choice:
    return Choice(
        params.temperature,
        params.top_p,
        params.top_k,
        params.min_p,
        params.repeat_penalty,
        params.seed,
    )


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
