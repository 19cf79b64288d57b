"""The focus is stolen at random moments while a text is being replaced: it goes where it belongs, or
nowhere. `make bench BENCH=desktop` does the same 200 times, beside what others do."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.selection_in_memory import desk, editor, ingle
from desktop.selection_stage import Look, Target, owner, target
from ingle.sdk.testing import FakeIngle

pytestmark = [pytest.mark.desktop, pytest.mark.timeout(300)]
__all__ = ["desk", "editor", "ingle"]  # fixtures

HELD = {"UTF8_STRING": ("UTF8_STRING", 8, b"what I copied")}
LOOKS = 500
TRIES = 40
LATEST_S = 0.03
"""A theft may come at any moment up to here; the chord is pressed after some milliseconds."""


Steal = Callable[[int], None]


async def attempt(ingle: FakeIngle, editor: Target, steal: Callable[[], None], delay_s: float) -> None:
    """One replacement with one theft."""
    await editor.write("one two three", 4, 7)
    taken = await ingle.command("take")
    assert taken["text"] == "two"
    theft = asyncio.get_running_loop().call_later(delay_s, steal)
    done = await ingle.command("replace", id=taken["id"], text="ZWEI")
    if theft.when() > asyncio.get_running_loop().time():
        theft.cancel()
        steal()
    expected = "one ZWEI three" if done["replaced"] else "one two three"
    for _ in range(LOOKS):  # what was fetched is put in a moment later
        if (await editor.say())[0] == expected:
            break
    assert (await editor.say())[0] == expected


@pytest.mark.parametrize("way", ["the window manager", "rudely"])
async def test_another_program_steals_the_focus(
    desk: Look, editor: Target, ingle: FakeIngle, tmp_path: Path, way: str
) -> None:
    chance = random.Random(4)
    steal: Steal = desk.steal if way == "the window manager" else desk.grab_focus
    async with target("thief") as thief, owner(tmp_path, HELD):
        await asyncio.to_thread(desk.until_active, thief.window)
        for _ in range(TRIES):
            await asyncio.to_thread(desk.activate, editor.window)
            desk.grab_focus(editor.window)
            delay_s = chance.uniform(0, LATEST_S)
            await attempt(ingle, editor, lambda: steal(thief.window), delay_s)
            assert (await thief.say())[0] == ""


async def test_another_window_of_the_same_program_steals_the_focus(
    desk: Look, editor: Target, ingle: FakeIngle
) -> None:
    """Who fetches the text is the same program in both cases: here only the order of things helps."""
    chance = random.Random(5)
    second = await editor.open_second()
    for _ in range(TRIES):
        await asyncio.to_thread(desk.activate, editor.window)
        delay_s = chance.uniform(0, LATEST_S)
        await attempt(ingle, editor, lambda: desk.steal(second), delay_s)
        assert await editor.say_second() == ""
