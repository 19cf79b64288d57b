"""Games that fill the screen, as X11 has them: the active window, its state and its class.

A film or a browser that fills the screen is no game: only windows of the classes that the person
named count. It sleeps until the X server tells of another active window or another state.
"""

import asyncio
import fnmatch
import select
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from Xlib import X, display, error

STOP_S = 0.3
"""For the thread to end; one that waits for an X server that hangs is left behind."""


class NoDisplay(Exception):
    """The X server is not there or went away."""


async def watch(classes: Sequence[str], say: Callable[[bool], Awaitable[None]]) -> None:
    """Tell whether a game fills the screen, at first and on every change. Raises `NoDisplay`."""
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[bool | None] = asyncio.Queue()

    def tell(is_game: bool | None) -> None:
        loop.call_soon_threadsafe(told.put_nowait, is_game)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        work = loop.run_in_executor(None, _follow, classes, theirs, tell)
        work.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (is_game := await told.get()) is not None:
                await say(is_game)
        finally:
            ours.close()
            await asyncio.wait([work], timeout=STOP_S)
        work.result()


def _follow(classes: Sequence[str], stop: socket.socket, tell: Callable[[bool], None]) -> None:
    """In a thread of its own, until `stop` is closed at the other end."""
    try:
        desk = _Desk(display.Display(), classes)
    except (error.DisplayError, error.XauthError, OSError) as reason:
        raise NoDisplay(f"no X server: {reason}") from None
    try:
        was: bool | None = None
        while True:
            is_game = desk.has_game()
            if is_game != was:
                was = is_game
                tell(is_game)
            if not desk.wait(stop):
                return
    except (error.ConnectionClosedError, OSError):
        raise NoDisplay("the X server went away") from None
    finally:
        desk.close()


class _Desk:
    """One connection to the X server."""

    def __init__(self, xdisplay: display.Display, classes: Sequence[str]) -> None:
        self._display, self._classes = xdisplay, classes
        self._root = xdisplay.screen().root
        self._active, self._state, self._fullscreen = (
            xdisplay.intern_atom(name)
            for name in ("_NET_ACTIVE_WINDOW", "_NET_WM_STATE", "_NET_WM_STATE_FULLSCREEN")
        )
        self._watched = 0
        xdisplay.set_error_handler(_ignore)
        self._root.change_attributes(event_mask=X.PropertyChangeMask)

    def close(self) -> None:
        try:
            self._display.close()
        except (error.ConnectionClosedError, OSError):
            return

    def has_game(self) -> bool:
        """Whether the active window is a game that fills the screen."""
        number = next(iter(self._property(self._root, self._active)), 0)
        if not number:
            return False
        window = self._display.create_resource_object("window", number)
        if number != self._watched:
            self._watched = number
            window.change_attributes(event_mask=X.PropertyChangeMask)
        return self._fullscreen in self._property(window, self._state) and is_game(
            self._class_of(window), self._classes
        )

    def _property(self, window: Any, atom: int) -> Sequence[int]:
        try:
            found = window.get_full_property(atom, X.AnyPropertyType)
        except error.BadWindow:  # it has been closed meanwhile
            return ()
        return found.value if found is not None else ()

    def _class_of(self, window: Any) -> tuple[str, ...]:
        try:
            return window.get_wm_class() or ()
        except error.BadWindow:
            return ()

    def wait(self, stop: socket.socket) -> bool:
        """Until something has changed; False when it is to end."""
        self._display.flush()
        if not self._display.pending_events():
            ready, _, _ = select.select([self._display.fileno(), stop], [], [])
            if stop in ready:
                return False
        while self._display.pending_events():
            self._display.next_event()
        return True


def is_game(names: Sequence[str], classes: Sequence[str]) -> bool:
    """Whether one of a window's names (WM_CLASS has two) is like one of `classes`; case is ignored."""
    return any(
        fnmatch.fnmatchcase(name.casefold(), pattern.casefold()) for name in names for pattern in classes
    )


def _ignore(*_: Any) -> None:
    """Errors of requests without an answer: a window was closed before it was watched."""
