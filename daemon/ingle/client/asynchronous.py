"""`AsyncIngle`: the client for asyncio, over the same `rpc.Peer` that the daemon uses.

Cancelling a task that waits for an answer cancels the request in the engine.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from ingle.client import requests
from ingle.client.requests import ANSWER_BYTES, EVENTS_KEPT, Event, Wanted
from ingle.errors import ConnectionLost, IngleError
from ingle.rpc.peer import Peer
from ingle.rpc.streams import FrameStream, StreamLimits
from ingle.wire.calls.assistant import AskResult, GenerateResult, SkillResult
from ingle.wire.calls.daemon import StatusResult
from ingle.wire.calls.model import EmbedResult

T = TypeVar("T")
OnDelta = Callable[[str], None]

LIMITS = StreamLimits(frame_bytes=ANSWER_BYTES, frame_deadline_s=None)
"""The daemon is trusted to finish its frames: it ends with the connection, not in the middle."""


class AsyncStream:
    """The pieces of an answer as they are generated; `await result()` gives the whole answer."""

    def __init__(self, peer: Peer, method: str, params: dict[str, Any]) -> None:
        self._pieces: asyncio.Queue[str | None] = asyncio.Queue()
        call = peer.call(method, {**params, "stream": True}, self._pieces.put_nowait)
        self._answer = asyncio.ensure_future(call)
        self._answer.add_done_callback(lambda _: self._pieces.put_nowait(None))

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        if self._answer.done() and self._pieces.empty():
            raise StopAsyncIteration
        try:
            piece = await self._pieces.get()
        except asyncio.CancelledError:
            self._answer.cancel()
            raise
        if piece is not None:
            return piece
        await self._answer
        raise StopAsyncIteration

    async def result(self) -> Any:
        """The result as plain JSON values; waits for the end. Raises the daemon's error."""
        async for _ in self:
            pass
        return await self._answer

    async def aclose(self) -> None:
        """Cancel what is not finished."""
        self._answer.cancel()
        with suppress(asyncio.CancelledError, IngleError):
            await self._answer


class AsyncIngle:
    """A connection to the daemon: `async with AsyncIngle() as ingle`. Any number of requests at a time.

    Every method raises the `IngleError` that the daemon answered, `DaemonNotRunning` or
    `ConnectionLost`.
    """

    def __init__(self, socket_path: str | Path | None = None) -> None:
        self._path = requests.socket_path(socket_path)
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(EVENTS_KEPT)
        self._peer: Peer | None = None
        self._running: asyncio.Task[None] | None = None

    # ---- life

    async def __aenter__(self) -> Self:
        sock = await _connected(self._path)
        stream = await FrameStream.over(sock, LIMITS)
        self._peer = Peer(stream, name="ingled", on_event=self._hear)
        self._peer.on_close(lambda: self._put(None))
        # No TaskGroup: it would wrap whatever the caller's own block raises into a group.
        self._running = asyncio.create_task(self._peer.run(), name="ingle client")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._peer is not None
        assert self._running is not None
        self._peer.abort()
        await asyncio.wait([self._running])

    # ---- requests

    async def call(self, method: str, /, **params: Any) -> Any:
        """Call any method and wait for its result, as plain JSON values."""
        return await self._connection().call(method, params)

    def stream(self, method: str, /, **params: Any) -> AsyncStream:
        """Call a streaming method; iterate over the pieces, then `await stream.result()`."""
        return AsyncStream(self._connection(), method, params)

    async def status(self) -> StatusResult:
        return await self._do(requests.status())

    async def generate(
        self, prompt: str | Sequence[Mapping[str, str]], on_delta: OnDelta | None = None, **options: Any
    ) -> GenerateResult:
        """Have the model continue a prompt or a conversation; options as in `assistant.generate`."""
        return await self._do(requests.generate(prompt, options), on_delta)

    async def run(
        self,
        skill: str,
        text: str,
        on_delta: OnDelta | None = None,
        *,
        adapter: str | None = None,
        anyway: bool | None = None,
        **args: Any,
    ) -> SkillResult:
        """Run a skill on a text; `args` are the skill's own."""
        return await self._do(requests.run(skill, text, args, adapter=adapter, anyway=anyway), on_delta)

    async def summarize(self, text: str, on_delta: OnDelta | None = None) -> SkillResult:
        """Summarise a text that fits into one message."""
        return await self.run("summarize", text, on_delta)

    async def ask(
        self,
        question: str,
        text: str | None = None,
        on_delta: OnDelta | None = None,
        *,
        adapter: str | None = None,
        anyway: bool | None = None,
    ) -> AskResult:
        """Answer a question from `text`, or from what the context remembers."""
        return await self._do(requests.ask(question, text, adapter=adapter, anyway=anyway), on_delta)

    async def tokenize(self, text: str) -> list[int]:
        return (await self._do(requests.tokenize(text))).tokens

    async def embed(self, texts: Sequence[str], *, truncate: bool = False) -> EmbedResult:
        """Vectors of 64 texts at most; with `truncate`, of the beginnings of those that are too long."""
        return await self._do(requests.embed(texts, truncate=truncate))

    async def events(self, *topics: str) -> AsyncIterator[Event]:
        """Subscribe and give events until the connection ends; no topics means all."""
        await self._do(requests.subscribe(topics))
        while (event := await self._events.get()) is not None:
            yield event
        raise ConnectionLost("ingled ended the connection")

    # ---- the wire

    async def _do(self, wanted: Wanted[T], on_delta: OnDelta | None = None) -> T:
        params = wanted.params if on_delta is None else {**wanted.params, "stream": True}
        return wanted.typed(await self._connection().call(wanted.method, params, on_delta))

    def _connection(self) -> Peer:
        if self._peer is None:
            raise ConnectionLost("not connected", "use it as `async with AsyncIngle() as ingle`")
        return self._peer

    def _hear(self, params: dict[str, Any]) -> None:
        if event := requests.event(params):
            self._put(event)

    def _put(self, event: Event | None) -> None:
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(event)


async def _connected(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, str(path))
    except OSError as error:
        sock.close()
        raise requests.not_running(path, error) from None
    return sock
