"""The proactive half of the assistant: what was copied or dropped is summarised, unasked.

It only ever reads and tells (rule 7: no side effect follows from model output). One item at a
time, in order; a burst keeps the newest. A pause stops the work in hand and takes it up again.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from ingle.config import ContextConfig
from ingle.context.items import Item
from ingle.context.results import KeptResult, Publish
from ingle.errors import IngleError
from ingle.wire.calls.assistant import SkillResult, SkillRunParams

QUEUE = 32
"""Waiting items; when a person copies faster than the model reads, the oldest are passed over."""


class Summarizer(Protocol):
    """The part of `Assistant` that is needed here."""

    async def run_skill(self, params: SkillRunParams, delta: Callable[[str], None]) -> SkillResult:
        """Run a skill on a text."""


class Keeper(Protocol):
    """The part of `Results` that is needed here."""

    def keep(self, result: KeptResult) -> str:
        """Remember a result; gives its id."""


class Digest:
    """Summaries of accepted items: kept, and told as `skill` events `summary.ready` or `.failed`."""

    def __init__(
        self, summarizer: Summarizer, results: Keeper, publish: Publish, config: ContextConfig
    ) -> None:
        self._summarizer, self._results, self._publish = summarizer, results, publish
        self.config = config
        self._waiting: deque[Item] = deque()
        self._asked: set[str] = set()
        self._wake = asyncio.Event()
        self._is_paused = False
        self._current: tuple[Item, asyncio.Task[None]] | None = None

    def wants(self, item: Item) -> bool:
        """Whether a summary of `item` says anything that `item` does not."""
        return (
            item.kind in self.config.summarize_kinds
            and len(item.text) >= self.config.summarize_min_chars
        )

    def add(self, item: Item, *, is_asked: bool = False) -> None:
        """Summarise `item` when its turn comes; what a person asked for is next."""
        if len(self._waiting) >= QUEUE:
            self._tell_failed(self._waiting.popleft(), "too many texts at once")
        if is_asked:
            self._asked.add(item.id)
            self._waiting.appendleft(item)
        else:
            self._waiting.append(item)
        self._wake.set()

    def pause(self, reason: str = "") -> None:
        """Stop at once; the item in hand goes back to the head of the queue. What a person asked for
        goes on."""
        was_paused, self._is_paused = self._is_paused, True
        if self._current is not None and not was_paused and self._current[0].id not in self._asked:
            item, task = self._current
            self._waiting.appendleft(item)
            task.cancel()

    def resume(self) -> None:
        self._is_paused = False
        self._wake.set()

    def forget(self, ids: set[str]) -> None:
        """Drop items that the person wants forgotten, the one in hand included."""
        self._waiting = deque(item for item in self._waiting if item.id not in ids)
        if self._current is not None and self._current[0].id in ids:
            self._current[1].cancel()

    async def run(self) -> None:
        """Lives as long as the daemon."""
        while True:
            while (item := self._next()) is not None:
                await self._take(item)
                self._asked.discard(item.id)
            self._wake.clear()
            await self._wake.wait()

    def _next(self) -> Item | None:
        """Taken out of the queue; while paused only what a person asked for."""
        for item in self._waiting:
            if not self._is_paused or item.id in self._asked:
                self._waiting.remove(item)
                return item
        return None

    async def _take(self, item: Item) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._summarize(item))
            self._current = (item, task)
        self._current = None

    async def _summarize(self, item: Item) -> None:
        def tell_delta(text: str) -> None:
            self._publish("skill", "summary.delta", {"item": item.id, "text": text})

        params = SkillRunParams(skill="summarize", text=item.text, priority="normal")
        try:
            result = await self._summarizer.run_skill(params, tell_delta)
        except IngleError as error:
            self._tell_failed(item, error.message)
            return
        item.summary = result.text
        title = result.title or item.title
        kept = KeptResult("summary", title, result.text, item.origin, frozenset({item.id}))
        told = _told(item, result) | {"result": self._results.keep(kept)}
        self._publish("skill", "summary.ready", told)

    def _tell_failed(self, item: Item, reason: str) -> None:
        data = {"origin": item.origin, "title": item.title, "item": item.id, "reason": reason}
        self._publish("skill", "summary.failed", data | {"asked": item.id in self._asked})


def _told(item: Item, result: SkillResult) -> dict[str, Any]:
    """`summary.ready` as the blueprint has it, with what a person may ask next."""
    return {
        "origin": item.origin,
        "kind": item.kind,
        "title": result.title or item.title,
        "text": result.text,
        "coverage": result.coverage,
        "item": item.id,
        "strategy": result.strategy,
        "model": result.model,
        "usage": result.usage,
        "timing": result.timing,
    }
