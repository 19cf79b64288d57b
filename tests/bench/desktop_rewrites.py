"""Rewriting in place: how long it takes, whether it ever hits another window, what it leaves on the clipboard.

The answer is given: a model's time is the same on both sides. Everything runs on a virtual desktop
with a window manager, a GTK 3 editor as the target, another as the thief, and real clipboard owners.
"""

import asyncio
import random
import shutil
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from figures import Figure, median
from place import ROOT, CannotMeasure, Effort, Place

from ingle.client import AsyncIngle

sys.path.append(str(ROOT / "tests"))
from desktop_sides import Ours, Side, Theirs, elapsed_ms

from desktop.selection_stage import (
    Look,
    Offer,
    Owner,
    Target,
    clipboard,
    digests,
    owner,
    target,
    window_manager,
    write_offer,
)

PROGRAMS = ("openbox", "xclip")
TRIES = 200
LATEST_S = 0.03
"""A theft comes at any moment from the beginning of the replacement to here."""
WAYS = "grabbed, given by the window manager, a new window, in turn"
OWN = "application/x-ingle-own"
TEXT, OLD, NEW = "one two three", "two", "ZWEI"
KINDS: dict[str, Offer] = {
    "image/png": {"image/png": ("image/png", 8, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000)},
    "text/html": {
        "text/html": ("text/html", 8, "<b>Grüße</b>".encode()),
        "UTF8_STRING": ("UTF8_STRING", 8, "Grüße".encode()),
    },
    "text/uri-list": {"text/uri-list": ("text/uri-list", 8, b"file:///a%20b\r\nfile:///c\r\n")},
    "5 MB text": {"UTF8_STRING": ("UTF8_STRING", 8, b"The hearth is warm. " * 262_144)},
}


@dataclass
class Stage:
    """Who is on it, and what was measured, by side."""

    look: Look
    editor: Target
    thief: Target
    copier: Owner
    offers: dict[str, Path]
    sides: list[Side]
    paste_ms: dict[str, list[float]] = field(default_factory=dict)
    restore_ms: dict[str, list[float]] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)
    pasted: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)


Theft = Callable[[Stage], Coroutine[Any, Any, None]]


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    needs_programs()
    with place.daemon() as ingle:
        ingle.call("plugin.enable", name="selection")
    tries = 4 if effort.is_quick else TRIES
    yield from asyncio.run(_all(place, 5 if effort.is_quick else 30, tries))


def needs_programs() -> None:
    """Raises `CannotMeasure` that names the one that is missing."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            raise CannotMeasure(f"{program} is missing (`packaging/setup --tests` installs it)")


async def _all(place: Place, rounds: int, tries: int) -> list[Figure]:
    async with AsyncExitStack() as stack:
        stage = await _set(stack, place)
        for _ in range(rounds):
            for side in stage.sides:
                await _time(stage, side)
        chance = random.Random(1)
        for number in range(tries):
            for side in stage.sides:
                theft = THEFTS[number % len(THEFTS)]
                await _steal(stage, side, theft, chance.uniform(0, LATEST_S))
        for number in range(tries):
            for side in stage.sides:
                await _keep(stage, side, list(KINDS)[number % len(KINDS)])
        return _figures(stage, tries)


async def _set(stack: AsyncExitStack, place: Place) -> Stage:
    await stack.enter_async_context(window_manager())
    look = stack.enter_context(Look())
    thief = await stack.enter_async_context(target("thief"))
    editor = await stack.enter_async_context(target("editor"))
    offers = {
        name: write_offer(place.root / f"{at}.json", offer)
        for at, (name, offer) in enumerate(KINDS.items())
    }
    copier = await stack.enter_async_context(owner(place.root, KINDS["text/html"]))
    ingle = await stack.enter_async_context(AsyncIngle(place.paths.socket))
    theirs = Theirs()
    stack.callback(theirs.close)
    return Stage(look, editor, thief, copier, offers, [Ours(ingle), theirs])


async def _ready(stage: Stage, side: Side) -> None:
    """The editor has the focus and a word selected, and the side has read it."""
    await asyncio.to_thread(stage.look.activate, stage.editor.window)
    stage.look.grab_focus(stage.editor.window)
    await stage.editor.write(TEXT, TEXT.index(OLD), TEXT.index(OLD) + len(OLD))
    if await side.read() != OLD:
        raise CannotMeasure(f"{side.name} did not read what is selected")


async def _time(stage: Stage, side: Side) -> None:
    await stage.copier.copy(stage.offers["text/html"])
    await _ready(stage, side)
    began = time.perf_counter()
    going = asyncio.ensure_future(side.replace(NEW))
    await stage.editor.until_text(TEXT.replace(OLD, NEW))
    stage.paste_ms.setdefault(side.name, []).append(elapsed_ms(began))
    await going
    stage.restore_ms.setdefault(side.name, []).append(elapsed_ms(began))


async def _grab(stage: Stage) -> None:
    """Past the window manager, as a rude program does."""
    stage.look.grab_focus(stage.thief.window)


async def _activate(stage: Stage) -> None:
    """The window manager gives it the focus, as when the person turns to it in the taskbar."""
    stage.look.steal(stage.thief.window)
    await asyncio.to_thread(stage.look.until, lambda: stage.look.active() == stage.thief.window)


async def _open(stage: Stage) -> None:
    """A window that was not there comes up, and the window manager gives it the focus."""
    await stage.thief.do("show")
    await _activate(stage)


THEFTS: tuple[Theft, ...] = (_grab, _activate, _open)


async def _steal(stage: Stage, side: Side, theft: Theft, delay_s: float) -> None:
    await stage.copier.copy(stage.offers["text/html"])
    await stage.thief.do("hide" if theft is _open else "show")
    await _ready(stage, side)
    await stage.thief.do("text", text="")
    stealing = asyncio.create_task(_later(delay_s, theft, stage))
    await side.replace(NEW)
    await stealing
    text, _ = await stage.thief.say()
    stage.wrong[side.name] = stage.wrong.get(side.name, 0) + bool(text)
    text, _ = await stage.editor.say()
    stage.pasted[side.name] = stage.pasted.get(side.name, 0) + (text == TEXT.replace(OLD, NEW))


async def _later(delay_s: float, theft: Theft, stage: Stage) -> None:
    """At a random moment, which no event tells."""
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=delay_s)
    await theft(stage)


async def _keep(stage: Stage, side: Side, kind: str) -> None:
    await stage.copier.copy(stage.offers[kind])
    await _ready(stage, side)
    await side.replace(NEW)
    found = await asyncio.to_thread(clipboard)
    found.pop(OWN, None)
    is_equal = digests(found) == digests({name: raw for name, (_, _, raw) in KINDS[kind].items()})
    stage.kept[side.name] = stage.kept.get(side.name, 0) + is_equal


def _figures(stage: Stage, tries: int) -> list[Figure]:
    ours, theirs = (side.name for side in stage.sides)
    peer = {"peer_name": theirs}

    def times(name: str, values: dict[str, list[float]], most: float | None) -> Figure:
        other = median("", values[theirs], "ms").value
        return median(name, values[ours], "ms", most=most, peer=other, **peer)

    def count(name: str, values: dict[str, int], note: str = "", **promise: float) -> Figure:
        return Figure(
            name,
            values[ours],
            f"of {tries}",
            peer=values[theirs],
            note=note,
            peer_name=theirs,
            **promise,
        )

    return [
        times("replace: until the text is there", stage.paste_ms, None),
        times("replace: until the clipboard is back", stage.restore_ms, 300),
        count("pastes into a wrong window, focus stolen", stage.wrong, WAYS, most=0),
        count("pastes that came in spite of the theft", stage.pasted),
        count("clipboard sha256-equal afterwards", stage.kept, least=tries),
    ]
