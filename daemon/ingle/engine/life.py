"""One engine child from its start to its end, and in words how it ended.

It restarts nothing and keeps no state beyond this child: that is `supervisor`'s.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from ingle.engine import protocol
from ingle.errors import ConnectionLost, EngineUnavailable, IngleError
from ingle.procs.child import Child, how_it_ended, spawn
from ingle.rpc.peer import Peer
from ingle.rpc.streams import FrameStream

EXPLAIN_S = 0.3
"""A caller is told of a death within 500 ms; the return code comes a moment after the socket's end."""

GPU_VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "CUDA_CACHE_PATH",
    "MESA_SHADER_CACHE_DIR",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "HSA_OVERRIDE_GFX_VERSION",
    "GGML_VK_VISIBLE_DEVICES",
    "VK_DRIVER_FILES",
    "VK_ICD_FILENAMES",
)
"""By which people choose a GPU or its driver for every program, and `ingle.service` where drivers keep
what they compile; the engine's choice is among those."""

AGAIN = "it starts again by itself: send the request again"


class Life:
    """A child and the connection to it; `lost` is set when either has ended."""

    def __init__(self, child: Child, peer: Peer) -> None:
        self._child, self._peer = child, peer
        self.lost = asyncio.Event()
        self._is_reaped = asyncio.Event()
        self.farewell: IngleError | None = None
        """What callers are told when we end it ourselves."""
        peer.on_close(self.lost.set)

    @property
    def pid(self) -> int:
        return self._child.pid

    async def run_connection(self) -> None:
        """Read what the child says, for as long as it lives."""
        await self._peer.run()

    async def watch(self) -> None:
        """Wait for the process; exactly one task does."""
        await self._child.wait()
        self._is_reaped.set()
        self.lost.set()

    async def call(self, method: str, params: Any, on_delta: Callable[[str], None] | None = None) -> Any:
        """Ask the child. Raises its errors, and `EngineUnavailable` when it ends meanwhile."""
        try:
            raw = await self._peer.call(method, params, on_delta)
        except ConnectionLost:
            raise await self._explanation() from None
        return msgspec.convert(raw, protocol.METHODS[method][1])

    async def _explanation(self) -> IngleError:
        if self.farewell is not None:
            return self.farewell
        return EngineUnavailable(f"the engine ended before the answer: {await self.how()}", AGAIN)

    async def how(self) -> str:
        """How it ended, in words; known shortly after `lost`."""
        try:
            async with asyncio.timeout(EXPLAIN_S):
                await self._is_reaped.wait()
        except TimeoutError:
            return "it closed its connection"
        assert self._child.returncode is not None
        return how_it_ended(self._child.returncode)

    @property
    def is_usable(self) -> bool:
        """Whether it may be asked: it lives, and nobody is ending it."""
        return self.farewell is None and not self.lost.is_set()

    @property
    def last_words(self) -> str:
        """The last line that it wrote to standard error."""
        return next((line for line in reversed(self._child.last_lines) if line), "")

    def drop(self, farewell: IngleError) -> None:
        """Cut the connection: callers are told `farewell`, and the child ends by itself."""
        self.farewell = farewell
        self._peer.abort()

    async def end(self) -> None:
        """Drop the connection, then end the process by the ladder of `procs.child`."""
        self._peer.abort()
        self._child.sockets.clear()  # the stream closes it
        await self._child.stop()


@asynccontextmanager
async def living(module: str, environ: Mapping[str, str]) -> AsyncIterator[Life]:
    """Start `python -m module` and have it until the block is left. Raises `OSError`.

    No exception may leave the block except cancellation: a task group would wrap it.
    """
    child = await spawn("engine", module, environ=environ, passed_environ=GPU_VARIABLES)
    try:
        stream = await FrameStream.over(child.sockets[0], protocol.LIMITS)
    except BaseException:  # cancelled before anybody knows of the child
        await child.stop()
        raise
    life = Life(child, Peer(stream, name="engine"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(life.run_connection())
        tasks.create_task(life.watch())
        try:
            yield life
        finally:
            await life.end()
