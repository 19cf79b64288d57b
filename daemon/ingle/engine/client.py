"""The engine as the rest of the daemon uses it: typed calls with a place in the queue and a deadline.

It knows neither processes nor states: `supervisor` has the child, `admission` counts. Whoever
cancels a call here takes its sequence out of the batch at the next step.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from ingle.engine import protocol
from ingle.engine.admission import Admission
from ingle.engine.supervisor import Supervisor
from ingle.errors import DeadlineExceeded, Paused
from ingle.models.library import InstalledModel
from ingle.vocabulary import Priority, Span
from ingle.wire.calls.daemon import QueueStatus

Delta = Callable[[str], None]


class EngineClient:
    """What a request may ask of the resident model.

    Every call raises the engine's errors: `InvalidParams`, `ContextTooLong`, `EngineUnavailable`,
    `Paused`, `Busy`.
    """

    def __init__(
        self, supervisor: Supervisor, admission: Admission, model: InstalledModel | None = None
    ) -> None:
        self._supervisor, self._admission, self._held = supervisor, admission, model

    def held(self) -> "EngineClient":
        """The same, held to the model that would answer now: prompts that were made for one are
        not given to another that takes over meanwhile."""
        return EngineClient(self._supervisor, self._admission, self._supervisor.answering)

    @property
    def model(self) -> InstalledModel | None:
        """The resident model, or the one that is chosen; also while it loads."""
        return self._held or self._supervisor.model

    @property
    def n_ctx(self) -> int:
        """Tokens of the longest prompt with its answer; 0 until the model was loaded once."""
        return self._supervisor.n_ctx(self.model)

    def queue(self) -> QueueStatus:
        return self._admission.queue()

    async def generate(
        self,
        params: protocol.GenerateParams,
        on_delta: Delta | None = None,
        deadline_ms: int | None = None,
    ) -> protocol.GenerateResult:
        """Continue a prompt; `on_delta` hears the pieces of `text` when `params.stream` is set.

        Raises `DeadlineExceeded` too.
        """
        result = await self._call("generate", params, params.priority, on_delta, deadline_ms)
        assert isinstance(result, protocol.GenerateResult)
        return result

    async def score(
        self, params: protocol.ScoreParams, deadline_ms: int | None = None
    ) -> protocol.ScoreResult:
        """How likely each candidate is after one prompt."""
        result = await self._call("score", params, params.priority, None, deadline_ms)
        assert isinstance(result, protocol.ScoreResult)
        return result

    async def surprise(
        self, params: protocol.SurpriseParams, deadline_ms: int | None = None
    ) -> protocol.SurpriseResult:
        """How likely the model found each token of a text."""
        result = await self._call("surprise", params, params.priority, None, deadline_ms)
        assert isinstance(result, protocol.SurpriseResult)
        return result

    async def embed(
        self, params: protocol.EmbedParams, deadline_ms: int | None = None
    ) -> protocol.EmbedResult:
        """Vectors of texts, made by an embedder beside the resident model."""
        result = await self._call("embed", params, params.priority, None, deadline_ms)
        assert isinstance(result, protocol.EmbedResult)
        return result

    async def tokenize(self, text: str) -> list[int]:
        """The tokens of a text as data: what looks like a special token is not one."""
        return await self._tokens(protocol.TokenizeParams(text=text))

    async def tokenize_spans(self, spans: Sequence[Span]) -> list[int]:
        """The tokens of a whole prompt, with the begin token where the model wants one."""
        return await self._tokens(protocol.TokenizeParams(spans=list(spans)))

    async def _tokens(self, params: protocol.TokenizeParams) -> list[int]:
        result = await self._supervisor.call("tokenize", params, model=self._held)
        assert isinstance(result, protocol.TokenizeResult)
        return result.tokens

    async def _call(
        self,
        method: str,
        params: Any,
        priority: Priority,
        on_delta: Delta | None,
        deadline_ms: int | None,
    ) -> Any:
        """One scope ends the call early, whether time ran out or background work was paused."""
        seconds = None if deadline_ms is None else deadline_ms / 1000
        scope = asyncio.timeout(seconds)
        was_paused = False

        def pause() -> None:
            nonlocal was_paused
            was_paused = True
            if not scope.expired():
                scope.reschedule(asyncio.get_running_loop().time())

        try:
            async with scope:
                with self._admission.enter(priority, pause):
                    return await self._supervisor.call(method, params, on_delta, self._held)
        except TimeoutError:
            if was_paused:
                raise Paused("background work was paused") from None
            raise DeadlineExceeded(f"not finished within {deadline_ms} ms") from None
