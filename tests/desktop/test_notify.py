"""The notify plugin in its host process, on a real session bus, with real and scripted servers."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import missing
from desktop.conftest import NOTIFICATION_DAEMON, PLUGINS, XServer
from fakes.plugin_daemon import PATIENCE_S, PluginDaemon, plugin_daemon

pytestmark = pytest.mark.desktop

SERVER = Path(__file__).with_name("fake_notifications.py")
READY = {
    "origin": "clipboard",
    "title": "A letter",
    "text": "Ada writes.",
    "coverage": {"read": 900, "total": 900, "parts": 1},
    "item": "7",
}
ALL = ("actions", "body", "body-markup")


class ScriptedServer:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self.process.stdout.readline()
        assert line, "the server has ended"
        return line.decode().strip()

    async def shown(self) -> dict[str, Any]:
        return dict(json.loads(await self.line()))

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())


Serve = Callable[..., Awaitable[ScriptedServer]]


@pytest.fixture
async def serve(session_bus: str) -> AsyncIterator[Serve]:
    """Start a notification server with some abilities and wait until it serves."""
    started = []

    async def start(*abilities: str) -> ScriptedServer:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SERVER), *abilities, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        server = ScriptedServer(process)
        assert await server.line() == "serves"
        return server

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
async def daemon(session_bus: str, private_dirs: Path) -> AsyncIterator[PluginDaemon]:
    """The plugin, listening."""
    async with plugin_daemon([("built-in", PLUGINS)], private_dirs / "state") as running:
        await running.hosts.enable("notify")
        await running.until(lambda: bool(running.subscribers))
        running.items["7"] = {
            "id": "7", "kind": "clipboard", "title": "A letter", "origin": "clipboard",
            "chars": 900, "created": 0.0, "text": "Dear Bob, the whole letter.", "summary": None,
        }  # fmt: skip
        yield running


async def test_a_summary_is_shown_and_the_next_takes_its_place(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    daemon.emit("skill", "summary.ready", READY)
    first = await server.shown()
    assert (first["title"], first["body"], first["replaces"]) == ("A letter", "Ada writes.", 0)
    assert first["actions"] == ["copy", "Copy summary", "open", "Open full text"]
    daemon.emit("skill", "summary.ready", {**READY, "title": "Another"})
    assert (await server.shown())["replaces"] == first["id"]


async def test_a_server_without_buttons_or_markup_gets_neither(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve("body")
    daemon.emit("skill", "summary.ready", {**READY, "text": "<b>1 & 2</b>"})
    shown = await server.shown()
    assert (shown["body"], shown["actions"]) == ("<b>1 & 2</b>", [])


async def test_markup_and_direction_characters_cannot_fake_anything(
    daemon: PluginDaemon, serve: Serve
) -> None:
    server = await serve(*ALL)
    text = "<a href='x'>1 & 2</a>\u202e gpj.exe\x1b[31m\x00\u2066"
    daemon.emit("skill", "summary.ready", {**READY, "text": text, "title": "a\u202eb\nc"})
    shown = await server.shown()
    assert shown["body"].startswith("&lt;a href='x'&gt;1 &amp; 2&lt;/a&gt; gpj.exe")
    assert not set(shown["body"] + shown["title"]) & set("\u202e\x1b\x00\u2066")
    assert shown["title"] == "a b c"


async def test_what_was_not_read_is_said(daemon: PluginDaemon, serve: Serve) -> None:
    server = await serve(*ALL)
    partly = {"read": 30, "total": 120, "parts": 1}
    daemon.emit("skill", "summary.ready", {**READY, "coverage": partly})
    assert "25 % of the text was read" in (await server.shown())["body"]


async def test_a_failure_is_told_with_its_reason(daemon: PluginDaemon, serve: Serve) -> None:
    server = await serve(*ALL)
    daemon.emit("skill", "summary.failed", {**READY, "reason": "the engine is gone"})
    shown = await server.shown()
    assert "A letter" in shown["title"]
    assert shown["body"] == "the engine is gone"


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
    async with plugin_daemon([("built-in", PLUGINS)], private_dirs / "state") as daemon:
        await daemon.hosts.enable("notify")
        await daemon.until(lambda: bool(daemon.subscribers))
        daemon.items["7"] = {
            "id": "7", "kind": "clipboard", "title": "A letter", "origin": "clipboard",
            "chars": 900, "created": 0.0, "text": "The whole letter.", "summary": None,
        }  # fmt: skip
        daemon.emit("skill", "summary.ready", READY)
        server.say(f"press {(await server.shown())['id']} open")
        opened = Path((await asyncio.to_thread((private_dirs / "opened").read_text)).strip())
        _check_private_file(opened)
    assert not _is_there(opened)


def _check_private_file(opened: Path) -> None:
    text = opened.read_text()
    assert text.startswith("A letter\n\nAda writes.\n\n---")
    assert text.endswith("The whole letter.\n")
    assert stat.S_IMODE(opened.stat().st_mode) == 0o600


def _is_there(path: Path) -> bool:
    return path.exists()


def _fake_opener(programs: Path, told: Path) -> None:
    """An `xdg-open` that tells a FIFO which file it was given."""
    programs.mkdir()
    os.mkfifo(told)
    (programs / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > {told}\n')
    (programs / "xdg-open").chmod(0o755)


async def test_a_server_that_is_missing_or_dies_is_waited_for(
    daemon: PluginDaemon, serve: Serve
) -> None:
    daemon.emit("skill", "summary.ready", READY)
    await daemon.until_state("notify", "waiting", "no notification server is running")
    server = await serve(*ALL)
    daemon.emit("skill", "summary.ready", READY)
    await server.shown()
    await daemon.until_state("notify", "running")
    server.process.kill()
    await server.process.communicate()
    daemon.emit("skill", "summary.ready", READY)
    await daemon.until_state("notify", "waiting")
    server = await serve(*ALL)
    daemon.emit("skill", "summary.ready", READY)
    await server.shown()
    await daemon.until_state("notify", "running")


async def test_the_real_notification_daemon_shows_it(
    x_server: XServer, daemon: PluginDaemon, tmp_path: Path
) -> None:
    if not NOTIFICATION_DAEMON.is_file():
        missing("notification-daemon")
    from desktop.looking import shown_on

    real = await asyncio.create_subprocess_exec(
        str(NOTIFICATION_DAEMON), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await asyncio.to_thread(_wait_for_name, os.environ["DBUS_SESSION_BUS_ADDRESS"])
        long = "The council will plant four hundred trees along the river before spring. " * 3
        daemon.emit("skill", "summary.ready", {**READY, "title": "Trees", "text": long})
        await daemon.until_state("notify", "running")
        picture = await asyncio.to_thread(shown_on, x_server.number, PATIENCE_S)
        picture.save(tmp_path / "notification.png")
    finally:
        real.kill()
        await real.wait()


def _wait_for_name(address: str) -> None:
    subprocess.run(
        ["gdbus", "wait", "--session", "--timeout", "20", "org.freedesktop.Notifications"],
        env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": address},
        check=True,
    )
