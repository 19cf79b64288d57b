"""CLIPBOARD and PRIMARY of a compositor, by the data-control protocol: `ext_data_control_v1`, or the
`zwlr_data_control_v1` that it grew from; their messages are the same.

The compositor tells which types are offered; nothing is asked for before a caller has looked at
them (`wl-paste --watch` has a secret sent before anybody can see its mark). What is owned here is
offered in all its forms (`wl-copy` offers one), and it is told when somebody has fetched it.
"""

import asyncio
import os
from collections.abc import Callable, Mapping

from ingle.sdk.wayland import pipes, wire
from ingle.sdk.wayland.compositor import Compositor, connect, socket_of
from ingle.sdk.wayland.outcomes import CompositorGone, NoDataControl
from ingle.sdk.wayland.wire import Message

MANAGERS = ("ext_data_control_manager_v1", "zwlr_data_control_manager_v1")
MOST_VERSION = 2
"""Of zwlr, the first that knows PRIMARY; ext knows it from 1."""
CREATE_SOURCE, GET_DEVICE = 0, 1
SET_SELECTION, SET_PRIMARY = 0, 2
RECEIVE, DESTROY, OFFER = 0, 1, 0
DATA_OFFER, SELECTION, FINISHED, PRIMARY = 0, 1, 2, 3
SEND, CANCELLED = 0, 1
SETTERS = {"CLIPBOARD": SET_SELECTION, "PRIMARY": SET_PRIMARY}

MOST_TYPES = 256
"""An offer with more is not made by a program that wants to be read."""
MOST_PASTES = 16
"""At a time of what we own."""

OnOwner = Callable[[str], None]


class Source:
    """Something that we offer; `fetched` is set when somebody has read one of its forms to the end."""

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self.values = dict(values)
        self.fetched = asyncio.Event()
        self.is_cancelled = False


class Clipboards:
    """One connection; `gone` is set at its end. Selections are "CLIPBOARD" and "PRIMARY".

    `on_owner(selection)` is called when somebody has taken one, ourselves included; what is there
    already when it is connected is no news. `changes` counts both, and when they were emptied.
    """

    def __init__(self, compositor: Compositor, on_owner: OnOwner = lambda _: None) -> None:
        self.compositor, self._on_owner = compositor, on_owner
        self.gone = compositor.gone
        self.changes = 0
        self.seat = 0
        self._types: dict[int, list[str]] = {}
        self._current = {"CLIPBOARD": 0, "PRIMARY": 0}
        self._sources: dict[int, Source] = {}
        self._pastes: set[asyncio.Task[None]] = set()
        self._is_started = self._is_retired = False

    @classmethod
    async def connect(cls, on_owner: OnOwner = lambda _: None) -> "Clipboards":
        """To the compositor of `WAYLAND_DISPLAY`. Raises `CompositorGone` and `NoDataControl`."""
        path = socket_of(os.environ)
        if path is None:
            raise CompositorGone("there is no Wayland compositor")
        clipboards = cls(await connect(path), on_owner)
        try:
            await clipboards.start()
        except BaseException:
            clipboards.close()
            raise
        return clipboards

    async def start(self) -> None:
        """Raises `CompositorGone` and `NoDataControl`."""
        if not can_watch(self.compositor):
            raise NoDataControl("this desktop lets no program without a window use the clipboard")
        manager = next(name for name in MANAGERS if name in self.compositor.globals)
        self.seat, _ = self.compositor.bind("wl_seat", 1)
        self._manager, _ = self.compositor.bind(manager, MOST_VERSION)
        self._device = self.compositor.new(self._take_device)
        self.compositor.send(self._manager, GET_DEVICE, self._device, self.seat)
        await self.compositor.roundtrip()
        self._is_started = True

    def close(self) -> None:
        for paste in self._pastes:
            paste.cancel()
        self.compositor.close()

    def retire(self) -> None:
        """Close, but not before somebody else has copied: what we own would be gone."""
        self._is_retired = True
        if not self._sources:
            self.close()

    async def sync(self) -> None:
        """Until the compositor has done all that it was asked. Raises `CompositorGone`."""
        await self.compositor.roundtrip()

    # ---- events

    def _take_device(self, message: Message) -> None:
        if message.opcode == FINISHED:  # the seat has gone
            self.compositor.close()
            return
        offer = wire.number(message.arguments)
        if message.opcode == DATA_OFFER:
            types = self._types[offer] = list[str]()
            self.compositor.adopt(offer, lambda event: _take_type(types, event))
        elif message.opcode == SELECTION:
            self._take_selection("CLIPBOARD", offer)
        elif message.opcode == PRIMARY:
            self._take_selection("PRIMARY", offer)

    def _take_selection(self, name: str, offer: int) -> None:
        old, self._current[name] = self._current[name], offer
        self.changes += 1
        if old and old not in self._current.values():
            self._types.pop(old, None)
            self.compositor.send(old, DESTROY)
            self.compositor.drop(old)
        if self._is_started and self._types.get(offer):
            self._on_owner(name)

    # ---- reading

    def types(self, selection: str) -> list[str]:
        """What is offered now; empty when nothing is."""
        return list(self._types.get(self._current[selection], ()))

    async def read(self, selection: str, kind: str, most: int) -> bytes:
        """One form of it, `most` bytes at the most.

        Raises `TooMuch`, `TimeoutError` for an owner that is slow, and `CompositorGone`.
        """
        offer = self._current[selection]
        if not offer:
            return b""
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        try:
            self.compositor.send(offer, RECEIVE, kind, fds=(theirs,))
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return await pipes.drain(ours, most)

    # ---- owning

    def own(self, selection: str, values: Mapping[str, bytes]) -> Source:
        """Offer something; it stays until somebody else does, or this connection ends.

        Raises `CompositorGone`.
        """
        source = Source(values)
        id_ = self.compositor.new(lambda event: self._take_source(id_, source, event))
        self._sources[id_] = source
        self.compositor.send(self._manager, CREATE_SOURCE, id_)
        for kind in source.values:
            self.compositor.send(id_, OFFER, kind)
        self.compositor.send(self._device, SETTERS[selection], id_)
        return source

    def disown(self, selection: str) -> None:
        """Leave it empty. Raises `CompositorGone`."""
        self.compositor.send(self._device, SETTERS[selection], 0)

    def _take_source(self, id_: int, source: Source, message: Message) -> None:
        if message.opcode == CANCELLED:
            source.is_cancelled = True
            self._sources.pop(id_, None)
            self.compositor.send(id_, DESTROY)
            if self._is_retired:
                self.retire()
        elif message.opcode == SEND:
            self._serve(source, wire.string(message.arguments), self.compositor.next_fd())

    def _serve(self, source: Source, kind: str, fd: int) -> None:
        """To a program that pastes, and may be slow or gone."""
        if len(self._pastes) >= MOST_PASTES:
            os.close(fd)
            return
        paste = asyncio.create_task(_pour(source, kind, fd))
        self._pastes.add(paste)
        paste.add_done_callback(self._pastes.discard)


async def _pour(source: Source, kind: str, fd: int) -> None:
    raw = source.values.get(kind, b"")
    if await pipes.pour(fd, raw) and raw:
        source.fetched.set()


def _take_type(types: list[str], message: Message) -> None:
    if message.opcode == OFFER and len(types) < MOST_TYPES:
        types.append(wire.string(message.arguments))


def can_watch(compositor: Compositor) -> bool:
    """Whether it shows the clipboard to more than the window with the focus."""
    there = compositor.globals
    return "wl_seat" in there and any(name in there for name in MANAGERS)
