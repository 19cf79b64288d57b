"""From a chord to the popup on the screen, and to the first word in it; what the desktop's process weighs.

Beside the flow of WritingTools, in a program of its own (`desktop_peer`). Both start when the key
event is handed to the X server. The popup is there when the server tells that most of its window has
been drawn; the first word is told by each program itself, with the time at which it was drawn.
"""

import asyncio
import shutil
import statistics
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import desktop_hosts
from desktop_rewrites import needs_programs
from desktop_screen import Screen
from desktop_sides import Theirs
from figures import Figure, median, percentile
from place import ROOT, CannotMeasure, Effort, Place

from desktop.selection_stage import Look, Target, Told, started, target, window_manager
from desktop.tray_panels import trayer
from ingle.client import AsyncIngle

TEXT = ROOT / "packaging" / "demo" / "text.txt"
WORDS = 60
PLUGINS = ("selection", "popup", "hotkey")
POPUP = ("Control_L", "Alt_L", "space")
THEIR_POPUP = ("Control_L", "Alt_L", "w")
CONFIG = """[plugins.hotkey]
backend = "x11"
bindings = ["Ctrl+Alt+1 = skill:bench-short", "Ctrl+Alt+2 = skill:bench-long"]
"""
SKILL = """summary = "Go on for {tokens} tokens"
needs = "tiny"
output = "text"
[prompt]
user = "Continue this text at length:\\n\\n{{text}}\\n\\nHow it goes on:"
[parameters]
length = {{ least = {tokens}, most = {tokens} }}
"""
PEER = Path(__file__).parent / "desktop_peer.py"
ANSWER_S, TRAY_S, GLANCE_S = 120.0, 20.0, 0.02


@dataclass(frozen=True)
class Length:
    """Of an answer, with the chords that ask for it: a skill that the smallest model writes, too."""

    name: str
    tokens: int
    is_streamed: bool
    """Or so short that it is shown once it is there: its beginning could be a preamble."""
    ours: tuple[str, ...]
    theirs: tuple[str, ...]

    @property
    def skill(self) -> str:
        return f"bench-{self.name}"


LENGTHS = (
    Length("short", 16, False, ("Control_L", "Alt_L", "1"), ("Control_L", "Alt_L", "3")),
    Length("long", 160, True, ("Control_L", "Alt_L", "2"), ("Control_L", "Alt_L", "4")),
)


@dataclass
class Times:
    """The first word and the whole answer by the name of the length; theirs come at once."""

    painted_ms: list[float] = field(default_factory=list)
    their_painted_ms: list[float] = field(default_factory=list)
    word_s: dict[str, list[float]] = field(default_factory=dict)
    whole_s: dict[str, list[float]] = field(default_factory=dict)
    their_whole_s: dict[str, list[float]] = field(default_factory=dict)
    characters: dict[str, list[int]] = field(default_factory=dict)
    their_characters: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class Stage:
    """Who is on it. The editor has the focus and a text selected before each chord."""

    ingle: AsyncIngle
    look: Look
    screen: Screen
    editor: Target
    peer: Told

    async def ready(self, text: str) -> None:
        await self.call("popup", "hide")
        await self.hide_peer()
        await asyncio.to_thread(self.look.activate, self.editor.window)
        await self.editor.write(text)
        self.screen.forget()

    async def hide_peer(self) -> None:
        assert self.peer.process.stdin is not None
        self.peer.process.stdin.write(b"hide\n")
        await self.peer.process.stdin.drain()
        await self.peer.until(lambda told: "hidden" in told)

    async def call(self, plugin: str, command: str) -> Any:
        return await self.ingle.call("plugin.call", plugin=plugin, command=command, args={})


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    needs_programs()
    opens, answers = (5, 2) if effort.is_quick else (60, 6)
    for length in LENGTHS:
        folder = place.paths.skills
        folder.mkdir(parents=True, exist_ok=True)
        text = SKILL.format(tokens=length.tokens)
        (folder / f"{length.skill}.toml").write_text(text, encoding="utf-8")
    with desktop_hosts.only(place, CONFIG, PLUGINS) as ingle:
        times = asyncio.run(_all(place, opens, answers))
        yield from _figures(times)
        yield from desktop_hosts.weight(ingle.status(), "popup alone")
        desktop_hosts.enable_all(ingle)
        yield from asyncio.run(_weigh_all(place))


async def _all(place: Place, opens: int, answers: int) -> Times:
    times = Times()
    async with AsyncExitStack() as stack:
        stage = await _set(stack, place)
        for _ in range(opens):
            times.painted_ms.append(await _open(stage, POPUP))
            times.their_painted_ms.append(await _open(stage, THEIR_POPUP))
            await stage.peer.until(lambda told: "captured" in told)
        for number in range((1 + answers) * len(LENGTHS)):
            is_warm = number >= len(LENGTHS)
            await _ask_both(stage, number, times if is_warm else Times())
    return times


async def _weigh_all(place: Place) -> list[Figure]:
    """All the plugins of the desktop, with a tray if there is one to be had; the popup was opened."""
    async with AsyncExitStack() as stack:
        if shutil.which("trayer"):
            await stack.enter_async_context(trayer())
        stage = await _set(stack, place)
        await _open(stage, POPUP)
        with suppress(TimeoutError):
            async with asyncio.timeout(TRAY_S):
                while desktop_hosts.waiting(await stage.ingle.status()):
                    await _glance()
        return list(desktop_hosts.weight(await stage.ingle.status(), "all plugins"))


async def _set(stack: AsyncExitStack, place: Place) -> Stage:
    """Everybody is there, and what is made on the first use is made."""
    await stack.enter_async_context(window_manager())
    look = stack.enter_context(Look())
    screen = Screen(look)
    editor = await stack.enter_async_context(target("editor"))
    argv = [sys.executable, str(PEER), str(place.paths.socket), f"{THEIR_POPUP[-1]}="]
    argv += [f"{length.theirs[-1]}={length.skill}" for length in LENGTHS]
    peer = await stack.enter_async_context(started(Told, *argv))
    await peer.until(lambda told: "ready" in told)
    ingle = await stack.enter_async_context(AsyncIngle(place.paths.socket))
    stage = Stage(ingle, look, screen, editor, peer)
    await _until_bound(stage)
    await stage.ready("one two three")
    screen.press(POPUP)
    await asyncio.to_thread(look.until, lambda: look.active() not in {0, editor.window})
    screen.watch(look.active())
    return stage


async def _until_bound(stage: Stage) -> None:
    async with asyncio.timeout(ANSWER_S):
        while not all(each["state"] == "bound" for each in await stage.call("hotkey", "bindings")):
            await _glance()


async def _open(stage: Stage, chord: tuple[str, ...]) -> float:
    await stage.ready("one two three")
    began = stage.screen.press(chord)
    return (await asyncio.to_thread(stage.screen.until_painted) - began) * 1000


async def _ask_both(stage: Stage, number: int, times: Times) -> None:
    """Each is the first in every other pair."""
    turn, at = divmod(number, len(LENGTHS))
    sides = (_ask, _ask_them) if turn % 2 else (_ask_them, _ask)
    for place, ask in enumerate(sides):
        await ask(stage, LENGTHS[at], _text(2 * number + place), times)


async def _ask(stage: Stage, length: Length, text: str, times: Times) -> None:
    await stage.ready(text)
    began = stage.screen.press(length.ours)
    async with asyncio.timeout(ANSWER_S):
        while not _has_answered(state := await stage.call("popup", "state"), began):
            await _glance()
    if state["phase"] == "failed":
        raise CannotMeasure("the popup has no answer")
    times.word_s.setdefault(length.name, []).append(state["word_s"] - began)
    times.whole_s.setdefault(length.name, []).append(asyncio.get_running_loop().time() - began)
    kept = await stage.ingle.call("result.list", limit=1)
    times.characters.setdefault(length.name, []).append(len(kept[0]["text"]))


async def _ask_them(stage: Stage, length: Length, text: str, times: Times) -> None:
    await stage.ready(text)
    began = stage.screen.press(length.theirs)
    async with asyncio.timeout(ANSWER_S):
        told = await stage.peer.until(lambda told: "worded" in told)
    if not told["characters"]:
        raise CannotMeasure(f"{Theirs.name} has no answer")
    times.their_whole_s.setdefault(length.name, []).append(told["worded"] - began)
    times.their_characters.setdefault(length.name, []).append(told["characters"])


def _has_answered(state: dict[str, Any], began: float) -> bool:
    is_worded = (state["word_s"] or 0.0) > began
    return state["phase"] == "failed" or (is_worded and state["phase"] == "done")


async def _glance() -> None:
    """Between two looks at what tells nobody that it changed."""
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=GLANCE_S)


def _text(number: int) -> str:
    """Some words that begin differently each time: what was read before is not read again."""
    words = TEXT.read_text(encoding="utf-8").split()
    start = number // 2 * 37 % len(words)  # the same for both sides
    return " ".join([f"Note {number}.", *(words[start:] + words[:start])[:WORDS]])


def _figures(times: Times) -> Iterator[Figure]:
    name, theirs = Theirs.name, times.their_painted_ms
    peer = statistics.median(theirs)
    yield median("chord to painted popup, p50", times.painted_ms, "ms", peer=peer, peer_name=name)
    ours, peer = percentile(times.painted_ms, 0.95), percentile(theirs, 0.95)
    yield Figure("chord to painted popup, p95", ours, "ms", most=100, peer=peer, peer_name=name)
    for length in LENGTHS:
        yield from _answer_figures(times, length)


def _answer_figures(times: Times, length: Length) -> Iterator[Figure]:
    answer = f"{length.name} answer"
    peer = statistics.median(times.their_whole_s[length.name])
    both: dict[str, Any] = {"peer": peer, "peer_name": Theirs.name}
    ours, theirs = (
        statistics.median(one[length.name]) for one in (times.characters, times.their_characters)
    )
    note = f"{ours:.0f} characters, theirs {theirs:.0f}"
    most = peer if length.is_streamed else None
    yield median(f"chord to first word, {answer}", times.word_s[length.name], "s", most=most, **both)
    whole = times.whole_s[length.name]
    yield median(f"chord to the whole, {answer}", whole, "s", note=note, **both)
