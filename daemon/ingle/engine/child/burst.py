"""Steps of the same texts, one after the other, on the decoding thread.

What follows a single row of a text is known as soon as its token is chosen. So the next step need
not wait until the event loop has passed that token on, which takes a tenth of a small model's step:
the loop follows one step behind, and says when to stop.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace

from ingle.engine.child import step
from ingle.engine.child.llama.context import Context
from ingle.engine.child.work.base import Feed, Value

Done = tuple[Sequence[Feed], step.Outcome]


class Burst:
    """Goes on until `stop`, the end of a text, or a step that did not go well."""

    def __init__(self, context: Context, feeds: Sequence[Feed], threads: int, most: int) -> None:
        """`most` steps; 1 where it takes more than the last choice to know what follows."""
        self._context, self._feeds, self._threads = context, feeds, threads
        self._left = most

    def stop(self) -> None:
        """The step in flight is the last one; from any thread."""
        self._left = 0

    async def steps(self, executor: Executor) -> AsyncIterator[Done]:
        """What was fed and what came of it, while the next step is on its way."""
        loop = asyncio.get_running_loop()
        done: asyncio.Queue[Done | None] = asyncio.Queue()

        def tell(what: Done | None) -> None:
            loop.call_soon_threadsafe(done.put_nowait, what)

        def run() -> None:
            try:
                feeds: Sequence[Feed] = self._feeds
                while feeds:
                    self._left -= 1
                    outcome = step.run(self._context, feeds, self._threads)
                    tell((feeds, outcome))
                    feeds = self._following(feeds, outcome)
            finally:
                tell(None)

        ran = loop.run_in_executor(executor, run)
        try:
            while (one := await done.get()) is not None:
                yield one
        finally:
            self.stop()
        await ran

    def _following(self, feeds: Sequence[Feed], outcome: step.Outcome) -> Sequence[Feed]:
        """The feeds after these; none at the end."""
        if self._left <= 0 or outcome.code:
            return []
        tokens = [self._going_on(values) for values in outcome.values]
        return [
            replace(feed, start=feed.start + len(feed.tokens), tokens=[token], copy_of=None)
            for feed, token in zip(feeds, tokens, strict=True)
            if token is not None and None not in tokens
        ]

    def _going_on(self, values: Sequence[Value]) -> int | None:
        """The token that the text goes on with, unless it has ended."""
        (token,) = values
        return token if isinstance(token, int) and not self._context.vocabulary.is_end(token) else None
