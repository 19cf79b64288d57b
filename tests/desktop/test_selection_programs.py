"""Replacing in real programs: an editor and a terminal."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import missing
from desktop.selection_in_memory import RICH, desk, ingle, until_taken
from desktop.selection_stage import PATIENCE_S, Look, Told, clipboard, owner, press_keys, started
from ingle.sdk.testing import FakeIngle

pytestmark = pytest.mark.desktop
__all__ = ["desk", "ingle"]  # fixtures


@pytest.fixture
def mousepad(
    desk: Look, session_bus: str, private_dirs: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("mousepad") or missing("mousepad")
    monkeypatch.setenv("GSETTINGS_BACKEND", "memory")
    monkeypatch.setenv("NO_AT_BRIDGE", "1")
    text = private_dirs / "letter.txt"
    text.write_text("Dear Ada")
    process = subprocess.Popen(
        [program, "--disable-server", str(text)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    yield process
    process.kill()
    process.wait()


async def test_a_real_editor(
    mousepad: subprocess.Popen[bytes], desk: Look, ingle: FakeIngle, tmp_path: Path
) -> None:
    await asyncio.to_thread(desk.until, desk.active)
    async with owner(tmp_path, RICH):
        press_keys("key", "ctrl+a")
        taken = await until_taken(ingle, "Dear Ada")
        assert (taken["source"], taken["program"]) == ("primary", "Mousepad")
        done = await ingle.command("replace", id=taken["id"], text="Dearest Ada,\nhello")
        assert done["replaced"], done
        press_keys("key", "ctrl+a")
        await until_taken(ingle, "Dearest Ada,\nhello")
        press_keys("key", "End")
        assert (await ingle.command("undo"))["undone"]
        press_keys("key", "ctrl+a")
        await until_taken(ingle, "Dear Ada")
    found = await asyncio.to_thread(clipboard)
    assert found["text/html"] == RICH["text/html"][2]


async def test_a_real_terminal(desk: Look, ingle: FakeIngle, tmp_path: Path) -> None:
    program = shutil.which("xterm") or missing("xterm")
    typed = tmp_path / "typed"
    ready = tmp_path / "ready"
    command = f"stty raw -echo; touch {ready}; head -c 10 > {typed}.part; mv {typed}.part {typed}; cat"
    async with started(Told, program, "-e", "sh", "-c", command), owner(tmp_path, RICH) as copied:
        await asyncio.to_thread(desk.until, lambda: desk.active() and ready.exists())
        taken = await ingle.command("take")
        assert taken["program"] == "XTerm"
        assert "UTF8_STRING" in copied.lines or taken["source"] == "clipboard"
        refused = await ingle.command("replace", id=taken["id"], text="two\nlines")
        assert "several lines" in refused["reason"]
        done = await ingle.command("replace", id=taken["id"], text=" ls -l /tmp\n")
        assert done["replaced"], done
        async with asyncio.timeout(PATIENCE_S):
            while not typed.exists():
                await ingle.command("where")
        assert typed.read_text() == "ls -l /tmp"
        assert (await ingle.command("undo"))["undone"] is False
