"""What dies at a bad moment: the host that pastes, the X server, a clipboard that must not be lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop.conftest import PLUGINS, XServer
from desktop.selection_in_memory import desk, editor
from desktop.selection_stage import Look, Target, owner
from fakes.plugin_daemon import PluginDaemon, plugin_daemon
from ingle.errors import IngleError

pytestmark = pytest.mark.desktop
__all__ = ["desk", "editor"]  # fixtures

HELD = {"UTF8_STRING": ("UTF8_STRING", 8, b"what I copied")}


@pytest.fixture
async def daemon(desk: Look, private_dirs: Path) -> AsyncIterator[PluginDaemon]:
    async with plugin_daemon([("built-in", PLUGINS)], private_dirs / "state") as running:
        await running.hosts.enable("selection")
        await running.until_state("selection", "running")
        yield running


async def test_a_host_killed_in_the_middle_leaves_all_or_nothing(
    daemon: PluginDaemon, editor: Target, desk: Look, tmp_path: Path
) -> None:
    """The editor is stopped, so that the text is surely still on its way."""
    async with owner(tmp_path, HELD) as copied:
        await editor.write("old")
        taken = await daemon.hosts.call("selection", "take", {"prefer": "clipboard"})
        editor.process.send_signal(signal.SIGSTOP)
        going = asyncio.ensure_future(
            daemon.hosts.call("selection", "replace", {"id": taken["id"], "text": "new"})
        )
        await copied.until(lambda told: told == "lost")
        pid = daemon.info("selection").pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(IngleError):
            await going
        editor.process.send_signal(signal.SIGCONT)
        assert await editor.say() == ("old", "old")
        assert desk.owner() == 0
        await daemon.until_state("selection", "running", "the clipboard is empty")


async def test_the_x_server_may_end_and_come_back(daemon: PluginDaemon, x_server: XServer) -> None:
    x_server.kill()
    await daemon.until_state("selection", "waiting", "X server")
    x_server.start()
    await daemon.until_state("selection", "running")
    taken = await daemon.hosts.call("selection", "take", {})
    assert taken["source"] == "none"
