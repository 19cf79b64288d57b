"""The clipboard of a Wayland compositor, by the data-control protocol: `ext_data_control_v1`, or the
`zwlr_data_control_v1` that it grew from; their messages are the same.

The compositor tells which types are offered; nothing is asked for before they were looked at
(`wl-paste --watch` has a secret sent before anybody can see its mark). Only its events wake us.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ingle.sdk.marks import OWN

from . import pipes, wire
from .backend import LARGEST_COPY, NotReadable
from .compositor import Compositor
from .wire import Message

MANAGERS = ("ext_data_control_manager_v1", "zwlr_data_control_manager_v1")
MOST_VERSION = 2
"""Of zwlr, the first that knows PRIMARY; ext knows it from 1."""
CREATE_SOURCE, GET_DEVICE = 0, 1
SET_SELECTION = 0
RECEIVE, DESTROY, OFFER = 0, 1, 0
DATA_OFFER, SELECTION, FINISHED, PRIMARY = 0, 1, 2, 3
SEND, CANCELLED = 0, 1

COPY_TYPES = ("text/plain;charset=utf-8", "text/plain", "UTF8_STRING", "TEXT", "STRING", OWN)
MOST_TYPES = 256
"""An offer with more is not made by a program that wants to be read."""
MOST_PASTES = 16
"""At a time of one text of ours."""


class Clipboards:
    """CLIPBOARD and PRIMARY of one seat. Made by `connected`."""

    def __init__(
        self, compositor: Compositor, names: list[str], on_owner: Callable[[str], None]
    ) -> None:
        self._compositor, self._names, self._on_owner = compositor, names, on_owner
        self.gone = compositor.gone
        self._types: dict[int, list[str]] = {}
        self._current = {"CLIPBOARD": 0, "PRIMARY": 0}
        self._pastes: set[asyncio.Task[None]] = set()
        self._is_watching = False

    async def start(self) -> None:
        """Raises `ServerGone`."""
        manager = next(name for name in MANAGERS if name in self._compositor.globals)
        seat, _ = self._compositor.bind("wl_seat", 1, lambda _: None)
        self._manager, _ = self._compositor.bind(manager, MOST_VERSION, lambda _: None)
        self._device = self._compositor.new(self._take_device)
        self._compositor.send(self._manager, GET_DEVICE, self._device, seat)
        await self._compositor.roundtrip()
        self._is_watching = True  # what is on the clipboard already stays unread

    # ---- events

    def _take_device(self, message: Message) -> None:
        if message.opcode == FINISHED:
            self._compositor.close()
            return
        offer = wire.number(message.arguments)
        if message.opcode == DATA_OFFER:
            types = self._types[offer] = list[str]()
            self._compositor.adopt(offer, lambda event: _take_type(types, event))
        elif message.opcode == SELECTION:
            self._take_selection("CLIPBOARD", offer)
        elif message.opcode == PRIMARY:
            self._take_selection("PRIMARY", offer)

    def _take_selection(self, name: str, offer: int) -> None:
        old, self._current[name] = self._current[name], offer
        if old and old != offer:
            self._types.pop(old, None)
            self._compositor.send(old, DESTROY)
            self._compositor.drop(old)
        if self._is_watching and name in self._names and self._types.get(offer):
            self._on_owner(name)

    # ---- reading

    async def targets(self, selection: str) -> list[str]:
        return list(self._types.get(self._current[selection], ()))

    async def read(self, selection: str, target: str, most: int) -> bytes:
        offer = self._current[selection]
        if not offer:
            raise NotReadable("nothing is offered")
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        try:
            self._compositor.send(offer, RECEIVE, target, fds=(theirs,))
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return await pipes.drain(ours, most)

    # ---- owning

    def copy(self, text: str) -> None:
        raw = text.encode("utf-8", "replace")
        if len(raw) > LARGEST_COPY:
            raise NotReadable(f"a text over {LARGEST_COPY} bytes cannot be copied")
        source = self._compositor.new(lambda event: self._take_source(source, raw, event))
        self._compositor.send(self._manager, CREATE_SOURCE, source)
        for name in COPY_TYPES:
            self._compositor.send(source, OFFER, name)
        self._compositor.send(self._device, SET_SELECTION, source)

    def _take_source(self, source: int, raw: bytes, message: Message) -> None:
        """A program pastes what we copied, or another one has copied something."""
        if message.opcode == CANCELLED:
            self._compositor.send(source, DESTROY)
            return
        fd = self._compositor.next_fd()
        if len(self._pastes) >= MOST_PASTES:
            os.close(fd)
            return
        is_mark = wire.string(message.arguments) == OWN
        paste = asyncio.create_task(pipes.pour(fd, b"" if is_mark else raw))
        self._pastes.add(paste)
        paste.add_done_callback(self._pastes.discard)

    def close(self) -> None:
        for paste in self._pastes:
            paste.cancel()


def _take_type(types: list[str], message: Message) -> None:
    if message.opcode == OFFER and len(types) < MOST_TYPES:
        types.append(wire.string(message.arguments))


def can_watch(compositor: Compositor) -> bool:
    """Whether it shows the clipboard to more than the window with the focus."""
    there = compositor.globals
    return "wl_seat" in there and any(name in there for name in MANAGERS)


@asynccontextmanager
async def connected(
    compositor: Compositor, names: list[str], on_owner: Callable[[str], None]
) -> AsyncIterator[Clipboards]:
    """Watch some selections for as long as the block. Raises `ServerGone`."""
    clipboards = Clipboards(compositor, names, on_owner)
    try:
        await clipboards.start()
        yield clipboards
    finally:
        clipboards.close()
