"""The plugin selection under Wayland: sway without a screen, which takes keys and tells the focus, and
weston, which lets nobody see the clipboard (as GNOME's compositor does)."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.conftest import PLUGINS
from desktop.selection_stage import PATIENCE_S, Target, needed, target
from desktop.wayland_stage import Sway, Weston
from ingle.sdk.testing import FakeIngle, load, running
from ingle.sdk.wayland import Clipboards

pytestmark = pytest.mark.desktop

FOLDER = PLUGINS / "selection"
Selection = load(FOLDER)
virtualkeyboard = sys.modules["ingle_plugin_selection.virtualkeyboard"]
PLAIN = "text/plain;charset=utf-8"


@pytest.fixture
def sway(private_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sway]:
    for program in ("sway", "swaymsg", "wl-copy"):
        needed(program)
    runtime = private_dirs / "runtime_dir"
    compositor = Sway(runtime)
    compositor.start()
    monkeypatch.setenv("WAYLAND_DISPLAY", compositor.display)
    monkeypatch.setenv("SWAYSOCK", str(next(runtime.glob("sway-ipc.*"))))
    monkeypatch.setenv("GDK_BACKEND", "wayland")
    monkeypatch.delenv("DISPLAY", raising=False)
    yield compositor
    compositor.kill()


@pytest.fixture
async def other(sway: Sway) -> AsyncIterator[Any]:
    """Another program's connection."""
    control = await Clipboards.connect()
    yield control
    control.close()


@pytest.fixture
async def editor(other: Any) -> AsyncIterator[Target]:
    person = virtualkeyboard.VirtualKeyboard(other)  # a seat without one gives nobody the focus
    assert person
    async with target("editor") as one:
        await one.until(lambda told: told.get("focus"))
        yield one


@pytest.fixture
async def ingle(other: Any) -> AsyncIterator[FakeIngle]:
    async with running(Selection, folder=FOLDER) as one:
        await one.until(lambda: bool(one.states))
        backend = one._plugin._backend
        yield one
    if backend.control is not None:
        other.own("CLIPBOARD", {"text/plain": b"somebody copies"})
        async with asyncio.timeout(PATIENCE_S):
            await backend.control.gone.wait()


async def run(*argv: str, given: bytes = b"") -> bytes:
    """wl-copy leaves a process behind that serves what was copied, and holds pipes open."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate(given)
    return out


async def copy(raw: bytes, *options: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "wl-copy", *options, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    await process.communicate(raw)


async def until_taken(ingle: FakeIngle, text: str, **options: Any) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while (taken := await ingle.command("take", **options))["text"] != text:
            pass
    return taken


async def rewrite(ingle: FakeIngle, old: str, new: str) -> dict[str, Any]:
    taken = await until_taken(ingle, old)
    return await ingle.command("replace", id=taken["id"], text=new)


async def test_what_is_selected_is_replaced_and_the_clipboard_put_back(
    editor: Target, ingle: FakeIngle
) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1000
    await copy(picture, "--type", "image/png")
    await editor.write("one two three", 4, 7)
    taken = await until_taken(ingle, "two")
    assert (taken["source"], taken["can_replace"]) == ("primary", True)
    assert (await ingle.command("replace", id=taken["id"], text="ZWEI"))["replaced"]
    await editor.until_text("one ZWEI three")
    assert await run("wl-paste", "--type", "image/png") == picture


async def test_all_forms_of_what_was_copied_are_put_back(
    editor: Target, ingle: FakeIngle, other: Any
) -> None:
    """`wl-copy` could not: it offers one."""
    copied = {"text/html": b"<b>a</b>", PLAIN: b"a" * 500_000, "text/uri-list": b"file:///a\r\n"}
    other.own("CLIPBOARD", copied)
    await editor.write("old")
    assert (await rewrite(ingle, "old", "new"))["replaced"]
    await editor.until_text("new")
    for kind, raw in copied.items():
        assert await run("wl-paste", "--no-newline", "--type", kind) == raw


async def test_an_empty_clipboard_is_empty_afterwards(
    editor: Target, ingle: FakeIngle, other: Any
) -> None:
    await editor.write("old")
    assert (await rewrite(ingle, "old", "new"))["replaced"]
    await other.sync()
    assert other.types("CLIPBOARD") == []


async def test_a_secret_is_neither_taken_nor_touched(
    editor: Target, ingle: FakeIngle, other: Any
) -> None:
    other.own("CLIPBOARD", {PLAIN: b"hunter2", "x-kde-passwordManagerHint": b"secret"})
    await editor.write("old")
    done = await rewrite(ingle, "old", "new")
    assert (done["replaced"], "secret" in done["reason"]) == (False, True)
    assert (await ingle.command("take", prefer="clipboard"))["text"] == ""
    assert await editor.say() == ("old", "old")
    await other.sync()
    assert "x-kde-passwordManagerHint" in other.types("CLIPBOARD")


async def test_nothing_is_pasted_into_another_window(editor: Target, ingle: FakeIngle) -> None:
    await editor.write("old")
    taken = await until_taken(ingle, "old")
    async with target("thief") as thief:
        await thief.until(lambda told: told.get("focus"))
        done = await ingle.command("replace", id=taken["id"], text="new")
        assert done["reason"] == "another window has the focus"
        assert (await thief.say())[0] == ""
    assert (await editor.say())[0] == "old"


async def test_undo_needs_the_new_text_selected(editor: Target, ingle: FakeIngle) -> None:
    await editor.write("old")
    assert (await rewrite(ingle, "old", "new"))["replaced"]
    await editor.until_text("new")
    refused = await ingle.command("undo")
    assert (refused["undone"], refused["text"]) == (False, "old")
    await editor.do("select", start=0, end=3)
    await until_taken(ingle, "new")
    assert (await ingle.command("undo"))["undone"]
    await editor.until_text("old")


async def test_where_the_focus_cannot_be_seen_the_text_is_copied_and_that_is_said(
    editor: Target, ingle: FakeIngle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SWAYSOCK")
    await editor.write("old")
    done = await rewrite(ingle, "old", "new")
    assert "it is copied: press Ctrl+V" in done["reason"]
    assert await run("wl-paste", "--no-newline") == b"new"
    assert await editor.say() == ("old", "old")


async def test_without_data_control_it_is_said_what_works_instead(
    private_dirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed("weston")
    weston = Weston(private_dirs / "runtime_dir")
    weston.start()
    monkeypatch.setenv("WAYLAND_DISPLAY", weston.display)
    monkeypatch.delenv("DISPLAY", raising=False)
    try:
        async with running(Selection, folder=FOLDER) as ingle:
            taken = await ingle.command("take")
            assert (taken["source"], taken["can_replace"]) == ("none", False)
            assert "the clipboard" in taken["why_not"]
            done = await ingle.command("replace", id=taken["id"], text="new")
            assert (done["replaced"], bool(done["reason"])) == (False, True)
    finally:
        weston.kill()
