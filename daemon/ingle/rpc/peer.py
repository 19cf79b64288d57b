"""One end of a JSON-RPC 2.0 connection; both ends are equal, so daemon, clients, plugins and the
engine child all use it.

It reads frames in one task, answers each request in a task of its own, and matches responses
with the calls that wait for them. A request ends in one of four ways: answered, cancelled by
`$/cancelRequest` (answered -32800), ended by us with an error (`end_requests`), or dropped
without an answer because the connection is gone.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ingle.errors import (
    Busy,
    Cancelled,
    ConnectionLost,
    FrameTooLong,
    IngleError,
    InvalidRequest,
    ParseError,
)
from ingle.rpc.dispatcher import Call, Dispatcher
from ingle.rpc.streams import FrameStream
from ingle.vocabulary import Coverage
from ingle.wire import codec, codes
from ingle.wire.messages import (
    Failure,
    Malformed,
    Message,
    Notification,
    Request,
    RequestId,
    Success,
    as_json,
    error_of,
    failure_of,
    parse,
)

log = logging.getLogger(__name__)

MAX_REQUESTS = 64
"""In flight on one connection, either way; `config.LimitsConfig` has the same default."""

MAX_BACKLOG = 4 * 1024 * 1024
"""Bytes of unread events: a client that stopped reading must not grow the daemon."""


@dataclass
class _Pending:
    """A call of ours that waits for its response."""

    future: asyncio.Future[Any]
    on_delta: Callable[[str], None] | None = None
    on_coverage: Callable[[Coverage], None] | None = None


@dataclass
class _InFlight:
    """A request of theirs that is being answered; `ending` is the error it shall end with."""

    task: asyncio.Task[Any] | None = None
    ending: IngleError | None = None


@dataclass(eq=False)
class Peer:
    """A connection with requests in both directions. `run` lives as long as the connection."""

    stream: FrameStream
    dispatcher: Dispatcher = field(default_factory=Dispatcher)
    name: str = "peer"
    grants: frozenset[str] | None = None
    max_requests: int = MAX_REQUESTS
    on_event: Callable[[dict[str, Any]], None] | None = None

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self._pending: dict[RequestId, _Pending] = {}
        self._in_flight: dict[RequestId, _InFlight] = {}
        self._callbacks: list[Callable[[], None]] = []
        self._is_closed = False

    # ---- the connection

    async def run(self) -> None:
        """Serve until the other side closes or breaks the protocol; then everything in flight ends."""
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._read(tasks)
                for entry in self._in_flight.values():
                    if entry.task:
                        entry.task.cancel()
        finally:
            self._close_down()
            self.stream.abort() if self._is_broken else await self.stream.close()

    _is_broken = False

    async def _read(self, tasks: asyncio.TaskGroup) -> None:
        try:
            async for frame in self.stream.frames():
                await self._receive(frame, tasks)
        except FrameTooLong as error:
            await self._send(as_json(failure_of(None, error)))
        except TimeoutError:
            log.info("%s: dropped, a message was not finished in time", self.name)
            self._is_broken = True
        except ConnectionLost as error:
            log.info("%s: dropped, %s", self.name, error.message)
            self._is_broken = True

    def _close_down(self) -> None:
        self._is_closed = True
        lost = ConnectionLost("the connection ended before the answer")
        for pending in self._pending.values():
            if not pending.future.done():
                pending.future.set_exception(lost)
                pending.future.exception()  # retrieved: nobody may be waiting any more
        self._pending.clear()
        for callback in self._callbacks:
            callback()

    def on_close(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def abort(self) -> None:
        """Drop the connection now."""
        self._is_broken = True
        self.stream.abort()

    def end_requests(self, error: IngleError) -> None:
        """End every request of theirs that is in flight with `error`."""
        for entry in list(self._in_flight.values()):
            self._end(entry, error)

    def tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks that answer their requests just now."""
        return [entry.task for entry in self._in_flight.values() if entry.task is not None]

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    # ---- their requests

    async def _receive(self, frame: bytes, tasks: asyncio.TaskGroup) -> None:
        try:
            message = parse(codec.decode(frame))
        except ParseError as error:
            await self._send(as_json(failure_of(None, error)))
            return
        if isinstance(message, list):
            await self._receive_batch(message, tasks)
        elif isinstance(message, Request):
            self._start(message, tasks, self._reply)
        else:
            failure = self._receive_other(message, tasks)
            if failure is not None:
                await self._send(as_json(failure))

    async def _receive_batch(self, batch: list[Message], tasks: asyncio.TaskGroup) -> None:
        answers: list[Success | Failure] = []
        requests = [member for member in batch if isinstance(member, Request)]
        missing = len(requests)

        async def collect(answer: Success | Failure) -> None:
            nonlocal missing
            answers.append(answer)
            missing -= 1
            if not missing:
                await self._send([as_json(each) for each in answers])

        others = [member for member in batch if not isinstance(member, Request)]
        answers += [failure for member in others if (failure := self._receive_other(member, tasks))]
        for request in requests:
            self._start(request, tasks, collect)
        if answers and not requests:
            await self._send([as_json(each) for each in answers])

    def _receive_other(self, message: Message, tasks: asyncio.TaskGroup) -> Failure | None:
        """Anything but a request; gives what has to be said about it, if anything."""
        match message:
            case Malformed(id_, error):
                return failure_of(id_, error)
            case Success(id_, result):
                self._resolve(id_, result=result)
            case Failure():
                self._resolve(message.id, error=error_of(message))
            case Notification(codes.CANCEL, dict(params)):
                self._cancel(params.get("id"))
            case Notification(codes.DELTA, dict(params)):
                self._on_delta(params)
            case Notification(codes.EVENT, dict(params)):
                if self.on_event:
                    self.on_event(params)
            case Notification(method, params) if len(self._in_flight) < self.max_requests:
                call = Call(self, None)
                self._admit(_InFlight(), object(), self.dispatcher.answer(method, params, call), tasks)
        return None

    def _start(self, request: Request, tasks: asyncio.TaskGroup, reply: Any) -> None:
        refusal = self._refusal(request)
        if refusal is not None:
            tasks.create_task(reply(failure_of(request.id, refusal)))
            return
        entry = _InFlight()
        self._admit(entry, request.id, self._answer(request, entry, reply), tasks)

    def _refusal(self, request: Request) -> IngleError | None:
        if request.id in self._in_flight and request.id is not None:
            return InvalidRequest("a request with this id is still being answered")
        if len(self._in_flight) >= self.max_requests:
            return Busy(f"{self.max_requests} requests of this connection are being answered")
        return None

    def _admit(self, entry: _InFlight, key: Any, work: Any, tasks: asyncio.TaskGroup) -> None:
        key = object() if key is None else key
        entry.task = tasks.create_task(work)
        self._in_flight[key] = entry
        entry.task.add_done_callback(lambda _: self._in_flight.pop(key, None))

    async def _answer(self, request: Request, entry: _InFlight, reply: Any) -> None:
        try:
            answer = await self.dispatcher.answer(request.method, request.params, Call(self, request.id))
        except asyncio.CancelledError:
            if entry.ending is None or self._is_closed:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]
            answer = failure_of(request.id, entry.ending)
        try:
            await reply(answer)
        except ConnectionLost as error:
            log.debug("%s: an answer was not sent: %s", self.name, error.message)

    async def _reply(self, answer: Success | Failure) -> None:
        await self._send(as_json(answer))

    def _cancel(self, id_: RequestId) -> None:
        entry = self._in_flight.get(id_)
        if entry is not None:
            self._end(entry, Cancelled("cancelled by the caller"))

    def _end(self, entry: _InFlight, error: IngleError) -> None:
        if entry.ending is None and entry.task is not None:
            entry.ending = error
            entry.task.cancel()

    # ---- our requests

    async def call(
        self,
        method: str,
        params: Any = None,
        on_delta: Callable[[str], None] | None = None,
        on_coverage: Callable[[Coverage], None] | None = None,
        descriptors: Sequence[int] = (),
    ) -> Any:
        """Send a request and wait for its result, as plain JSON values.

        `on_delta` hears the pieces of an answer, `on_coverage` before them what it will stand on.
        Copies of `descriptors` go along. Cancelling the caller cancels the request on the other
        side. Raises the other side's `IngleError`, or `ConnectionLost`.
        """
        if self._is_closed:
            raise ConnectionLost("the connection is closed")
        id_ = next(self._ids)
        pending = _Pending(asyncio.get_running_loop().create_future(), on_delta, on_coverage)
        self._pending[id_] = pending
        try:
            request = codec.encode(as_json(Request(id_, method, {} if params is None else params)))
            if descriptors:
                await self.stream.write_with(request, descriptors)
            else:
                await self.stream.write(request)
            return await pending.future
        except asyncio.CancelledError:
            self.stream.write_soon(codec.encode(as_json(Notification(codes.CANCEL, {"id": id_}))))
            raise
        finally:
            self._pending.pop(id_, None)

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification. Raises `ConnectionLost`."""
        await self._send(as_json(Notification(method, dict(params))))

    def offer(self, method: str, params: Mapping[str, Any]) -> bool:
        """Send a notification without waiting; a peer that lets too much pile up is dropped."""
        if self.stream.backlog > MAX_BACKLOG:
            self.abort()
            return False
        self.stream.write_soon(codec.encode(as_json(Notification(method, dict(params)))))
        return True

    def _resolve(self, id_: RequestId, result: Any = None, error: IngleError | None = None) -> None:
        pending = self._pending.get(id_)
        if pending is None or pending.future.done():
            return
        if error is None:
            pending.future.set_result(result)
        else:
            pending.future.set_exception(error)

    def _on_delta(self, params: dict[str, Any]) -> None:
        pending, text = self._pending.get(params.get("id")), params.get("text")
        if pending is None:
            return
        if pending.on_coverage is not None and "coverage" in params:
            with suppress(msgspec.ValidationError):
                pending.on_coverage(msgspec.convert(params["coverage"], Coverage))
        if pending.on_delta is not None and isinstance(text, str) and text:
            pending.on_delta(text)

    async def _send(self, message: Any) -> None:
        await self.stream.write(codec.encode(message))
