"""The X11 selections on an asyncio loop: who owns one, what is offered, its text; and owning one.

Only XFixes events wake it. An owner that is slow, silent or endless costs a bounded time and a
bounded memory: every wait has an end, and no more than the limit is ever asked for. python-xlib
blocks for the round trips to the X server itself, which answers in microseconds.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from Xlib import X, display, error
from Xlib.ext import xfixes
from Xlib.protocol import event as xevent

from ingle.sdk.marks import OWN

from .backend import ANSWER_S, LARGEST_COPY, TRANSFER_S, NotReadable, ServerGone

log = logging.getLogger(__name__)

CONNECT_S = 5.0
MOST_TARGETS = 256
"""An offer with more is not made by a program that wants to be read."""
MOST_IN_A_REQUEST = 200_000
"""Bytes; python-xlib has no BIG-REQUESTS. A longer text is appended piece by piece."""
COPY_TARGETS = ("UTF8_STRING", "text/plain;charset=utf-8", "TEXT", "STRING")


@dataclass(frozen=True)
class _Wait:
    matches: Callable[[Any], bool]
    future: asyncio.Future[Any]


class Selections:
    """One connection to the X server. Made by `connected`."""

    def __init__(self, xdisplay: display.Display, on_owner: Callable[[str], None]) -> None:
        """`on_owner(selection)` is called when another program takes a selection."""
        self._display, self._on_owner = xdisplay, on_owner
        self._root = xdisplay.screen().root
        self._loop = asyncio.get_running_loop()
        self._waits: list[_Wait] = []
        self._retired: list[Any] = []
        self._names: dict[int, str] = {}
        self._copy = b""
        self._text_atoms: tuple[int, ...] = ()
        self.gone = asyncio.Event()
        self._fd = xdisplay.fileno()
        xdisplay.set_error_handler(_ignore)
        self._home = self._new_window()

    def watch(self, selections: list[str]) -> None:
        """Hear of new owners of these selections. Raises `ServerGone`."""
        if not self._display.has_extension("XFIXES"):
            raise NotReadable("the X server has no XFIXES extension")
        self._display.xfixes_query_version()
        for name in selections:
            self._display.xfixes_select_selection_input(
                self._home, self.atom(name), xfixes.XFixesSetSelectionOwnerNotifyMask
            )
        # XFixes tells of changes from now on; what is on the clipboard already stays unread
        self._loop.add_reader(self._fd, self._take_events)
        self._take_events()

    def close(self) -> None:
        self._lose()
        try:
            self._display.close()
        except (error.ConnectionClosedError, OSError):
            log.debug("the X server was gone already")

    def atom(self, name: str) -> int:
        return int(self._display.intern_atom(name))

    # ---- events

    def _take_events(self) -> None:
        """Everything that has arrived; also after each round trip, which reads events in passing."""
        if self.gone.is_set():
            return
        try:
            self._display.flush()
            while self._display.pending_events():
                self._take(self._display.next_event())
        except (error.ConnectionClosedError, OSError):
            self._lose()

    def _lose(self) -> None:
        if self.gone.is_set():
            return
        self.gone.set()
        self._loop.remove_reader(self._fd)
        for wait in self._waits:
            if not wait.future.done():
                wait.future.set_exception(ServerGone("the X server went away"))

    def _take(self, event: Any) -> None:
        owner_notify = self._display.extension_event.SetSelectionOwnerNotify
        if (event.type, getattr(event, "sub_code", None)) == owner_notify:
            self._take_owner(event)
        elif event.type == X.SelectionRequest:
            self._serve(event)
        elif event.type == X.SelectionClear:
            self._copy = b""
        for wait in self._waits:
            if not wait.future.done() and wait.matches(event):
                wait.future.set_result(event)

    def _take_owner(self, event: Any) -> None:
        self._bury()
        if event.owner != X.NONE and event.owner.id != self._home.id:
            self._on_owner(self._name(event.selection))

    async def _next(self, matches: Callable[[Any], bool], within_s: float) -> Any:
        """The next event that matches. Raises `TimeoutError` and `ServerGone`."""
        wait = _Wait(matches, self._loop.create_future())
        self._waits.append(wait)
        try:
            self._take_events()
            if self.gone.is_set():
                raise ServerGone("the X server went away")
            async with asyncio.timeout(within_s):
                return await wait.future
        finally:
            self._waits.remove(wait)
            if wait.future.done() and not wait.future.cancelled():
                wait.future.exception()  # retrieved

    # ---- reading

    async def targets(self, selection: str) -> list[str]:
        """What the owner offers; empty without an owner. Raises `NotReadable` and `ServerGone`."""
        async with self._transfer(selection, "TARGETS") as (window, answer):
            if answer.property == X.NONE:
                return []
            value = self._property(window, MOST_TARGETS * 4)
            atoms = value.value if value is not None and value.format == 32 else []
            return [self._name(int(atom)) for atom in atoms if atom]

    async def read(self, selection: str, target: str, most: int) -> bytes:
        """The bytes of one target, `most` at the most. Raises `NotReadable` and `ServerGone`."""
        try:
            async with (
                asyncio.timeout(TRANSFER_S),
                self._transfer(selection, target) as (window, answer),
            ):
                if answer.property == X.NONE:
                    raise NotReadable(f"its owner does not give {target}")
                value = self._property(window, most)
                if value is not None and self._name(value.property_type) == "INCR":
                    return await self._read_pieces(window, value.value, most)
                return _bytes(value)
        except TimeoutError:
            raise NotReadable("its owner is too slow") from None

    @asynccontextmanager
    async def _transfer(self, selection: str, target: str) -> AsyncIterator[tuple[Any, Any]]:
        """Ask for a conversion into a window of its own, so that a late answer meets nobody.

        The window goes when the selection has its next owner: an owner in the middle of sending
        might not survive that it vanishes.
        """
        window = self._new_window()
        names = (self.atom(selection), self.atom(target), self.atom("INGLE"))
        self._guarded(lambda: window.convert_selection(*names, X.CurrentTime))
        try:
            answer = await self._next(
                lambda e: e.type == X.SelectionNotify and e.requestor.id == window.id, ANSWER_S
            )
            yield window, answer
        except TimeoutError:
            self._retired.append(window)
            raise NotReadable("its owner does not answer") from None
        except BaseException:
            self._retired.append(window)
            raise
        self._guarded(window.destroy)

    def _property(self, window: Any, most: int) -> Any:
        """The property of a transfer, read up to `most` bytes. Raises `NotReadable` if it has more."""
        name = self.atom("INGLE")
        value = self._guarded(lambda: window.get_property(name, X.AnyPropertyType, 0, most // 4 + 1))
        if value is not None and value.bytes_after:
            raise NotReadable(f"it is over {most} bytes")
        return value

    async def _read_pieces(self, window: Any, announced: Any, most: int) -> bytes:
        """INCR (ICCCM 2.7.2): deleting the property asks for the next piece, an empty one ends it."""
        if announced and int(announced[0]) > most:
            raise NotReadable(f"it is over {most} bytes")
        name, whole = self.atom("INGLE"), bytearray()

        def is_next(event: Any) -> bool:
            return bool(
                event.type == X.PropertyNotify
                and event.window.id == window.id
                and event.atom == name
                and event.state == X.PropertyNewValue
            )

        while True:
            self._guarded(lambda: window.delete_property(name))
            await self._next(is_next, ANSWER_S)
            piece = self._property(window, most - len(whole))
            if piece is None or not piece.value:
                self._guarded(lambda: window.delete_property(name))
                return bytes(whole)
            whole += _bytes(piece)

    # ---- owning

    def copy(self, text: str) -> None:
        """Own the clipboard with `text`. Raises `NotReadable` when it is too long, and `ServerGone`."""
        raw = text.encode("utf-8", "replace")
        if len(raw) > LARGEST_COPY:
            raise NotReadable(f"a text over {LARGEST_COPY} bytes cannot be copied")
        self._copy = raw
        self._text_atoms = tuple(self.atom(name) for name in COPY_TARGETS)
        self._guarded(lambda: self._home.set_selection_owner(self.atom("CLIPBOARD"), X.CurrentTime))

    def _serve(self, event: Any) -> None:
        """Answer a program that pastes what we copied."""
        name = event.property or event.target
        if event.target == self.atom("TARGETS"):
            value = [event.target, *self._text_atoms, self.atom(OWN)]
            event.requestor.change_property(name, self.atom("ATOM"), 32, value)
        elif event.target in self._text_atoms and self._copy:
            for start in range(0, len(self._copy), MOST_IN_A_REQUEST):
                piece = self._copy[start : start + MOST_IN_A_REQUEST]
                mode = X.PropModeAppend if start else X.PropModeReplace
                event.requestor.change_property(name, event.target, 8, piece, mode)
        else:
            name = X.NONE
        event.requestor.send_event(
            xevent.SelectionNotify(
                time=event.time,
                requestor=event.requestor,
                selection=event.selection,
                target=event.target,
                property=name,
            )
        )
        self._display.flush()

    # ---- the connection

    def _new_window(self) -> Any:
        return self._guarded(
            lambda: self._root.create_window(
                0, 0, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask
            )
        )

    def _bury(self) -> None:
        for window in self._retired:
            window.destroy()
        self._retired.clear()

    def _name(self, atom: int) -> str:
        if atom not in self._names:
            try:
                self._names[atom] = str(self._guarded(lambda: self._display.get_atom_name(atom)))
            except error.BadAtom:
                return ""
        return self._names[atom]

    def _guarded(self, work: Callable[[], Any]) -> Any:
        """Talk to the server; its end becomes `ServerGone`."""
        try:
            result = work()
        except (error.ConnectionClosedError, OSError):
            self._lose()
            raise ServerGone("the X server went away") from None
        self._loop.call_soon(self._take_events)  # a round trip may have read events in passing
        return result


def _bytes(value: Any) -> bytes:
    """The text of a property. Raises `NotReadable` for anything but bytes."""
    if value is None or value.format != 8:
        raise NotReadable("it is not text")
    return bytes(value.value)


def _ignore(problem: Any, request: Any) -> None:
    """An error of a request without an answer: somebody's window has gone meanwhile."""
    log.debug("X error: %s", type(problem).__name__)


@asynccontextmanager
async def connected(names: list[str], on_owner: Callable[[str], None]) -> AsyncIterator[Selections]:
    """Connect to the X server and watch some selections for as long as the block.

    Raises `ServerGone`, and `NotReadable` for a server that cannot be watched.
    """
    try:
        async with asyncio.timeout(CONNECT_S):
            xdisplay = await asyncio.to_thread(display.Display)
    except (error.DisplayError, error.ConnectionClosedError, OSError, TimeoutError) as problem:
        raise ServerGone(f"the X server does not answer ({type(problem).__name__})") from None
    selections = Selections(xdisplay, on_owner)
    try:
        selections.watch(names)
        yield selections
    finally:
        selections.close()
