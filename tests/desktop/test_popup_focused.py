"""The popup where a compositor shows the clipboard to nobody but the window with the focus, as GNOME's
does. Here it is weston, which has no data-control either, in a window of an X server that has keys."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from desktop.conftest import XServer
from desktop.popup_stage import Stage, wayland_stage, window_manager
from desktop.wayland_stage import Weston

pytestmark = pytest.mark.desktop

OWNER = Path(__file__).with_name("popup_owner.py")
MARK = "x-kde-passwordManagerHint"
NO_CLIPBOARD = "this desktop lets no program in the background use the clipboard"
NOTHING = {
    "id": "1", "source": "none", "text": "", "program": "", "can_replace": False, "why_not": NO_CLIPBOARD,
}  # fmt: skip


@pytest.fixture
async def popup(
    x_server: XServer, session_bus: str, private_dirs: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        await window_manager(stack, x_server)
        weston = Weston(Path(os.environ["XDG_RUNTIME_DIR"]))
        await asyncio.to_thread(weston.start, f":{x_server.number}")
        stack.callback(weston.kill)
        monkeypatch.setenv("WAYLAND_DISPLAY", weston.display)
        monkeypatch.delenv("DISPLAY", raising=False)
        made = await stack.enter_async_context(wayland_stage(private_dirs))
        made.commands["selection.take"] = NOTHING
        yield made


@asynccontextmanager
async def copied(text: str, *more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another program has copied that, and offers these targets beside it."""
    owner = await asyncio.create_subprocess_exec(
        sys.executable, str(OWNER), text, *more, stdout=subprocess.PIPE, env=os.environ
    )
    assert owner.stdout is not None
    assert await asyncio.wait_for(owner.stdout.readline(), 30) == b"owns\n"
    try:
        yield owner
    finally:
        if owner.returncode is None:
            owner.kill()
        await owner.communicate()


async def test_what_was_copied_is_read_with_the_focus_of_the_popup(popup: Stage) -> None:
    async with copied("A letter of Ada."):
        await popup.show()
        await popup.reader.wait("panel", "From the clipboard, 4 words: A letter of Ada.")
        await popup.reader.wait("list item", "Rewrite")


async def test_a_skill_that_is_run_at_once_waits_for_that_text(popup: Stage) -> None:
    async with copied("I has a cat."):
        await popup.show(skill="fix")
        popup.answers.say("I have a cat.")
        popup.answers.end()
        await popup.reader.wait("push button", "Copy")
        await popup.reader.wait("status bar", "press Ctrl+V there")
    assert popup.answers.asked[0][1].text == "I has a cat."


async def test_what_is_marked_as_secret_is_never_asked_for(popup: Stage) -> None:
    async with copied("hunter2", MARK) as owner:
        await popup.show()
        await popup.reader.wait("status bar", "it is marked as secret and is not read")
        await popup.reader.gone("panel", "Text to work on")
        owner.kill()
        assert owner.stdout is not None
        assert set((await owner.stdout.read()).split()) <= {MARK.encode()}  # weston asks for the first
