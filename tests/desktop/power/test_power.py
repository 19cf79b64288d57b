"""The power plugin on buses of its own with dbusmock's services; the daemon is a recorder."""

import os
from pathlib import Path

import pytest

from desktop.power.stage import (
    GAMEMODE,
    LOGIND,
    PATHS,
    SAVER,
    UPOWER,
    BusDaemon,
    Locks,
    Place,
    Stage,
    hold,
    power,
    release,
    said,
    stage,
)
from ingle.sdk.glib import GLib

pytestmark = pytest.mark.desktop


# ---- suspend


async def test_the_machine_sleeps_only_when_the_model_is_gone(system: Stage, locks: Locks) -> None:
    async with power(suspend=True, return_s=7) as ingle:
        was_held: list[bool] = []
        ingle.answers["daemon.hold"] = lambda _: was_held.append(locks.are_held())
        [asked] = await system.calls_of("Inhibit", 1)
        assert (asked[0], asked[3]) == ("sleep", "delay")
        await system.suspend(True)
        assert await ingle.next_call("daemon.hold") == hold("model", "suspend")[1]
        await locks.released()
        assert was_held == [True]
        await system.suspend(False)
        await system.calls_of("Inhibit", 2)
        await ingle.next_call("engine.verify")
    assert ingle.calls == [
        hold("model", "suspend"), release("model", "suspend", 7), ("engine.verify", {})
    ]  # fmt: skip


async def test_a_daemon_that_takes_too_long_keeps_no_machine_awake(system: Stage, locks: Locks) -> None:
    async with power(suspend=True) as ingle:
        ingle.answers["daemon.hold"] = TimeoutError()
        await system.calls_of("Inhibit", 1)
        await system.suspend(True)
        await locks.released()
        await system.suspend(False)
        await system.calls_of("Inhibit", 2)


async def test_the_lock_goes_with_the_plugin(system: Stage, locks: Locks) -> None:
    """At once, though it may be on its way to a plugin that ends, and nothing collects garbage."""
    for number in range(1, 21):
        async with power(suspend=True):
            await system.calls_of("Inhibit", number)
        await locks.released()


async def test_a_logind_that_comes_back_waits_for_us_again(system: Stage, locks: Locks) -> None:
    async with power(suspend=True) as ingle:
        await system.calls_of("Inhibit", 1)
        await system.suspend(True)
        await ingle.next_call("daemon.hold")
        await system.kill(LOGIND)
        await ingle.next_call("daemon.release")
        assert ingle.states[-1] == ("running", "not here: logind")
        await system.serve(LOGIND)
        await said(ingle, "logind", True)
        assert (await ingle.command("state"))["guards_sleep"]


# ---- battery


async def test_background_work_waits_on_battery(system: Stage) -> None:
    await system.serve(UPOWER)
    async with power(battery=True) as ingle:
        await said(ingle, "UPower", False)
        for _ in range(2):
            await system.battery(True)
            await ingle.next_call("daemon.hold")
            await system.battery(False)
            await ingle.next_call("daemon.release")
    assert ingle.calls == 2 * [hold("background", "on battery"), release("background", "on battery")]


async def test_upower_may_be_missing_come_and_go(system: Stage) -> None:
    async with power(battery=True) as ingle:
        await said(ingle, "UPower", None)
        assert ingle.states[-1] == ("running", "not here: UPower")
        await system.serve(UPOWER)
        await said(ingle, "UPower", False)
        assert ingle.states[-1] == ("running", None)
        await system.battery(True)
        await ingle.next_call("daemon.hold")
        await system.kill(UPOWER)
        await ingle.next_call("daemon.release")


async def test_a_bus_that_ends_and_comes_back_is_taken_up_again(
    system_bus: BusDaemon, private_dirs: Path
) -> None:
    async with power(battery=True) as ingle:
        async with stage(system_bus.address, private_dirs) as before:
            await before.serve(UPOWER)
            await before.battery(True)
            await ingle.next_call("daemon.hold")
            system_bus.kill()
            await ingle.next_call("daemon.release")
        system_bus.start()
        async with stage(system_bus.address, private_dirs) as after:
            await after.serve(UPOWER)
            await after.battery(True)
            await ingle.next_call("daemon.hold")


# ---- games


async def test_the_model_steps_aside_for_a_registered_game(system: Stage, session: Stage) -> None:
    async with power(gamemode=True) as ingle:
        await said(ingle, "GameMode", None)
        await session.serve(GAMEMODE)
        await said(ingle, "GameMode", False)
        await session.games(1)
        await ingle.next_call("daemon.hold")
        await session.games(2)
        await session.games(0)
        await ingle.next_call("daemon.release")
    assert ingle.calls == [hold("model", "game"), release("model", "game", 20)]


async def test_the_signal_of_a_game_is_enough(system: Stage, session: Stage) -> None:
    await session.serve(GAMEMODE)
    async with power(gamemode=True) as ingle:
        await said(ingle, "GameMode", False)
        quietly = "self.props['com.feralinteractive.GameMode']['ClientCount'] = dbus.Int32(1)"
        await session.mock(GAMEMODE, "AddMethod", "(sssss)", "x.Y", "Quietly", "", "", quietly)
        await session.bus.call(Place(GAMEMODE, PATHS[GAMEMODE], "x.Y"), "Quietly")
        values = GLib.Variant("i", 4711), GLib.Variant("o", "/com/feralinteractive/GameMode/Games/1")
        await session.emit(GAMEMODE, "GameRegistered", "io", *values)
        await ingle.next_call("daemon.hold")
        await session.kill(GAMEMODE)
        await ingle.next_call("daemon.release")


# ---- the screen


async def test_what_watches_rests_while_a_session_is_locked(system: Stage, locks: Locks) -> None:
    mine = await system.session(os.getuid())
    others = await system.session(os.getuid() + 1)
    async with power(lock=True) as ingle:
        await said(ingle, "screen lock", False)
        await system.lock(others, True)
        await system.lock(mine, True)
        await ingle.next_call("daemon.hold")
        await system.lock(mine, False)
        await ingle.next_call("daemon.release")
    assert ingle.calls == [hold("watching", "screen locked"), release("watching", "screen locked")]


async def test_a_screen_saver_and_logind_are_one_reason(
    system: Stage, session: Stage, locks: Locks
) -> None:
    mine = await system.session(os.getuid())
    await session.serve(SAVER)
    async with power(lock=True) as ingle:
        await said(ingle, "screen saver", False)
        await said(ingle, "screen lock", False)
        await session.saver(True)
        await system.lock(mine, True)
        await said(ingle, "screen lock", True)
        await said(ingle, "screen saver", True)
        await session.saver(False)
        await said(ingle, "screen saver", False)
        assert len(ingle.calls) == 1
        await system.lock(mine, False)
        await ingle.next_call("daemon.release")
    assert len(ingle.calls) == 2


async def test_what_is_switched_off_is_not_even_asked(system: Stage, locks: Locks) -> None:
    await system.serve(UPOWER)
    async with power(battery=True) as ingle:
        await system.suspend(True)
        await system.battery(True)
        await ingle.next_call("daemon.hold")
        assert not locks.are_held()
    assert ingle.calls == [hold("background", "on battery"), release("background", "on battery")]
