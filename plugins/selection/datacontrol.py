"""The clipboard and PRIMARY of a Wayland compositor that lets a program without a window have them.

The protocols `ext_data_control_v1` and `zwlr_data_control_v1` (sway, Hyprland, KDE, labwc, niri, ...),
spoken directly: `wl-copy` offers one form of a text and cannot tell when it was fetched.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from .wire import Message, Unpacker, pack

MANAGERS = ("ext_data_control_manager_v1", "zwlr_data_control_manager_v1")
DISPLAY, REGISTRY = 1, 2
ANSWER_S = 2.0
PIPE = 1 << 16
MOST_DESCRIPTORS = 28


class NoDataControl(Exception):
    """This compositor does not have it, or has ended; the text is for the person."""


class TooMuch(Exception):
    """An offer is larger than what may be read."""


class Source:
    """Something that we offer; `fetched` is set when somebody has read a text of it."""

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self.values = dict(values)
        self.fetched = asyncio.Event()
        self.is_cancelled = False


class DataControl:
    """One connection. `await DataControl.connect()`; everything happens on the asyncio loop."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._loop = sock, asyncio.get_running_loop()
        self._unpacker = Unpacker()
        self._last_id = REGISTRY
        self.globals: dict[str, tuple[int, int]] = {}
        self._offers: dict[int, list[str]] = {}
        self._sources: dict[int, Source] = {}
        self._current: dict[str, int] = {"CLIPBOARD": 0, "PRIMARY": 0}
        self._callbacks: dict[int, asyncio.Future[None]] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._manager = self._device = self.seat = 0
        self._is_retired = False
        self.changes = 0
        """How often one of the selections changed."""
        self.gone = asyncio.Event()

    @classmethod
    async def connect(cls) -> "DataControl":
        """Raises `NoDataControl`."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            sock.connect(str(_path()))
        except OSError:
            sock.close()
            raise NoDataControl("the Wayland compositor does not answer") from None
        control = cls(sock)
        try:
            await control._begin()
        except BaseException:
            control.close()
            raise
        return control

    async def _begin(self) -> None:
        self._loop.add_reader(self._sock.fileno(), self._read)
        self.send(DISPLAY, 1, REGISTRY)
        await self._roundtrip()
        name = next((name for name in MANAGERS if name in self.globals), None)
        if name is None or "wl_seat" not in self.globals:
            raise NoDataControl("this desktop lets no program without a window read the clipboard")
        self.seat = self.bind("wl_seat", 1)
        self._manager = self.bind(name, 2)
        self._device = self.new_id()
        self.send(self._manager, 1, self._device, self.seat)
        await self._roundtrip()

    def close(self) -> None:
        if not self.gone.is_set():
            self.gone.set()
            self._loop.remove_reader(self._sock.fileno())
            for future in self._callbacks.values():
                if not future.done():
                    future.set_exception(NoDataControl("the Wayland compositor has ended"))
            self._sock.close()

    def retire(self) -> None:
        """Close, but not before somebody has copied: what we own would be gone."""
        self._is_retired = True
        if not self._sources:
            self.close()

    # ---- reading

    def types(self, selection: str) -> list[str]:
        """What is offered now."""
        return list(self._offers.get(self._current[selection], []))

    async def read(self, selection: str, kind: str, most: int) -> bytes:
        """One form of it. Raises `TooMuch`, `TimeoutError` and `NoDataControl`."""
        offer = self._current[selection]
        ours, theirs = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self.send(offer, 0, kind, descriptor=theirs)
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._drain(ours, most)
        finally:
            os.close(ours)

    async def _drain(self, ours: int, most: int) -> bytes:
        whole = bytearray()
        while True:
            try:
                part = os.read(ours, PIPE)
            except BlockingIOError:
                await _ready(self._loop.add_reader, self._loop.remove_reader, ours)
                continue
            if not part:
                return bytes(whole)
            whole += part
            if len(whole) > most:
                raise TooMuch

    # ---- owning

    def own(self, selection: str, values: Mapping[str, bytes]) -> Source:
        """Offer something; it stays until somebody else does, or this connection ends."""
        source, name = Source(values), self.new_id()
        self._sources[name] = source
        self.send(self._manager, 0, name)
        for kind in source.values:
            self.send(name, 0, kind)
        self.send(self._device, 2 if selection == "PRIMARY" else 0, name)
        return source

    def disown(self, selection: str) -> None:
        self.send(self._device, 2 if selection == "PRIMARY" else 0, 0)

    async def sync(self) -> None:
        """Wait until the compositor has done everything. Raises `NoDataControl`."""
        await self._roundtrip()

    # ---- the protocol

    def _read(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(
                self._sock, PIPE, MOST_DESCRIPTORS, socket.MSG_DONTWAIT
            )
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        if not data:
            self.close()
            return
        self._unpacker.descriptors.extend(descriptors)
        for message in self._unpacker.feed(data):
            self._take(message)

    def _take(self, message: Message) -> None:
        target, opcode = message.target, message.opcode
        if target == DISPLAY:
            if opcode == 0:  # a protocol error: the compositor closes the connection
                self.close()
        elif target == REGISTRY:
            if opcode == 0:
                name, interface, version = message.arguments("usu")
                self.globals[str(interface)] = (int(name), int(version))
        elif target in self._callbacks:
            future = self._callbacks.pop(target)
            if not future.done():
                future.set_result(None)
        elif target == self._device:
            self._take_device(message)
        elif target in self._offers:
            self._offers[target].append(str(message.arguments("s")[0]))
        elif target in self._sources:
            self._take_source(message)

    def _take_device(self, message: Message) -> None:
        if message.opcode == 2:  # finished: the seat has gone
            self.close()
            return
        (offer,) = message.arguments("u")
        if message.opcode == 0:
            self._offers[int(offer)] = []
            return
        selection = "CLIPBOARD" if message.opcode == 1 else "PRIMARY"
        before, self._current[selection] = self._current[selection], int(offer)
        self.changes += 1
        if before and before not in self._current.values():
            self._offers.pop(before, None)
            self.send(before, 1)

    def _take_source(self, message: Message) -> None:
        source = self._sources[message.target]
        if message.opcode == 1:
            source.is_cancelled = True
            del self._sources[message.target]
            self.send(message.target, 1)
            if self._is_retired:
                self.retire()
            return
        kind = str(message.arguments("s")[0])
        descriptor = self._unpacker.descriptors.popleft()
        task = self._loop.create_task(self._write(descriptor, source, kind))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, descriptor: int, source: Source, kind: str) -> None:
        """To a reader that may be slow, or gone."""
        left = memoryview(source.values.get(kind, b""))
        os.set_blocking(descriptor, False)
        try:
            while left:
                try:
                    left = left[os.write(descriptor, left[:PIPE]) :]
                except BlockingIOError:
                    await _ready(self._loop.add_writer, self._loop.remove_writer, descriptor)
            if source.values.get(kind):
                source.fetched.set()
        except OSError:
            pass  # the reader has gone
        finally:
            os.close(descriptor)

    async def _roundtrip(self) -> None:
        name = self.new_id()
        future = self._callbacks[name] = self._loop.create_future()
        self.send(DISPLAY, 0, name)
        try:
            async with asyncio.timeout(ANSWER_S):
                await future
        except TimeoutError:
            raise NoDataControl("the Wayland compositor does not answer") from None

    # ---- for more protocols on the same connection

    def bind(self, interface: str, version: int) -> int:
        """An object for one of `globals`."""
        number, offered = self.globals[interface]
        name = self.new_id()
        self.send(REGISTRY, 0, number, interface, min(version, offered), name)
        return name

    def new_id(self) -> int:
        """The number of the next object; they are given out in order, and none twice."""
        self._last_id += 1
        return self._last_id

    def send(
        self, target: int, opcode: int, *arguments: int | str, descriptor: int | None = None
    ) -> None:
        """One request. Raises `NoDataControl` when the compositor has ended."""
        data = pack(target, opcode, *arguments)
        try:
            if descriptor is None:
                self._sock.sendall(data)
            else:
                socket.send_fds(self._sock, [data], [descriptor])
        except OSError:
            self.close()
            raise NoDataControl("the Wayland compositor has ended") from None


async def _ready(add: Callable[..., None], remove: Callable[[int], bool], descriptor: int) -> None:
    """Wait until a descriptor can be read or written."""
    event = asyncio.Event()
    add(descriptor, event.set)
    try:
        await event.wait()
    finally:
        with suppress(ValueError, OSError):
            remove(descriptor)


def _path() -> Path:
    name = os.environ.get("WAYLAND_DISPLAY", "wayland-0")
    return Path(os.environ.get("XDG_RUNTIME_DIR", "/run")) / name
