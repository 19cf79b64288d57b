"""`Ingle`: a client for scripts that waits with plain blocking calls. Not for several threads.

Requests may overlap (a status while an answer streams): what arrives for another request of
this client is kept until that one is asked for. An interrupted wait (Ctrl-C) cancels its
request in the engine and leaves the connection usable.
"""

import select
import socket
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from ingle.client import requests
from ingle.client.requests import ANSWER_BYTES, EVENTS_KEPT, FRAME_BYTES, Event, Wanted
from ingle.errors import ConnectionLost, FrameTooLong, InvalidParams, ParseError
from ingle.wire import codec, codes
from ingle.wire.calls.assistant import AskResult, GenerateResult, SkillResult
from ingle.wire.calls.daemon import StatusResult
from ingle.wire.calls.model import EmbedResult
from ingle.wire.framer import LineFramer
from ingle.wire.messages import (
    Failure,
    Malformed,
    Notification,
    Request,
    Success,
    as_json,
    error_of,
    parse,
)

T = TypeVar("T")
OnDelta = Callable[[str], None]

READ_BYTES = 64 * 1024
CONNECT_S = 5.0
"""A Unix socket answers at once; only a daemon that hangs with a full backlog takes longer."""


class Stream:
    """The pieces of an answer as they are generated; `result` is the whole answer."""

    def __init__(self, client: "Ingle", request: int) -> None:
        self._client, self._request = client, request
        self._result: Any = None
        self._is_done = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._is_done:
            raise StopIteration
        self._is_done = True  # and stays so if the next line raises
        piece = self._client._next_piece(self._request)
        if isinstance(piece, str):
            self._is_done = False
            return piece
        self._result = piece.result
        raise StopIteration

    @property
    def result(self) -> Any:
        """The result as plain JSON values; waits for the end."""
        for _ in self:
            pass
        return self._result

    def close(self) -> None:
        """Cancel what is not finished."""
        if not self._is_done:
            self._is_done = True
            self._client._abandon(self._request)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Ingle:
    """A connection to the daemon, open from the construction on.

    `on_wait` is called about every `wait_s` seconds while an answer is awaited, for a spinner.
    Every method raises the `IngleError` that the daemon answered, `DaemonNotRunning` or
    `ConnectionLost`.
    """

    def __init__(
        self,
        socket_path: str | Path | None = None,
        *,
        frame_bytes: int = FRAME_BYTES,
        on_wait: Callable[[], None] | None = None,
        wait_s: float = 0.1,
    ) -> None:
        self._frame_bytes, self._on_wait, self._wait_s = frame_bytes, on_wait, wait_s
        self._framer = LineFramer(ANSWER_BYTES)
        self._last_id = 0
        self._inbox: dict[int, deque[str | Success | Failure]] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._socket = _connected(requests.socket_path(socket_path))

    # ---- life

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the daemon cancels what is still in flight on it."""
        self._socket.close()

    # ---- requests

    def request(self, method: str, params: dict[str, Any] | list[Any]) -> Stream:
        """Send a request as it is, with its parameters by name or by position."""
        return Stream(self, self._send(method, params))

    def call(self, method: str, /, **params: Any) -> Any:
        """Call any method and wait for its result, as plain JSON values."""
        with self.request(method, params) as answer:
            return answer.result

    def stream(self, method: str, /, **params: Any) -> Stream:
        """Call a streaming method; iterate over the pieces, then read `.result`."""
        return self.request(method, {**params, "stream": True})

    def status(self) -> StatusResult:
        return self._do(requests.status())

    def generate(
        self, prompt: str | Sequence[Mapping[str, str]], on_delta: OnDelta | None = None, **options: Any
    ) -> GenerateResult:
        """Have the model continue a prompt or a conversation; options as in `assistant.generate`."""
        return self._do(requests.generate(prompt, options), on_delta)

    def run(
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
        return self._do(requests.run(skill, text, args, adapter=adapter, anyway=anyway), on_delta)

    def summarize(self, text: str, on_delta: OnDelta | None = None) -> SkillResult:
        """Summarise a text that fits into one message."""
        return self.run("summarize", text, on_delta)

    def ask(
        self,
        question: str,
        text: str | None = None,
        on_delta: OnDelta | None = None,
        *,
        adapter: str | None = None,
        anyway: bool | None = None,
    ) -> AskResult:
        """Answer a question from `text`, or from what the context remembers."""
        return self._do(requests.ask(question, text, adapter=adapter, anyway=anyway), on_delta)

    def tokenize(self, text: str) -> list[int]:
        return self._do(requests.tokenize(text)).tokens

    def embed(self, texts: Sequence[str], *, truncate: bool = False) -> EmbedResult:
        """Vectors of 64 texts at most; with `truncate`, of the beginnings of those that are too long."""
        return self._do(requests.embed(texts, truncate=truncate))

    def events(self, *topics: str) -> Iterator[Event]:
        """Subscribe now and give events until the connection ends; no topics means all."""
        self._do(requests.subscribe(topics))
        return self._heard()

    # ---- the wire

    def _do(self, wanted: Wanted[T], on_delta: OnDelta | None = None) -> T:
        if on_delta is None:
            return wanted.typed(self.call(wanted.method, **wanted.params))
        with self.stream(wanted.method, **wanted.params) as stream:
            for piece in stream:
                on_delta(piece)
            return wanted.typed(stream.result)

    def _heard(self) -> Iterator[Event]:
        while True:
            while self._events:
                yield self._events.popleft()
            with suppress(_Nothing):
                self._receive()

    def _send(self, method: str, params: dict[str, Any] | list[Any]) -> int:
        frame = _encoded(Request(self._last_id + 1, method, params))
        if len(frame) > self._frame_bytes:
            raise FrameTooLong(
                f"the message has {len(frame)} bytes, and the daemon takes {self._frame_bytes} at most"
            )
        self._last_id += 1
        self._inbox[self._last_id] = deque()
        self._write(frame)
        return self._last_id

    def _write(self, frame: bytes) -> None:
        try:
            self._socket.sendall(frame)
        except OSError as error:
            raise ConnectionLost(f"the connection to ingled ended: {error.strerror or error}") from None

    def _next_piece(self, request: int) -> str | Success:
        """The next that arrives for a request: a delta, or the end. Raises the daemon's error."""
        inbox = self._inbox[request]
        try:
            while not inbox:
                with suppress(_Nothing):
                    self._receive()
        except KeyboardInterrupt:
            self._abandon(request)
            raise
        piece = inbox.popleft()
        if isinstance(piece, str):
            return piece
        del self._inbox[request]
        if isinstance(piece, Failure):
            raise error_of(piece)
        return piece

    def _abandon(self, request: int) -> None:
        """Cancel in the engine; what still arrives for it is thrown away."""
        if self._inbox.pop(request, None) is not None:
            with suppress(ConnectionLost):
                self._write(_encoded(Notification(codes.CANCEL, {"id": request})))

    def _receive(self) -> None:
        """Read once and sort what came. Raises `_Nothing` after `wait_s` without a byte."""
        self._wait_for_bytes()
        try:
            chunk = self._socket.recv(READ_BYTES)
        except OSError:
            chunk = b""
        if not chunk:
            raise ConnectionLost("ingled ended the connection before it answered")
        for line in self._framer.feed(chunk):
            self._sort(line)

    def _wait_for_bytes(self) -> None:
        if self._on_wait is None:
            return
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if not poll.poll(self._wait_s * 1000):
            self._on_wait()
            raise _Nothing

    def _sort(self, line: bytes) -> None:
        try:
            message = parse(codec.decode(line))
        except ParseError:
            raise ConnectionLost("what answers on the socket does not speak JSON-RPC") from None
        match message:
            case Notification(codes.DELTA, {"id": int(id_), "text": str(text)}):
                if text:  # one without has other news, of how much is read
                    self._keep(id_, text)
            case Notification(codes.EVENT, params) if event := requests.event(params):
                self._events.append(event)
            case Success(int(id_)) | Failure(int(id_)):
                self._keep(id_, message)
            case Failure(None):
                raise error_of(message)
            case Malformed():
                raise ConnectionLost("what answers on the socket does not speak JSON-RPC")
            case _:
                pass

    def _keep(self, request: int, piece: "str | Success | Failure") -> None:
        inbox = self._inbox.get(request)
        if inbox is not None:
            inbox.append(piece)


class _Nothing(Exception):
    """Nothing arrived for a while; whoever waits looks around and waits on."""


def _encoded(message: Request | Notification) -> bytes:
    try:
        return codec.encode(as_json(message))
    except UnicodeEncodeError:
        raise InvalidParams("the text is not valid Unicode", "it has to be UTF-8") from None


def _connected(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(CONNECT_S)
    try:
        sock.connect(str(path))
    except OSError as error:
        sock.close()
        raise requests.not_running(path, error) from None
    sock.settimeout(None)
    return sock
