"""The two sides of a comparison, asked in the same way: each through its own socket.

The clock starts when the request is written on an open connection, and stops when its words arrive.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from answers import Answer
from prompts import Prompt

from ingle.client import AsyncIngle
from ingle.vocabulary import Priority


class Side(Protocol):
    """Somebody who can be asked, by several at a time."""

    @property
    def name(self) -> str: ...

    async def ask(self, prompt: Prompt, max_tokens: int, priority: Priority = "interactive") -> Answer:
        """Generate greedily. Cancelling takes the request back."""


@dataclass(frozen=True)
class Daemon:
    """Ours, over its Unix socket."""

    socket: Path
    name: str = "ingle"

    async def ask(self, prompt: Prompt, max_tokens: int, priority: Priority = "interactive") -> Answer:
        async with AsyncIngle(self.socket) as ingle:
            clock = Clock()
            stream = ingle.stream(
                "assistant.generate",
                messages=messages(prompt.turns()),
                max_tokens=max_tokens,
                temperature=0.0,
                priority=priority,
            )
            async for _ in stream:
                clock.heard()
            usage = (await stream.result())["usage"]
        return clock.answer(usage["input_tokens"], usage["cached_tokens"], usage["output_tokens"])


def messages(turns: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """A conversation as `assistant.generate` takes it."""
    return [{"role": role, "content": content} for role, content in turns]


class Clock:
    """From the sending of a request to its end."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._first: float | None = None

    def heard(self) -> None:
        """Some text has arrived."""
        self._first = self._first or time.perf_counter()

    def answer(self, input_tokens: int, cached_tokens: int, output_tokens: int) -> Answer:
        """The request has ended now."""
        end = time.perf_counter()
        return Answer(
            (self._first or end) - self._began,
            end - self._began,
            input_tokens,
            cached_tokens,
            output_tokens,
        )
