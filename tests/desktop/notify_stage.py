"""The notify plugin in its host process, and a notification server under a test's control."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from conftest import missing
from desktop.conftest import NOTIFICATION_DAEMON, PLUGINS
from fakes.plugin_daemon import PATIENCE_S, PluginDaemon, plugin_daemon

SERVER = Path(__file__).with_name("fake_notifications.py")
READY = {
    "origin": "clipboard",
    "title": "A letter",
    "text": "Ada writes.",
    "coverage": {"read": 900, "total": 900, "parts": 1},
    "item": "7",
    "result": "r1",
}
KEPT = {
    "id": "r1", "kind": "summary", "title": "A letter", "text": "Ada writes.", "at": 0.0,
    "origin": "clipboard", "item": "7",
}  # fmt: skip
ITEM = {
    "id": "7", "kind": "clipboard", "title": "A letter", "origin": "clipboard",
    "chars": 900, "created": 0.0, "text": "Dear Bob, the whole letter.", "summary": None,
}  # fmt: skip
ALL = ("actions", "body", "body-markup")
FULL_TEXT = ["default", "Open full text", "copy", "Copy", "open", "Open full text"]


class ScriptedServer:
    """`fake_notifications.py` as the test sees it."""

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

    async def kill(self) -> None:
        self.process.kill()
        await self.process.communicate()


Serve = Callable[..., Awaitable[ScriptedServer]]


@asynccontextmanager
async def servers() -> AsyncIterator[Serve]:
    """Starts notification servers with some abilities and waits until each serves."""
    started = []

    async def start(*abilities: str) -> ScriptedServer:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SERVER), *abilities, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        server = ScriptedServer(process)
        assert await server.line() == "serves"
        return server

    try:
        yield start
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
            await process.communicate()


@asynccontextmanager
async def real_server() -> AsyncIterator[None]:
    """GNOME's old notification daemon, on the display and the session bus of the test."""
    if not NOTIFICATION_DAEMON.is_file():
        missing("notification-daemon")
    process = await asyncio.create_subprocess_exec(
        str(NOTIFICATION_DAEMON), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait = ["gdbus", "wait", "--session", "--timeout", "20", "org.freedesktop.Notifications"]
        waiting = await asyncio.create_subprocess_exec(*wait)
        assert await waiting.wait() == 0
        yield
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def notify(
    private_dirs: Path, *more: tuple[str, Path], **settings: Any
) -> AsyncIterator[PluginDaemon]:
    """The plugin, listening; an item and a result are kept."""
    search = [*more, ("built-in", PLUGINS)]
    async with plugin_daemon(search, private_dirs / "state", settings={"notify": settings}) as running:
        await running.hosts.enable("notify")
        await running.until(lambda: bool(running.subscribers))
        running.items["7"], running.results["r1"] = ITEM, KEPT
        yield running
