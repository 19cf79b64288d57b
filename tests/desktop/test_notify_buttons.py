"""What the buttons of a notification do, pressed by a scripted server on a real session bus."""

import asyncio
import os
import stat
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop.conftest import XServer
from desktop.notify_stage import ALL, KEPT, READY, Serve, notify, real_server
from fakes.plugin_daemon import PATIENCE_S, PluginDaemon, write_plugin

pytestmark = pytest.mark.desktop


@pytest.fixture
async def daemon(session_bus: str, private_dirs: Path) -> AsyncIterator[PluginDaemon]:
    async with notify(private_dirs) as running:
        yield running


async def test_the_button_copy_puts_the_summary_on_the_clipboard(
    x_server: XServer, daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    assert (await daemon.hosts.enable("clipboard")).state == "running"
    await daemon.hosts.call("clipboard", "is_watching", {})
    await daemon.until(lambda: bool(daemon.subscribers))  # again: the two share a host
    daemon.emit("skill", "summary.ready", READY)
    server.say(f"press {(await server.shown())['id']} copy")
    out = b""
    while b"Ada writes." not in out:
        pasting = await asyncio.create_subprocess_exec(
            "xclip", "-selection", "clipboard", "-out",
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        out, _ = await pasting.communicate()
    assert out == b"Ada writes."


async def test_without_the_clipboard_plugin_the_button_says_why_not(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    daemon.emit("skill", "summary.ready", READY)
    server.say(f"press {(await server.shown())['id']} copy")
    assert "plugin clipboard is disabled" in (await server.shown())["body"]


async def test_a_press_on_another_programs_notification_is_not_ours(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    daemon.emit("skill", "summary.ready", READY)
    shown = await server.shown()
    server.say(f"press {shown['id'] + 1} copy")
    server.say(f"close {shown['id']}")
    server.say(f"press {shown['id']} copy")
    daemon.emit("skill", "summary.ready", READY)
    assert (await server.shown())["title"] == "A letter"


async def test_the_button_open_writes_a_private_file_and_has_it_shown(
    session_bus: str, private_dirs: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = private_dirs / "bin"
    _fake_opener(programs, private_dirs / "opened")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    server = await serve(*ALL)
    async with notify(private_dirs) as daemon:
        daemon.emit("skill", "summary.ready", READY)
        server.say(f"press {(await server.shown())['id']} open")
        opened = Path((await asyncio.to_thread((private_dirs / "opened").read_text)).strip())
        _check_private_file(opened)
    assert not _is_there(opened)


def _check_private_file(opened: Path) -> None:
    text = opened.read_text()
    assert text.startswith("A letter\n\nAda writes.\n\n---")
    assert text.endswith("Dear Bob, the whole letter.\n")
    assert stat.S_IMODE(opened.stat().st_mode) == 0o600


def _is_there(path: Path) -> bool:
    return path.exists()


def _fake_opener(programs: Path, told: Path) -> None:
    """An `xdg-open` that tells a FIFO which file it was given."""
    programs.mkdir()
    os.mkfifo(told)
    (programs / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > {told}\n')
    (programs / "xdg-open").chmod(0o755)


async def test_the_buttons_of_older_notifications_are_answered_by_their_ids(
    private_dirs: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serve(*ALL)
    fakes = private_dirs / "plugins"
    write_plugin(fakes, "popup", POPUP)
    async with notify(private_dirs, ("theirs", fakes)) as daemon:
        await daemon.hosts.enable("popup")
        daemon.results["r2"] = {**KEPT, "id": "r2"}
        ids = []
        for result in ("r1", "r2"):
            say = {"title": result, "text": "waits here", "result": result}
            await daemon.hosts.call("notify", "say", say)
            shown = await server.shown()
            assert shown["actions"] == ["default", "Open", "copy", "Copy", "open", "Open"]
            ids.append(shown["id"])
        server.say(f"press {ids[0]} open")
        assert await daemon.hosts.call("popup", "shown", {}) == "r1"
        server.say(f"press {ids[1]} default")
        assert await daemon.hosts.call("popup", "shown", {}) == "r2"


POPUP = """
import asyncio
from ingle.sdk import Ingle, Plugin, command

class Popup(Plugin):
    async def run(self, ingle: Ingle) -> None:
        self.queue = asyncio.Queue()
        await super().run(ingle)

    @command
    async def show_result(self, id: str) -> None:
        self.queue.put_nowait(id)

    @command
    async def shown(self) -> str:
        return await self.queue.get()
"""


async def test_a_result_whose_source_is_no_longer_kept_is_opened_without_it(
    session_bus: str, private_dirs: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, opened = private_dirs / "bin", private_dirs / "opened"
    _fake_opener(programs, opened)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    server = await serve(*ALL)
    async with notify(private_dirs) as daemon:
        daemon.items.clear()
        daemon.emit("skill", "summary.ready", READY)
        server.say(f"press {(await server.shown())['id']} open")
        path = (await asyncio.to_thread(opened.read_text)).strip()
        assert await asyncio.to_thread(Path(path).read_text) == "A letter\n\nAda writes.\n"


async def test_what_is_forgotten_is_not_copied(daemon: PluginDaemon, serve: Serve) -> None:
    server = await serve(*ALL)
    daemon.emit("skill", "summary.ready", READY)
    shown = await server.shown()
    del daemon.results["r1"]
    server.say(f"press {shown['id']} copy")
    assert "forgotten" in (await server.shown())["body"]


async def test_a_click_on_a_real_notification_opens_the_result(
    session_bus: str, x_server: XServer, private_dirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop.looking import click, shown_on

    programs, opened = private_dirs / "bin", private_dirs / "opened"
    _fake_opener(programs, opened)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    async with real_server(), notify(private_dirs) as daemon:
        say = {"title": "A rewrite waits here", "text": "x" * 200, "result": "r1"}
        await daemon.hosts.call("notify", "say", say)
        await asyncio.to_thread(shown_on, x_server.number, PATIENCE_S)
        click(x_server.number)
        _check_private_file(Path((await asyncio.to_thread(opened.read_text)).strip()))
