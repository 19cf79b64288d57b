"""X11: passive grabs (XGrabKey). No root; the chord reaches nobody else, and a conflict is seen.

Nothing is polled but while a chord is held: the grab that X keeps until the key is released would
keep the keyboard from the popup, and keys that are sent for the person from the other program. So
it is given back at once; whether the key is still down, and a further press only its autorepeat,
is then asked for. Round trips to the X server run in a thread.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from Xlib import X, display, error

from .binding import Binding, Desk, Lost
from .x11_keys import ALL_MODIFIERS, Keymap

log = logging.getLogger(__name__)

NAME = "x11"
CONNECT_S = 5.0
CLOSE_S = 0.3
"""For the grabs to be given back: what follows, with new settings for example, wants them."""
HELD_S = 0.015
"""Between two looks whether a key is still down; nobody presses one again sooner."""
SOONEST_REPEAT_MS = 100
"""What desktops allow as the shortest delay of autorepeat; X has 500 by itself."""
TIME_WRAPS = 1 << 32
GONE = "the X server went away"
TAKEN = "another program has this chord"

_ENDS = (error.ConnectionClosedError, OSError)


class X11:
    """The back end."""

    def __init__(self) -> None:
        self._grabs: Grabs | None = None

    async def serve(self, desk: Desk) -> None:
        """Raises `Lost`."""
        self._grabs = Grabs(await _connect(), desk)
        try:
            await self._grabs.live()
        finally:
            await self._grabs.end()
            self._grabs = None

    async def try_again(self) -> None:
        """What was taken may have been given back: X11 tells of no such thing."""
        if self._grabs is not None:
            with suppress(Lost):
                await self._grabs.take_missing()


class Grabs:
    """The chords of one connection to the X server."""

    def __init__(self, xdisplay: display.Display, desk: Desk) -> None:
        self._display, self._desk = xdisplay, desk
        self._roots = [xdisplay.screen(n).root for n in range(xdisplay.screen_count())]
        self._loop, self._fd = asyncio.get_running_loop(), xdisplay.fileno()
        self._keymap = Keymap(0, (), ())
        self._grabbed: dict[tuple[int, int], Binding] = {}
        self._held: dict[int, int] = {}
        """Keys that are down, as far as is known, with the X server's time of their press."""
        self._is_gone = self._is_stale = False
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        """Who talks to the server, the loop or a thread for it."""
        xdisplay.set_error_handler(_ignore)

    async def live(self) -> None:
        """Grab, and grab anew whenever the keyboard's map changes. Raises `Lost`."""
        await self._take_all()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(HELD_S if self._held else None):
                    await self._wake.wait()
            self._wake.clear()
            if self._is_stale:
                self._is_stale = False
                await self._take_all()
            if self._held:
                await self._in_thread(self._look_what_is_held)
            if self._is_gone:
                raise Lost(GONE)

    async def _take_all(self) -> None:
        await self._in_thread(self._grab_all)
        self._desk.on_change()

    async def take_missing(self) -> None:
        """Try what is not bound once more. Raises `Lost`."""
        await self._in_thread(self._grab_missing)
        self._desk.on_change()

    async def end(self) -> None:
        """Give everything back. An X server that hangs is left alone after a moment."""
        self._loop.remove_reader(self._fd)
        self._is_gone = True
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with suppress(*_ENDS):
            self._ungrab_all()
            self._display.sync()
        with suppress(*_ENDS):
            self._display.close()

    # ---- on the loop

    async def _in_thread(self, work: Callable[[], None]) -> None:
        """Round trips; events that arrive meanwhile are taken afterwards. Raises `Lost`."""
        async with self._turn:
            if self._is_gone:
                raise Lost(GONE)
            self._loop.remove_reader(self._fd)
            try:
                await asyncio.to_thread(work)
            except _ENDS:
                self._lose()
                raise Lost(GONE) from None
            self._loop.add_reader(self._fd, self._take_events)
        self._take_events()

    def _take_events(self) -> None:
        try:
            while self._display.pending_events():
                self._take(self._display.next_event())
            self._display.flush()
        except _ENDS:
            self._lose()

    def _lose(self) -> None:
        self._loop.remove_reader(self._fd)
        self._is_gone = True
        self._wake.set()

    def _take(self, event: Any) -> None:
        if event.type == X.KeyPress:
            self._take_press(event)
        elif event.type == X.MappingNotify and event.request != X.MappingPointer:
            self._is_stale = True
            self._wake.set()

    def _take_press(self, event: Any) -> None:
        """A press of a key that is held is autorepeat; it is kept from the others all the same."""
        self._display.ungrab_keyboard(event.time)
        self._display.flush()
        mask = event.state & ALL_MODIFIERS & ~self._keymap.locks
        binding = self._grabbed.get((event.detail, mask))
        if binding is None or self._repeats(event):
            return
        self._desk.on_press(binding)
        self._held[event.detail] = event.time
        self._wake.set()

    def _repeats(self, event: Any) -> bool:
        """So soon after the first press it is another one, of a key whose release is not known yet."""
        pressed = self._held.get(event.detail)
        return pressed is not None and (event.time - pressed) % TIME_WRAPS >= SOONEST_REPEAT_MS

    # ---- in a thread

    def _look_what_is_held(self) -> None:
        down = self._display.query_keymap()
        self._held = {code: time for code, time in self._held.items() if down[code // 8] & 1 << code % 8}

    def _grab_all(self) -> None:
        """What is grabbed is decided anew: the layout is another one, or new."""
        self._ungrab_all()
        self._keymap = self._read_keymap()
        for binding in self._desk.bindings:
            binding.waits("it is being bound")
        self._grab_missing()

    def _read_keymap(self) -> Keymap:
        info = self._display.display.info
        count = info.max_keycode - info.min_keycode + 1
        keysyms = self._display.get_keyboard_mapping(info.min_keycode, count)
        return Keymap(info.min_keycode, keysyms, self._display.get_modifier_mapping())

    def _grab_missing(self) -> None:
        for binding in self._desk.bindings:
            if binding.state != "bound":
                self._grab(binding)

    def _grab(self, binding: Binding) -> None:
        code, mask = self._keymap.keycode(binding.chord), self._keymap.mask(binding.chord)
        if code is None:
            binding.is_taken(NAME, "this keyboard layout has no such key")
        elif other := self._grabbed.get((code, mask)):
            binding.is_taken(NAME, f"in this keyboard layout it is the key of {other.chord}")
        elif self._grab_key(code, mask):
            self._grabbed[code, mask] = binding
            binding.is_bound(NAME)
        else:
            binding.is_taken(NAME, TAKEN)

    def _grab_key(self, code: int, mask: int) -> bool:
        """With every state of the lock keys, on every screen; all or nothing."""
        refused = error.CatchError(error.BadAccess)
        masks = [mask | locks for locks in self._keymap.lock_states()]
        for root in self._roots:
            for each in masks:
                root.grab_key(code, each, False, X.GrabModeAsync, X.GrabModeAsync, onerror=refused)
        self._display.sync()
        if refused.get_error() is None:
            return True
        for root in self._roots:
            for each in masks:
                root.ungrab_key(code, each)
        return False

    def _ungrab_all(self) -> None:
        self._grabbed.clear()
        for root in self._roots:
            root.ungrab_key(X.AnyKey, X.AnyModifier)


def _ignore(problem: Any, request: Any) -> None:
    """An error of a request without an answer."""
    log.debug("X error: %s", type(problem).__name__)


async def _connect() -> display.Display:
    """Raises `Lost`."""
    try:
        async with asyncio.timeout(CONNECT_S):
            return await asyncio.to_thread(display.Display)
    except (error.DisplayError, *_ENDS, TimeoutError) as problem:
        raise Lost(f"the X server does not answer ({type(problem).__name__})") from None
