"""The power plugin with a real daemon and a model that loads at once: what is left when the machine sleeps."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from desktop.power.stage import (
    GAMEMODE,
    Locks,
    Stage,
)
from fakes.plugin_daemon import PATIENCE_S
from fakes.running import daemon, install_model
from ingle.client import AsyncIngle
from ingle.errors import Paused

pytestmark = [pytest.mark.desktop, pytest.mark.engine]


class Home:
    """A daemon at home: what it is asked, and what it tells."""

    def __init__(self, client: AsyncIngle, listener: AsyncIngle) -> None:
        self.client = client
        self._events = listener.events("engine", "plugin")

    async def enable(self, name: str) -> int:
        """Gives the process of the plugin."""
        info = await self.client.call("plugin.enable", name=name)
        assert info["state"] == "running"
        return int(info["pid"])

    async def until(self, name: str, is_so: Callable[[dict[str, Any]], bool]) -> None:
        """Wait for an event of this name."""
        async with asyncio.timeout(PATIENCE_S):
            while (event := await anext(self._events)).name != name or not is_so(event.data):
                pass

    async def until_state(self, state: str, reason: str = "") -> None:
        """Wait until the whole is so, for a reason with these words."""
        await self.until("daemon.state", lambda now: now["state"] == state and reason in now["reason"])


@pytest.fixture
async def home(
    system: Stage, session: Stage, private_dirs: Path, tiny_model: Path
) -> AsyncIterator[Home]:
    """With a model that has answered."""
    install_model(private_dirs, tiny_model)
    buses = {name: os.environ[name] for name in ("DBUS_SYSTEM_BUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS")}
    with daemon(private_dirs, **buses) as running:
        async with AsyncIngle(running.socket) as client, AsyncIngle(running.socket) as listener:
            await listener.call("event.subscribe", topics=["engine", "plugin"])
            await client.generate("hello", max_tokens=2)
            yield Home(client, listener)


async def test_no_model_is_left_when_the_machine_sleeps_and_it_answers_after_waking(
    home: Home, system: Stage, locks: Locks
) -> None:
    await home.enable("power")
    await system.calls_of("Inhibit", 1)
    pid = (await home.client.status()).engine.pid
    assert pid
    assert psutil.pid_exists(pid)
    await system.suspend(True)
    await locks.released()
    assert not psutil.pid_exists(pid)
    status = await home.client.status()
    assert (status.state, status.reason, status.held) == ("aside", "suspend", "suspend")
    with pytest.raises(Paused, match="suspend"):
        await home.client.generate("hello", max_tokens=2)
    await system.suspend(False)
    await home.until_state("ready", "suspend is over; the next request loads it")
    await home.client.generate("hello", max_tokens=2)
    status = await home.client.status()
    assert (status.state, status.holds, status.engine.state) == ("ready", [], "ready")
    await system.calls_of("Inhibit", 2)


async def test_a_game_parks_a_real_model_and_a_killed_plugin_frees_it(
    home: Home, session: Stage
) -> None:
    await session.serve(GAMEMODE)
    pid = await home.enable("power")
    await session.games(1)
    await home.until_state("aside", "game")
    assert (await home.client.status()).engine.pid is None
    psutil.Process(pid).kill()
    await home.until_state("ready")
    await home.until_state("aside", "game")
    await home.client.call("daemon.resume")
    await home.client.generate("hello", max_tokens=2)
    assert (await home.client.status()).holds == []


async def test_what_watches_rests_while_the_screen_is_locked(
    home: Home, system: Stage, locks: Locks
) -> None:
    mine = await system.session(os.getuid())
    await home.enable("files")
    await home.enable("power")
    await system.lock(mine, True)
    await home.until("state", lambda now: now.get("reason") == "screen locked")
    state = await home.client.call("plugin.call", plugin="power", command="state", args={})
    assert state["held"] == ["screen locked"]
    status = await home.client.status()
    assert (status.state, status.held) == ("ready", None)
    states = {plugin.name: plugin.state for plugin in status.plugins}
    assert (states["power"], states["files"]) == ("running", "waiting")
    await system.lock(mine, False)
    await home.until("state", lambda now: (now.get("name"), now["state"]) == ("files", "running"))


async def test_a_pause_by_hand_stays_when_the_screen_is_unlocked(
    home: Home, system: Stage, locks: Locks
) -> None:
    mine = await system.session(os.getuid())
    await home.enable("power")
    await home.client.call("daemon.pause")
    await system.lock(mine, True)
    await home.until_state("paused", "screen locked")
    await system.lock(mine, False)
    await home.until("daemon.state", lambda now: now["reason"] == "paused by you")
    assert (await home.client.status()).state == "paused"
