"""From a chord to the popup on the screen, and to the first word in it; what the desktop's process weighs.

Measured from outside: the clock starts when the key event is handed to the X server and stops when the
server tells that most of the popup's window has been drawn (X Damage). Only the first word is told by the
popup itself, with the time at which it was drawn.
"""

import asyncio
import select
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import psutil
from desktop_rewrites import needs_programs
from desktop_sides import elapsed_ms
from figures import Figure, median, percentile
from place import ROOT, CannotMeasure, Effort, Place
from Xlib import XK, X
from Xlib.ext import damage, xtest

from desktop.selection_stage import Look, Target, target, window_manager
from ingle.client import AsyncIngle

TEXT = ROOT / "packaging" / "demo" / "text.txt"
WORDS = 200
PLUGINS = ("selection", "popup", "hotkey")
POPUP = ("Control_L", "Alt_L", "space")
SKILL = ("Control_L", "Alt_L", "r")
CONFIG = '[plugins.hotkey]\nbackend = "x11"\nbindings = ["Ctrl+Alt+R = skill:summarize"]\n'
PAINTED_SHARE = 0.5
"""Of the window: a caret or a spinner is not a picture."""
PAINTED_S, ANSWER_S, GLANCE_S = 10.0, 120.0, 0.02
MIB = 2**20


@dataclass
class Times:
    painted_ms: list[float] = field(default_factory=list)
    word_s: list[float] = field(default_factory=list)
    whole_s: list[float] = field(default_factory=list)


class Screen:
    """The popup's window, as the X server sees it."""

    def __init__(self, look: Look) -> None:
        self._look, self._display = look, look.display
        if not self._display.has_extension("DAMAGE"):
            raise CannotMeasure("this X server has no DAMAGE extension")
        self._display.damage_query_version()
        self._window: Any = None

    def watch(self, number: int) -> None:
        self._window = self._display.create_resource_object("window", number)
        self._window.damage_create(damage.DamageReportRawRectangles)
        self._display.sync()

    def forget(self) -> None:
        """What was drawn before is of no interest."""
        self._display.sync()
        while self._display.pending_events():
            self._display.next_event()

    def press(self, names: tuple[str, ...]) -> float:
        """Press a chord; the moment at which its last key went to the server."""
        codes = [self._display.keysym_to_keycode(XK.string_to_keysym(name)) for name in names]
        for code in codes[:-1]:
            xtest.fake_input(self._display, X.KeyPress, code)
        self._display.sync()
        began = time.perf_counter()
        xtest.fake_input(self._display, X.KeyPress, codes[-1])
        for code in reversed(codes):
            xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.flush()
        return began

    def until_painted(self) -> None:
        found = self._window.get_geometry()
        missing = PAINTED_SHARE * found.width * found.height
        while missing > 0:
            if (
                not self._display.pending_events()
                and not select.select([self._display.fileno()], [], [], PAINTED_S)[0]
            ):
                raise CannotMeasure("the popup was not drawn")
            while self._display.pending_events():
                event = self._display.next_event()
                if type(event).__name__ == "DamageNotify":
                    missing -= event.area.width * event.area.height


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    needs_programs()
    place.stop()
    place.paths.config.mkdir(exist_ok=True)
    place.paths.config_file.write_text(CONFIG, encoding="utf-8")
    try:
        with place.daemon() as ingle:
            for name in PLUGINS:
                ingle.call("plugin.enable", name=name)
            status = ingle.status()
        pid = next(plugin.pid for plugin in status.plugins if plugin.name == "popup")
        names = [plugin.name for plugin in status.plugins if plugin.pid == pid]
        times = asyncio.run(_all(place, 5 if effort.is_quick else 100, 2 if effort.is_quick else 10))
        yield from _figures(times)
        rss = psutil.Process(pid).memory_info().rss / MIB
        yield Figure("RSS of the desktop host", rss, "MiB", note=", ".join(names))
    finally:
        place.reset()


async def _all(place: Place, opens: int, answers: int) -> Times:
    times = Times()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(window_manager())
        look = stack.enter_context(Look())
        screen = Screen(look)
        editor = await stack.enter_async_context(target("editor"))
        ingle = await stack.enter_async_context(AsyncIngle(place.paths.socket))
        await _until_bound(ingle)
        await _first(ingle, look, screen, editor)
        for _ in range(opens):
            times.painted_ms.append(await _open(ingle, look, screen, editor))
        for number in range(answers):
            await _ask(ingle, look, screen, editor, _text(number), times)
    return times


async def _until_bound(ingle: AsyncIngle) -> None:
    async with asyncio.timeout(ANSWER_S):
        while not all(each["state"] == "bound" for each in await _call(ingle, "hotkey", "bindings")):
            await _glance()


async def _first(ingle: AsyncIngle, look: Look, screen: Screen, editor: Target) -> None:
    """Find out which window it is; what is made on the first use is made now."""
    await _ready(ingle, look, editor, "one two three")
    screen.press(POPUP)
    await asyncio.to_thread(look.until, lambda: look.active() not in {0, editor.window})
    screen.watch(look.active())


async def _ready(ingle: AsyncIngle, look: Look, editor: Target, text: str) -> None:
    await _call(ingle, "popup", "hide")
    await asyncio.to_thread(look.activate, editor.window)
    await editor.write(text)


async def _open(ingle: AsyncIngle, look: Look, screen: Screen, editor: Target) -> float:
    await _ready(ingle, look, editor, "one two three")
    screen.forget()
    began = screen.press(POPUP)
    await asyncio.to_thread(screen.until_painted)
    return elapsed_ms(began)


async def _ask(
    ingle: AsyncIngle, look: Look, screen: Screen, editor: Target, text: str, times: Times
) -> None:
    await _ready(ingle, look, editor, text)
    began = time.monotonic()
    screen.press(SKILL)
    async with asyncio.timeout(ANSWER_S):
        while not _is_answered(state := await _call(ingle, "popup", "state"), began):
            await _glance()
    if "word_s" in state:
        times.word_s.append(state["word_s"] - began)
    times.whole_s.append(time.monotonic() - began)


def _is_answered(state: dict[str, Any], began: float) -> bool:
    is_drawn = "word_s" not in state or (state["word_s"] or 0.0) > began
    return is_drawn and state["phase"] in {"done", "failed"}


async def _call(ingle: AsyncIngle, plugin: str, command: str) -> Any:
    return await ingle.call("plugin.call", plugin=plugin, command=command, args={})


async def _glance() -> None:
    """Between two looks at what tells nobody that it changed."""
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=GLANCE_S)


def _text(number: int) -> str:
    """Some words, each time from another place: what was read before is not read again."""
    words = TEXT.read_text(encoding="utf-8").split()
    start = number * 37 % len(words)
    return " ".join((words[start:] + words[:start])[:WORDS])


def _figures(times: Times) -> Iterator[Figure]:
    painted = times.painted_ms
    yield median("chord to painted popup, p50", painted, "ms")
    yield Figure("chord to painted popup, p95", percentile(painted, 0.95), "ms", most=100)
    note = f"summary of {WORDS} words"
    if times.word_s:
        yield median("chord to first word in the popup", times.word_s, "s", note=note)
    yield median("chord to the whole answer", times.whole_s, "s", note=note)
