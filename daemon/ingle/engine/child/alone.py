"""A context in which one request is computed alone, so that it is the same again, bit for bit.

What shares a batch with a row changes how its numbers are rounded, and so does where in the cache
its neighbours' cells lie: with SmolLM2-135M logits move by up to 1.0, and a near-tie falls the other
way. In a context of its own a request has neither company, and its rows come in the same portions
however often it is interrupted. It costs its own cache and some 10 MB while it runs.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from ingle.engine.child.llama.context import Context

PORTION = 64
"""Rows of a prompt that are read together."""

AT_ONCE = 2
"""Such requests; more of them wait, because each takes memory."""

_CELLS = 256
"""llama.cpp rounds the length of a context up to a multiple."""


class Alone:
    """Lends contexts like `shared`, for one sequence each."""

    def __init__(self, shared: Context) -> None:
        self._shared = shared
        self._places = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def lease(self, cells: int) -> AsyncIterator[Context]:
        """A context for so many tokens. Whoever gets it closes it, when no step uses it any more.

        Raises `NotEnoughMemory`.
        """
        async with self._places:
            yield await self._made(cells)

    async def _made(self, cells: int) -> Context:
        making = asyncio.get_running_loop().run_in_executor(None, self._make, cells)
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(_discard)
            raise

    def _make(self, cells: int) -> Context:
        n_ctx = -(-cells // _CELLS) * _CELLS
        shape = replace(self._shared.shape, n_ctx=n_ctx, n_batch=PORTION, n_seq=1, n_outputs=1)
        return Context(self._shared.model, shape)


def _discard(made: "asyncio.Future[Context]") -> None:
    if not made.cancelled() and made.exception() is None:
        made.result().close()
