"""A notification server and a compositor that die fifty times: the plugins work on, and nothing leaks."""

from pathlib import Path

import psutil
import pytest

from desktop.conftest import PLUGINS
from desktop.notify_stage import ALL, Serve, notify
from desktop.wayland_stage import Sway
from fakes.plugin_daemon import plugin_daemon

pytestmark = [pytest.mark.desktop, pytest.mark.timeout(600)]

DEATHS = 50
WARM = 5
"""After so many deaths everything has been loaded that is loaded once."""


def held_by(pid: int) -> tuple[int, int]:
    """Descriptors and threads of a process."""
    process = psutil.Process(pid)
    return process.num_fds(), process.num_threads()


async def test_the_notification_server_may_die_fifty_times(private_dirs: Path, serve: Serve) -> None:
    async with notify(private_dirs) as daemon:
        pid = daemon.info("notify").pid
        assert pid
        for death in range(DEATHS):
            server = await serve(*ALL)
            await daemon.hosts.call("notify", "say", {"title": f"{death}", "text": "x", "key": "k"})
            shown = await server.shown()
            assert (shown["title"], shown["replaces"]) == (f"{death}", 0)
            await server.kill()
            if death == WARM:
                before = held_by(pid)
        after = held_by(pid)
        assert (daemon.info("notify").pid, after[0]) == (pid, before[0])
        assert after[1] <= before[1] + 8  # asyncio's pool of threads grows to what it needs


async def test_the_compositor_may_die_fifty_times(private_dirs: Path, sway: Sway) -> None:
    settings = {"clipboard": {"debounce_ms": 20}}
    search = [("built-in", PLUGINS)]
    async with plugin_daemon(search, private_dirs / "state", settings=settings) as daemon:
        await daemon.hosts.enable("clipboard")
        pid = daemon.info("clipboard").pid
        assert pid
        for death in range(DEATHS):
            await daemon.hosts.call("clipboard", "is_watching", {})
            if death == WARM:
                before = held_by(pid)
            if death == DEATHS - 1:
                assert (daemon.info("clipboard").pid, held_by(pid)) == (pid, before)
            sway.kill()
            await daemon.until_state("clipboard", "waiting")
            sway.start()
            await daemon.until_state("clipboard", "running")
