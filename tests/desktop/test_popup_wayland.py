"""The popup under Wayland: a layer above the windows of a real compositor, typed into by its own
virtual keyboard."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from conftest import missing
from desktop.conftest import needed
from desktop.popup_stage import TAKEN, Stage, wayland_stage
from desktop.wayland_stage import Sway
from ingle.sdk import glib

pytestmark = pytest.mark.desktop


@pytest.fixture
async def popup(
    session_bus: str, private_dirs: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    if not glib.has("GtkLayerShell"):
        missing("gir1.2-gtklayershell-0.1")
    runtime = Path(os.environ["XDG_RUNTIME_DIR"])
    sway = Sway(runtime)
    sway.start()
    monkeypatch.setenv("WAYLAND_DISPLAY", sway.display)
    monkeypatch.delenv("DISPLAY", raising=False)
    try:
        async with wayland_stage(private_dirs, theme="light") as made:
            yield made
    finally:
        sway.kill()


def colours(path: Path) -> int:
    with Image.open(path) as picture:
        return len(picture.convert("RGB").getcolors(2**24) or ())


async def test_it_is_drawn_typed_into_and_closed_under_wayland(popup: Stage, tmp_path: Path) -> None:
    before, during = tmp_path / "before.png", tmp_path / "during.png"
    await asyncio.to_thread(_photograph, before)
    await popup.popup("show")
    await popup.reader.wait("list item", "Rewrite")
    await asyncio.to_thread(_press, "fix")
    await popup.reader.wait("text", "Prompt", text="fix")  # who gives it the keyboard has drawn it
    await asyncio.to_thread(_photograph, during)
    assert colours(during) > colours(before)
    await asyncio.to_thread(_press, "-k", "Escape")
    await popup.reader.gone("text", "Prompt")


async def test_what_is_selected_is_read_with_the_focus_before_what_was_copied(popup: Stage) -> None:
    popup.commands["selection.take"] = {**TAKEN, "source": "none", "text": ""}
    for what in (("--primary", "Selected words"), ("Copied",)):
        await asyncio.to_thread(_copy, *what)
    await popup.popup("show")
    await asyncio.to_thread(_press, "x")
    await popup.reader.wait("panel", "Selected text, 2 words: Selected words")


def _copy(*what: str) -> None:
    """wl-copy goes on in the background until the compositor ends."""
    subprocess.run(
        [needed("wl-copy"), *what],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=30,
    )  # fmt: skip


def _press(*what: str) -> None:
    """The first key after the focus has come may be lost: wtype waits for its own keyboard."""
    subprocess.run([needed("wtype"), "-s", "200", *what], check=True, timeout=30)


def _photograph(path: Path) -> None:
    subprocess.run([needed("grim"), str(path)], check=True, timeout=30)
