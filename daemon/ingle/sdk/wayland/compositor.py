"""A connection to a Wayland compositor on an asyncio loop: globals, objects, events, descriptors.

Events go to the handler of their object as they come. Any error, of the socket, of the format or
told by the compositor, ends the connection: `gone`.
"""

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from ingle.sdk.wayland import wire
from ingle.sdk.wayland.outcomes import CompositorGone
from ingle.sdk.wayland.wire import Message

log = logging.getLogger(__name__)

DISPLAY = 1
"""The object that is there from the start."""
SYNC, GET_REGISTRY, BIND = 0, 1, 0
ERROR, DELETE_ID = 0, 1
ANSWER_S = 5.0
"""For a compositor to answer; one that hangs has no clipboard."""
READ_BYTES, MOST_FDS = 65536, 28

Handler = Callable[[Message], None]


class Compositor:
    """Made by `connect`; `close` it."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._fds: deque[int] = deque()
        self._handlers: dict[int, Handler] = {DISPLAY: self._take_display}
        self._last_id, self._free = DISPLAY, list[int]()
        self.globals: dict[str, tuple[int, int]] = {}
        """Interface to the name and the version that it was announced with."""
        self._registry = 0
        self.gone = asyncio.Event()
        self._loop.add_reader(sock, self._read)

    # ---- requests

    async def look_around(self) -> None:
        """Learn the globals. Raises `CompositorGone`."""
        self._registry = self.new(self._take_global)
        self.send(DISPLAY, GET_REGISTRY, self._registry)
        await self.roundtrip()

    def bind(self, interface: str, most: int, handler: Handler | None = None) -> tuple[int, int]:
        """Make one of `globals` an object; gives its id and its version, `most` at the most."""
        name, offered = self.globals[interface]
        version, id_ = min(offered, most), self.new(handler)
        self.send(self._registry, BIND, name, interface, version, id_)
        return id_, version

    async def roundtrip(self) -> None:
        """Until it has done all that was asked, its events included. Raises `CompositorGone`."""
        done = asyncio.Event()
        self.send(DISPLAY, SYNC, self.new(lambda _: done.set()))
        waits = [asyncio.ensure_future(event.wait()) for event in (done, self.gone)]
        try:
            await asyncio.wait(waits, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not done.is_set():
            self.close()
            raise CompositorGone("the compositor does not answer")

    def new(self, handler: Handler | None = None) -> int:
        """The id of a new object; `handler` takes its events."""
        if self._free:
            id_ = self._free.pop()
        else:
            self._last_id = id_ = self._last_id + 1
        self._handlers[id_] = handler or _unheard
        return id_

    def adopt(self, id_: int, handler: Handler) -> None:
        """An object that the compositor has made."""
        self._handlers[id_] = handler

    def drop(self, id_: int) -> None:
        """The compositor's object was destroyed; of ours it says so itself."""
        self._handlers.pop(id_, None)

    def send(self, object_: int, opcode: int, *arguments: int | str, fds: tuple[int, ...] = ()) -> None:
        """Send a request. Raises `CompositorGone`."""
        if self.gone.is_set():
            raise CompositorGone("the compositor went away")
        message = wire.encode(object_, opcode, *arguments)
        try:
            sent = socket.send_fds(self._socket, [message], fds) if fds else self._socket.send(message)
        except OSError:
            sent = 0
        if sent != len(message):  # gone, or it has not read for 200 kB of requests
            self.close()
            raise CompositorGone("the compositor went away")

    def next_fd(self) -> int:
        """The descriptor of the event in hand; the caller closes it. Raises `wire.Malformed`."""
        if not self._fds:
            raise wire.Malformed("a descriptor is missing")
        return self._fds.popleft()

    # ---- events

    def _read(self) -> None:
        try:
            raw, fds, *_ = socket.recv_fds(self._socket, READ_BYTES, MOST_FDS, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        except OSError:
            raw, fds = b"", []
        self._fds += fds
        self._buffer += raw
        try:
            for message in wire.take(self._buffer):
                self._handlers.get(message.object, _unheard)(message)
        except (wire.Malformed, CompositorGone) as error:
            log.warning("the connection to the compositor is given up: %s", error)
            raw = b""
        if not raw:
            self.close()

    def _take_display(self, message: Message) -> None:
        if message.opcode == DELETE_ID:
            id_ = wire.number(message.arguments)
            if self._handlers.pop(id_, None):
                self._free.append(id_)
        elif message.opcode == ERROR:
            raise wire.Malformed(f"error {wire.number(message.arguments, 4)} of a request of ours")

    def _take_global(self, message: Message) -> None:
        if message.opcode == 0:
            name, interface = wire.number(message.arguments), wire.string(message.arguments, 4)
            version = wire.number(message.arguments, wire.after_string(message.arguments, 4))
            self.globals.setdefault(interface, (name, version))

    # ---- the end

    def close(self) -> None:
        if self.gone.is_set():
            return
        self.gone.set()
        self._loop.remove_reader(self._socket)
        self._socket.close()
        while self._fds:
            os.close(self._fds.popleft())


def _unheard(_: Message) -> None:
    """An event that nobody waits for, or of an object that was destroyed meanwhile."""


def socket_of(environ: Mapping[str, str]) -> Path | None:
    """Where the compositor listens; None when there is none for this session."""
    name, runtime = environ.get("WAYLAND_DISPLAY", ""), environ.get("XDG_RUNTIME_DIR", "")
    return Path(runtime, name) if name and (runtime or name.startswith("/")) else None


async def connect(path: Path) -> Compositor:
    """Raises `CompositorGone`."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    sock.setblocking(False)
    try:
        async with asyncio.timeout(ANSWER_S):
            await asyncio.get_running_loop().sock_connect(sock, str(path))
    except (OSError, TimeoutError) as error:
        sock.close()
        raise CompositorGone(f"the compositor does not answer ({type(error).__name__})") from None
    compositor = Compositor(sock)
    try:
        await compositor.look_around()
    except BaseException:
        compositor.close()
        raise
    return compositor
