"""popup: a window at the pointer, resident and hidden.

The window lives in the GLib thread, the conversation on the loop; between them go only calls that
nobody waits for, so that neither a busy daemon nor a busy display can hold up the other.
"""

import asyncio
import time
from functools import partial
from typing import Any

from ingle.sdk import Ingle, Plugin, Unavailable, command, glib

from .choices import Choice
from .controller import Controller
from .screen import Screen
from .window import Window

READY_S = 10.0
"""For the window to be built when a command comes first."""


class Popup(Plugin):
    """Builds the window, and lets commands and the person drive the conversation."""

    def __init__(self) -> None:
        self._controller: Controller | None = None
        self._built = asyncio.Event()
        self._called_s = 0.0
        self._painted_ms: float | None = None
        self._word_s: float | None = None

    async def run(self, ingle: Ingle) -> None:
        loop = asyncio.get_running_loop()
        window = await glib.call(Window, partial(loop.call_soon_threadsafe, self._hear), ingle.settings)
        try:
            async with asyncio.TaskGroup() as errands:
                self._controller = Controller(ingle, Threaded(window), errands)
                self._built.set()
                await self._controller.learn()
                await glib.call(window.warm_up)
                await asyncio.Event().wait()
        finally:
            self._controller = None
            self._built.clear()
            await glib.call(window.destroy)

    def _hear(self, what: str, *said: Any) -> None:
        if what == "worded":
            self._word_s = said[0]
            return
        if what == "painted":
            self._painted_ms = (said[0] - self._called_s) * 1000
            said = ()
        if self._controller is not None:
            self._controller.hear(what, *said)

    async def _there(self) -> Controller:
        try:
            async with asyncio.timeout(READY_S):
                await self._built.wait()
        except TimeoutError:
            raise Unavailable("the popup is not running") from None
        assert self._controller is not None
        return self._controller

    # ---- commands

    @command
    async def show(self, skill: str = "", text: str = "", question: str = "") -> None:
        """Open it at the pointer, or raise it; with `skill` that skill runs at once.

        Raises `NotFound` where there is no such skill.
        """
        self._called_s = time.monotonic()
        await (await self._there()).open(skill, text, question)

    @command
    async def show_result(self, id: str) -> None:  # noqa: A002 - the name of the argument on the wire
        """Open it on a kept result."""
        await (await self._there()).show_result(id)

    @command
    async def toggle(self) -> None:
        """Open it, or close it where it is open."""
        self._called_s = time.monotonic()
        await (await self._there()).toggle()

    @command
    async def hide(self) -> None:
        (await self._there()).close()

    @command
    async def state(self) -> dict[str, Any]:
        """For tests and figures: whether it is open, what it does, the milliseconds from the last
        call that opened it to its first painted picture, and when (on the monotonic clock) the
        first words of an answer were painted."""
        controller = await self._there()
        return {
            "open": controller.is_open,
            "phase": str(controller.model.phase),
            "painted_ms": self._painted_ms,
            "word_s": self._word_s,
        }


class Threaded:
    """The window as seen from the loop: every call goes over to the GLib thread, in order."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def present(self, *, takes_focus: bool) -> None:
        glib.call_soon(partial(self._window.present, takes_focus=takes_focus))

    def hide(self) -> None:
        glib.call_soon(self._window.hide)

    async def hidden(self) -> None:
        await glib.call(self._window.hide)

    def render(self, screen: Screen) -> None:
        glib.call_soon(self._window.render, screen)

    def append(self, run: int, text: str) -> None:
        glib.call_soon(self._window.reader.append, run, text)

    def offer(self, skills: list[Choice], commands: list[Choice], *, has_text: bool) -> None:
        glib.call_soon(partial(self._window.offer, skills, commands, has_text=has_text))

    def type(self, text: str) -> None:
        glib.call_soon(self._window.type, text)

    def read(self) -> None:
        glib.call_soon(self._window.read)

    def copy(self, text: str) -> None:
        glib.call_soon(self._window.copy, text)
