"""Taking replacements back, on a real X server."""

import asyncio
from pathlib import Path

import pytest

from desktop.selection_in_memory import OWN, RICH, desk, editor, focused, ingle, rewrite
from desktop.selection_stage import Look, Target, clipboard, digests, owner, target
from ingle.sdk.testing import FakeIngle

pytestmark = pytest.mark.desktop
__all__ = ["desk", "editor", "ingle"]  # fixtures


async def test_undo_puts_the_old_text_back(editor: Target, ingle: FakeIngle) -> None:
    await editor.write("one two three", 4, 7)
    assert (await rewrite(ingle, "ZWEI"))["replaced"]
    assert await ingle.command("undo") == {"undone": True, "reason": None, "text": None}
    assert (await editor.say())[0] == "one two three"
    assert (await ingle.command("undo"))["reason"] == "there is nothing to undo"


async def test_undo_finds_its_window_again(editor: Target, ingle: FakeIngle, desk: Look) -> None:
    await editor.write("one two three", 4, 7)
    assert (await rewrite(ingle, "ZWEI"))["replaced"]
    async with target("other") as other:
        await focused(desk, other.window)
        assert (await ingle.command("undo"))["undone"]
    assert (await editor.say())[0] == "one two three"


async def test_undo_leaves_what_was_changed_since_and_gives_the_old_text(
    editor: Target, ingle: FakeIngle
) -> None:
    await editor.write("one two three", 4, 7)
    assert (await rewrite(ingle, "ZWEI"))["replaced"]
    await editor.do("caret", at=2)
    done = await ingle.command("undo")
    assert (done["undone"], done["text"]) == (False, "two")
    assert (await editor.say())[0] == "one ZWEI three"
    await editor.do("select", start=4, end=8)
    assert (await ingle.command("undo"))["undone"]
    assert (await editor.say())[0] == "one two three"


async def test_undo_in_a_closed_window_gives_the_old_text(editor: Target, ingle: FakeIngle) -> None:
    await editor.write("old")
    assert (await rewrite(ingle, "new"))["replaced"]
    await editor.do("close")
    await editor.process.wait()
    done = await ingle.command("undo")
    assert (done["undone"], done["text"], "closed" in done["reason"]) == (False, "old", True)


async def test_the_last_twenty_can_be_undone(editor: Target, ingle: FakeIngle) -> None:
    ids = []
    for number in range(21):
        await editor.write(f"old {number}")
        ids.append((await rewrite(ingle, f"new {number}"))["undo"])
    assert not (await ingle.command("undo", id=ids[0]))["undone"]
    await editor.write("new 1")
    assert (await ingle.command("undo", id=ids[1]))["undone"]
    assert (await editor.say())[0] == "old 1"


async def test_undo_takes_away_what_was_only_inserted(editor: Target, ingle: FakeIngle) -> None:
    await editor.write("one three", 4, 4)
    assert (await rewrite(ingle, "zwei drei"))["replaced"]
    assert (await ingle.command("undo"))["undone"]
    await editor.until_text("one three")


async def test_undo_leaves_the_clipboard_as_it_was(
    editor: Target, ingle: FakeIngle, tmp_path: Path
) -> None:
    async with owner(tmp_path, RICH):
        await editor.write("one two three", 4, 7)
        assert (await rewrite(ingle, "ZWEI"))["replaced"]
        assert (await ingle.command("undo"))["undone"]
    found = await asyncio.to_thread(clipboard)
    assert digests(found) == digests({OWN: b"", **{name: raw for name, (_, _, raw) in RICH.items()}})
