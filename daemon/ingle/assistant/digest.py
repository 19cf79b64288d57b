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
from ingle.errors import IngleError
from ingle.vocabulary import Topic
from ingle.wire.calls.assistant import SkillResult, SkillRunParams

Publish = Callable[[Topic, str, dict[str, Any]], None]

QUEUE = 32
"""Waiting items; when a person copies faster than the model reads, the oldest are passed over."""


class Summarizer(Protocol):
    """The part of `Assistant` that is needed here."""

    async def run_skill(self, params: SkillRunParams, delta: Callable[[str], None]) -> SkillResult:
        """Run a skill on a text."""


class Digest:
    """Summaries of accepted items, told as `skill` events `summary.ready` or `summary.failed`."""

    def __init__(self, summarizer: Summarizer, publish: Publish, config: ContextConfig) -> None:
        self._summarizer, self._publish = summarizer, publish
        self.config = config
        self._waiting: deque[Item] = deque()
        self._wake = asyncio.Event()
        self._is_paused = False
        self._current: tuple[Item, asyncio.Task[None]] | None = None

    def wants(self, item: Item) -> bool:
        """Whether a summary of `item` says anything that `item` does not."""
        return (
            item.kind in self.config.summarize_kinds
            and len(item.text) >= self.config.summarize_min_chars
        )

    def add(self, item: Item) -> None:
        """Summarise `item` when its turn comes."""
        self._waiting.append(item)
        if len(self._waiting) > QUEUE:
            self._tell_failed(self._waiting.popleft(), "too many texts at once")
        self._wake.set()

    def pause(self) -> None:
        """Stop at once; the item in hand goes back to the head of the queue."""
        self._is_paused = True
        if self._current is not None:
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
            while self._waiting and not self._is_paused:
                await self._take(self._waiting.popleft())
            self._wake.clear()
            await self._wake.wait()

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
        self._publish("skill", "summary.ready", _told(item, result))

    def _tell_failed(self, item: Item, reason: str) -> None:
        data = {"origin": item.origin, "title": item.title, "item": item.id, "reason": reason}
        self._publish("skill", "summary.failed", data)


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
