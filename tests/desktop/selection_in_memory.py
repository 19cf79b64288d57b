"""The plugin selection in the test's own process, on a real X server: fixtures and what tests do with it.

A test module imports the fixtures it needs.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from desktop.conftest import PLUGINS, XServer
from desktop.selection_stage import PATIENCE_S, Look, Target, target, window_manager
from ingle.sdk.testing import FakeIngle, load, running

FOLDER = PLUGINS / "selection"
Selection = load(FOLDER)
OWN = "application/x-ingle-own"

PICTURE = bytes(range(256)) * 2000
RICH = {
    "text/html": ("text/html", 8, "<b>Grüße</b> 你好".encode()),
    "text/uri-list": ("text/uri-list", 8, b"file:///tmp/a%20b\r\nfile:///tmp/c\r\n"),
    "image/png": ("image/png", 8, b"\x89PNG\r\n\x1a\n" + PICTURE),
    "UTF8_STRING": ("UTF8_STRING", 8, "Grüße 你好".encode()),
    "x-special/gnome-copied-files": ("x-special/gnome-copied-files", 8, b"copy\nfile:///tmp/c"),
    "application/x-empty": ("application/x-empty", 8, b""),
}
"""A clipboard with everything."""


@pytest.fixture
async def desk(x_server: XServer) -> AsyncIterator[Look]:
    async with window_manager():
        with Look() as look:
            yield look


@pytest.fixture
async def editor(desk: Look) -> AsyncIterator[Target]:
    async with target("editor") as one:
        await focused(desk, one.window)
        yield one


@pytest.fixture
async def ingle(desk: Look) -> AsyncIterator[FakeIngle]:
    async with running(Selection, folder=FOLDER) as one:
        await one.until(lambda: ("running", None) in one.states)
        yield one


async def focused(desk: Look, window: int) -> None:
    await asyncio.to_thread(desk.until, lambda: desk.active() == window)


async def rewrite(ingle: FakeIngle, text: str) -> dict[str, Any]:
    taken = await ingle.command("take")
    return await ingle.command("replace", id=taken["id"], text=text)


async def until_taken(ingle: FakeIngle, text: str) -> dict[str, Any]:
    """Selecting takes a program a moment."""
    async with asyncio.timeout(PATIENCE_S):
        while (taken := await ingle.command("take"))["text"] != text:
            pass
    return taken
