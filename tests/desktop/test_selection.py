"""The plugin selection on a real X server with a real window manager: what is taken, what is replaced,
what becomes of the clipboard."""

import asyncio
import signal
from pathlib import Path

import pytest

from desktop.conftest import run_xclip
from desktop.selection_in_memory import (
    FOLDER,
    OWN,
    RICH,
    Selection,
    desk,
    editor,
    focused,
    ingle,
    rewrite,
)
from desktop.selection_stage import (
    PATIENCE_S,
    Look,
    Target,
    clipboard,
    digests,
    owner,
    press_keys,
    target,
)
from ingle.errors import NotFound
from ingle.sdk.testing import FakeIngle, running

pytestmark = pytest.mark.desktop
__all__ = ["desk", "editor", "ingle"]  # fixtures


async def test_what_is_selected_is_taken(editor: Target, ingle: FakeIngle) -> None:
    await editor.write("Dear Ada, hello", 5, 8)
    assert await ingle.command("take") == {
        "id": "s1",
        "source": "primary",
        "text": "Ada",
        "program": "Selection_target.py",
        "can_replace": True,
        "why_not": None,
    }


async def test_it_is_replaced_and_nothing_but_the_text_is_inserted(
    editor: Target, ingle: FakeIngle
) -> None:
    await editor.write("one  two three", 4, 9)
    done = await rewrite(ingle, "\nZWEI \x1b[201~")
    assert done["replaced"], done
    assert await editor.say() == ("one  ZWEI [201~ three", "")


@pytest.mark.parametrize("text", ["Grüße, 你好, مرحبا 🔥", "two\nlines\n\tand a tab", "x" * 300_000])
async def test_any_text_arrives_whole(editor: Target, ingle: FakeIngle, text: str) -> None:
    await editor.write("old")
    assert (await rewrite(ingle, text))["replaced"]
    assert (await editor.say())[0] == text


async def test_the_clipboard_is_put_back_in_all_its_types(
    editor: Target, ingle: FakeIngle, tmp_path: Path
) -> None:
    async with owner(tmp_path, RICH) as copied:
        await editor.write("old")
        assert (await rewrite(ingle, "new"))["replaced"]
        await copied.until(lambda told: told == "lost")
        assert {"DELETE", "SAVE_TARGETS", "MULTIPLE"}.isdisjoint(copied.lines)
    found = await asyncio.to_thread(clipboard)
    assert found.pop(OWN) == b""
    assert digests(found) == digests({name: raw for name, (_, _, raw) in RICH.items()})
    await editor.write("again")  # and now from our own
    assert (await rewrite(ingle, "newer"))["replaced"]
    assert digests(await asyncio.to_thread(clipboard)) == digests({**found, OWN: b""})


async def test_what_was_put_back_outlives_the_plugin(editor: Target, desk: Look, tmp_path: Path) -> None:
    """Until somebody copies: its thread stays for that alone."""
    async with running(Selection, folder=FOLDER) as ingle, owner(tmp_path, RICH):
        await editor.write("old")
        assert (await rewrite(ingle, "new"))["replaced"]
    assert (await asyncio.to_thread(clipboard))["text/html"] == RICH["text/html"][2]
    await run_xclip("mine")
    assert (await asyncio.to_thread(clipboard))["UTF8_STRING"] == b"mine"


async def test_what_was_copied_in_the_same_program_can_be_pasted_there_afterwards(
    editor: Target, ingle: FakeIngle
) -> None:
    await editor.write("one two three", 0, 4)
    press_keys("key", "ctrl+c")
    await editor.do("select", start=4, end=7)
    assert (await rewrite(ingle, "ZWEI"))["replaced"]
    press_keys("key", "ctrl+v")
    await editor.until_text("one ZWEIone  three")


async def test_a_clipboard_of_five_megabytes_is_put_back(
    editor: Target, ingle: FakeIngle, tmp_path: Path
) -> None:
    large = b"The hearth is warm. " * 262_144
    async with owner(tmp_path, {"UTF8_STRING": ("UTF8_STRING", 8, large)}):
        await editor.write("old")
        assert (await rewrite(ingle, "new"))["replaced"]
    assert (await asyncio.to_thread(clipboard))["UTF8_STRING"] == large


async def test_numbers_of_16_and_32_bits_are_put_back(
    editor: Target, ingle: FakeIngle, tmp_path: Path
) -> None:
    numbers = {"A": ("INTEGER", 32, bytes(range(16))), "B": ("INTEGER", 16, bytes(range(6)))}
    async with owner(tmp_path, numbers):
        before = await asyncio.to_thread(clipboard)
        await editor.write("old")
        assert (await rewrite(ingle, "new"))["replaced"]
    assert before["A"] != before["B"]
    assert await asyncio.to_thread(clipboard) == {**before, OWN: b""}


async def test_an_empty_clipboard_is_empty_afterwards(
    editor: Target, ingle: FakeIngle, desk: Look
) -> None:
    await editor.write("old")
    assert (await rewrite(ingle, "new"))["replaced"]
    assert desk.owner() == 0


async def test_a_secret_is_neither_taken_nor_touched(
    editor: Target, ingle: FakeIngle, desk: Look, tmp_path: Path
) -> None:
    secret = {**RICH, "x-kde-passwordManagerHint": ("STRING", 8, b"secret")}
    async with owner(tmp_path, secret) as manager:
        before = desk.owner()
        await editor.write("old")
        done = await rewrite(ingle, "new")
        assert (done["replaced"], "secret" in done["reason"]) == (False, True)
        taken = await ingle.command("take", prefer="clipboard")
        assert (taken["source"], taken["text"]) == ("none", "")
        assert desk.owner() == before
        assert await editor.say() == ("old", "old")
        manager.process.kill()
    assert set(manager.lines) <= {"owns", "TARGETS"}


async def test_an_owner_that_does_not_answer_keeps_its_clipboard(
    editor: Target, ingle: FakeIngle, desk: Look, tmp_path: Path
) -> None:
    async with owner(tmp_path, RICH, "image/png"):
        before = desk.owner()
        await editor.write("old")
        done = await rewrite(ingle, "new")
        assert (
            done["reason"] == "the clipboard could not be put back afterwards: its owner does not answer"
        )
        assert (desk.owner(), await editor.say()) == (before, ("old", "old"))


async def test_an_owner_that_dies_while_it_is_read_is_named(
    editor: Target, ingle: FakeIngle, tmp_path: Path
) -> None:
    async with owner(tmp_path, RICH, "image/png") as copied:
        await editor.write("old")
        going = asyncio.ensure_future(rewrite(ingle, "new"))
        await copied.until(lambda told: told == "image/png")
        copied.process.kill()
        done = await going
    assert done["reason"] == "the clipboard could not be put back afterwards: its owner has gone"
    assert await editor.say() == ("old", "old")


async def test_nothing_is_pasted_into_another_window(
    editor: Target, ingle: FakeIngle, desk: Look, tmp_path: Path
) -> None:
    async with target("thief") as thief, owner(tmp_path, RICH):
        await asyncio.to_thread(desk.until_active, thief.window)
        await thief.write("theirs", 0, 0)
        await focused(desk, thief.window)
        await asyncio.to_thread(desk.activate, editor.window)
        await editor.write("old")
        taken = await ingle.command("take")
        before = desk.owner()
        await asyncio.to_thread(desk.activate, thief.window)
        done = await ingle.command("replace", id=taken["id"], text="new")
        assert done == {"replaced": False, "reason": "another window has the focus", "undo": None}
        assert desk.owner() == before
        assert (await thief.say())[0] == "theirs"
        await asyncio.to_thread(desk.activate, editor.window)
        assert (await ingle.command("replace", id=taken["id"], text="new"))["replaced"]


async def test_another_selection_in_the_same_window_is_left_alone(
    editor: Target, ingle: FakeIngle
) -> None:
    await editor.write("one two", 0, 3)
    taken = await ingle.command("take")
    await editor.do("select", start=4, end=7)
    done = await ingle.command("replace", id=taken["id"], text="new")
    assert done["reason"] == "something else is selected now"
    assert await editor.say() == ("one two", "two")


async def test_held_keys_do_not_disturb(editor: Target, ingle: FakeIngle, desk: Look) -> None:
    await editor.write("old")
    taken = await ingle.command("take")
    press_keys("keydown", "ctrl", "keydown", "alt", "keydown", "shift")
    assert (await ingle.command("replace", id=taken["id"], text="new"))["replaced"]
    assert (await editor.say())[0] == "new"
    assert not any(desk.display.query_keymap())


async def test_a_text_that_was_copied_is_taken_where_nothing_is_selected(
    editor: Target, ingle: FakeIngle
) -> None:
    await editor.write("old", 0, 0)
    await run_xclip("copied")
    taken = await ingle.command("take")
    assert (taken["source"], taken["text"], taken["can_replace"]) == ("clipboard", "copied", False)
    assert "nothing is selected" in taken["why_not"]


async def test_a_program_that_does_not_tell_is_asked_with_ctrl_c_and_the_clipboard_stays(
    editor: Target, ingle: FakeIngle, tmp_path: Path
) -> None:
    await editor.do("quiet")
    await editor.write("one two three", 4, 7)
    async with owner(tmp_path, RICH):
        taken = await ingle.command("take")
        assert (taken["source"], taken["text"], taken["can_replace"]) == ("copied", "two", True)
        found = await asyncio.to_thread(clipboard)
        assert digests(found) == digests({OWN: b"", **{name: raw for name, (_, _, raw) in RICH.items()}})
        assert (await ingle.command("replace", id=taken["id"], text="ZWEI"))["replaced"]
        assert (await editor.say())[0] == "one ZWEI three"


async def test_ctrl_c_copies_nothing_where_nothing_is_selected(
    editor: Target, ingle: FakeIngle, desk: Look, tmp_path: Path
) -> None:
    async with owner(tmp_path, RICH):
        before = desk.owner()
        taken = await ingle.command("take")
        assert (taken["source"], taken["text"]) == ("clipboard", "Grüße 你好")
        assert desk.owner() == before


async def test_a_program_that_has_told_before_is_not_asked_and_the_clipboard_not_read(
    editor: Target, ingle: FakeIngle, tmp_path: Path
) -> None:
    await editor.write("old")
    assert (await ingle.command("take"))["source"] == "primary"
    await editor.do("caret", at=0)
    async with owner(tmp_path, RICH) as copied:
        async with asyncio.timeout(PATIENCE_S):
            while (await ingle.command("take"))["source"] != "clipboard":
                pass
        copied.process.kill()
        await copied.until_ended()
        assert set(copied.lines) == {"owns", "TARGETS", "UTF8_STRING"}


async def test_a_secret_on_the_clipboard_is_not_put_aside_for_a_ctrl_c(
    editor: Target, ingle: FakeIngle, desk: Look, tmp_path: Path
) -> None:
    await editor.do("quiet")
    await editor.write("one two three", 4, 7)
    async with owner(tmp_path, {**RICH, "x-kde-passwordManagerHint": ("STRING", 8, b"secret")}):
        before = desk.owner()
        assert (await ingle.command("take"))["text"] == ""
        assert desk.owner() == before


async def test_what_is_selected_elsewhere_is_taken_but_not_replaced(
    editor: Target, ingle: FakeIngle, desk: Look
) -> None:
    await editor.write("mine", 0, 0)
    async with target("other") as other:
        await asyncio.to_thread(desk.until_active, other.window)
        await other.write("theirs")
        await asyncio.to_thread(desk.activate, editor.window)
        taken = await ingle.command("take")
        assert (taken["source"], taken["text"], taken["can_replace"]) == ("primary", "theirs", False)


async def test_an_answer_can_be_put_at_the_cursor(editor: Target, ingle: FakeIngle) -> None:
    await editor.write("one three", 4, 4)
    assert (await rewrite(ingle, "two"))["replaced"]
    assert (await editor.say())[0] == "one twothree"


async def test_a_text_taken_too_long_ago_is_not_found(ingle: FakeIngle) -> None:
    with pytest.raises(NotFound, match="too long ago"):
        await ingle.command("replace", id="s999", text="new")


async def test_a_copy_made_meanwhile_stays(editor: Target, ingle: FakeIngle, tmp_path: Path) -> None:
    """The editor is stopped, so that the text is still on its way when the person copies."""
    async with owner(tmp_path, RICH) as copied:
        await editor.write("old")
        plain = await ingle.command("take", prefer="clipboard")
        editor.process.send_signal(signal.SIGSTOP)
        going = asyncio.ensure_future(ingle.command("replace", id=plain["id"], text="new"))
        await copied.until(lambda told: told == "lost")
        await run_xclip("mine")
        assert (await going)["reason"] == "the program did not take the text"
    assert (await asyncio.to_thread(clipboard))["UTF8_STRING"] == b"mine"


async def test_a_hung_program_never_gets_the_old_clipboard_instead(
    editor: Target, ingle: FakeIngle, tmp_path: Path
) -> None:
    async with owner(tmp_path, RICH):
        await editor.write("old")
        taken = await ingle.command("take")
        # PRIMARY cannot be asked of a stopped program: what is tested is a chord that hangs
        plain = await ingle.command("take", prefer="clipboard")
        editor.process.send_signal(signal.SIGSTOP)
        done = await ingle.command("replace", id=plain["id"], text="new")
        assert done["reason"] == "the program did not take the text"
        editor.process.send_signal(signal.SIGCONT)
        assert taken["text"] == "old"
        assert (await editor.say())[0] in {"old", ""}
        found = await asyncio.to_thread(clipboard)
    assert digests(found) == digests({OWN: b"", **{name: raw for name, (_, _, raw) in RICH.items()}})
