"""The power plugin with a real daemon and a model that loads at once: what is left when the machine sleeps."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psutil
import pytest

from desktop.power_stage import (
    GAMEMODE,
    LOGIND,
    BusDaemon,
    Locks,
    Stage,
    stage,
    system_bus_of_its_own,
)
from fakes.running import RunningDaemon, daemon, install_model
from ingle.client import Ingle

pytestmark = [pytest.mark.desktop, pytest.mark.engine]


@pytest.fixture
def system_bus(private_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusDaemon]:
    with system_bus_of_its_own(private_dirs, monkeypatch) as bus:
        yield bus


@pytest.fixture
async def system(system_bus: BusDaemon, private_dirs: Path) -> AsyncIterator[Stage]:
    async with stage(system_bus.address, private_dirs) as made:
        yield made


@pytest.fixture
async def session(session_bus: str, private_dirs: Path) -> AsyncIterator[Stage]:
    async with stage(session_bus, private_dirs) as made:
        yield made


@pytest.fixture
async def locks(system: Stage) -> AsyncIterator[Locks]:
    """With logind there."""
    await system.serve(LOGIND)
    made = Locks(system.fifo)
    yield made
    made.close()


@pytest.fixture
def at_home(
    system: Stage, session: Stage, private_dirs: Path, tiny_model: Path
) -> Iterator[tuple[RunningDaemon, Ingle]]:
    """A daemon with a model that has answered, whose only plugin is this one."""
    install_model(private_dirs, tiny_model)
    buses = {name: os.environ[name] for name in ("DBUS_SYSTEM_BUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS")}
    with daemon(private_dirs, **buses) as running_one, running_one.client() as client:
        client.generate("hello", max_tokens=2)
        yield running_one, client


async def test_no_model_is_left_when_the_machine_sleeps_and_it_answers_after_waking(
    at_home: tuple[RunningDaemon, Ingle], system: Stage, locks: Locks
) -> None:
    _, client = at_home
    assert client.call("plugin.enable", name="power")["state"] == "running"
    await system.calls_of("Inhibit", 1)
    pid = client.status().engine.pid
    assert pid
    assert psutil.pid_exists(pid)
    await system.suspend(True)
    await locks.released()
    assert not psutil.pid_exists(pid)
    status = client.status()
    assert (status.state, status.reason, status.held) == ("aside", "suspend", "suspend")
    await system.suspend(False)
    await system.calls_of("Inhibit", 2)
    assert await asyncio.to_thread(_answer_after_suspend, client)
    status = client.status()
    assert (status.state, status.holds, status.engine.state) == ("ready", [], "ready")


def _answer_after_suspend(client: Ingle) -> str:
    """The first request has to wait for the word that the machine is awake, and no longer."""
    while client.status().state == "aside":
        pass
    return client.generate("hello", max_tokens=2).text


async def test_a_game_parks_a_real_model_and_a_killed_plugin_frees_it(
    at_home: tuple[RunningDaemon, Ingle], session: Stage
) -> None:
    running_one, client = at_home
    await session.serve(GAMEMODE)
    info = client.call("plugin.enable", name="power")
    with running_one.client() as listener:
        states = (event.data for event in listener.events("engine") if event.name == "daemon.state")
        await session.games(1)
        await asyncio.to_thread(_until, lambda: next(states)["state"] == "aside")
        assert client.status().engine.pid is None
        psutil.Process(info["pid"]).kill()
        await asyncio.to_thread(_until, lambda: next(states)["state"] == "ready")
        await asyncio.to_thread(_until, lambda: next(states)["state"] == "aside")
    assert client.status().reason == "game"
    assert client.call("daemon.resume") == {"ok": True}
    assert client.generate("hello", max_tokens=2) is not None


def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        pass


async def test_what_watches_rests_while_the_screen_is_locked(
    at_home: tuple[RunningDaemon, Ingle], system: Stage, locks: Locks
) -> None:
    running_one, client = at_home
    mine = await system.session(os.getuid())
    client.call("plugin.enable", name="files")
    client.call("plugin.enable", name="power")
    with running_one.client() as listener:
        files = (event.data for event in listener.events("plugin") if event.data["name"] == "files")
        await system.lock(mine, True)
        await asyncio.to_thread(_until, lambda: next(files)["reason"] == "screen locked")
        state = client.call("plugin.call", plugin="power", command="state", args={})
        assert state["held"] == ["screen locked"]
        status = client.status()
        assert (status.state, status.held) == ("ready", None)
        assert {plugin.name: plugin.state for plugin in status.plugins}["power"] == "running"
        await system.lock(mine, False)
        await asyncio.to_thread(_until, lambda: next(files)["state"] == "running")


async def test_a_pause_by_hand_stays_when_the_screen_is_unlocked(
    at_home: tuple[RunningDaemon, Ingle], system: Stage, locks: Locks
) -> None:
    running_one, client = at_home
    mine = await system.session(os.getuid())
    client.call("plugin.enable", name="power")
    with running_one.client() as listener:
        states = (event.data for event in listener.events("engine") if event.name == "daemon.state")
        client.call("daemon.pause")
        await system.lock(mine, True)
        await asyncio.to_thread(_until, lambda: "screen locked" in next(states)["reason"])
        await system.lock(mine, False)
        await asyncio.to_thread(_until, lambda: next(states)["reason"] == "paused by you")
    assert client.status().state == "paused"
