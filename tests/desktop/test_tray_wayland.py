"""The tray under Wayland alone: no X server, no XEmbed, the icon and the menu over the bus."""

from functools import partial
from pathlib import Path

import pytest

from desktop.tray_stage import Watcher, told, tray
from desktop.wayland_stage import Sway
from fakes.plugin_daemon import PluginDaemon

pytestmark = pytest.mark.desktop


async def test_it_waits_for_a_watcher_and_is_seen_and_pressed(
    sway: Sway, session_bus: str, private_dirs: Path
) -> None:
    async with tray(private_dirs / "state") as daemon:
        await daemon.until_state("tray", "waiting", "shows no tray icons")
        for count in range(1, 4):
            watcher = await Watcher.start(session_bus)
            panel = await watcher.panel()
            await panel.until_icon("ingle-tray-ready")
            await daemon.until_state("tray", "running")
            told(daemon, state="paused")
            await panel.until_icon("ingle-tray-paused")
            await panel.press("Resume")
            await daemon.until(partial(_was_called, daemon, "daemon.resume", count))
            told(daemon)
            await panel.until_icon("ingle-tray-ready")
            await watcher.end()
            await daemon.until_state("tray", "waiting")


def _was_called(daemon: PluginDaemon, method: str, times: int) -> bool:
    return [name for name, _ in daemon.calls].count(method) >= times


async def test_the_compositor_may_die_and_come_back(
    sway: Sway, session_bus: str, private_dirs: Path
) -> None:
    watcher = await Watcher.start(session_bus)
    async with tray(private_dirs / "state") as daemon:
        await (await watcher.panel()).until_icon("ingle-tray-ready")
        sway.kill()
        await daemon.until_state("tray", "waiting")
        sway.start()
        await (await watcher.panel()).until_icon("ingle-tray-ready")
    await watcher.end()
