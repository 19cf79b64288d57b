"""The portal's half of the hotkey plugin: the real xdg-desktop-portal with a fake desktop behind it.

Only for what a newer portal than the machine's has, a fake frontend stands in.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import missing
from desktop.conftest import XServer, needed
from desktop.hotkey_stage import PATIENCE_S, bound, stage, until, xdotool
from ingle.cli.checkup.hotkey import _has_portal, would_hear

pytestmark = pytest.mark.desktop

HERE = Path(__file__).parent
PORTAL = Path("/usr/libexec/xdg-desktop-portal")
NAME = "org.freedesktop.portal.Desktop"
APP_ID = "io.github.ingle.Ingle"


class Helper:
    """A process of the stage, spoken to in lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self.process.stdout.readline()
        assert line, "the helper has ended"
        return line.decode().strip()

    async def call(self, name: str) -> dict[str, Any]:
        """The next call of that name; those before it are passed over."""
        while True:
            said = dict(json.loads(await self.line()))
            if said["call"] == name:
                return said

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.communicate()


Start = Callable[..., Awaitable[Helper]]


@pytest.fixture
async def start(session_bus: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Start a Python helper and wait until it serves."""
    monkeypatch.delenv("XDG_SESSION_TYPE", raising=False)
    started = []

    async def helper(name: str, *args: str) -> Helper:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE / name), *args, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(Helper(process))
        assert await started[-1].line() == "serves"
        return started[-1]

    yield helper
    for each in started:
        await each.kill()


class RealPortal:
    """xdg-desktop-portal, with the fake desktop as the one that it may ask."""

    def __init__(self, folder: Path, session_bus: str) -> None:
        self.folder, self.process = folder, None
        portals = folder / "portals"
        portals.mkdir()
        (portals / "fake.portal").write_text(
            "[portal]\nDBusName=org.freedesktop.impl.portal.desktop.fake\n"
            "Interfaces=org.freedesktop.impl.portal.GlobalShortcuts\nUseIn=fake\n"
        )
        self.environ = {
            **os.environ,
            "DBUS_SESSION_BUS_ADDRESS": session_bus,
            "XDG_DESKTOP_PORTAL_DIR": str(portals),
            "XDG_CURRENT_DESKTOP": "fake",
            "XDG_RUNTIME_DIR": str(folder),
        }
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [PORTAL, "-r"], env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        subprocess.run([needed("gdbus"), "wait", "--session", "--timeout", "30", NAME], check=True)

    async def settle(self) -> None:
        """Wait until it has its interfaces, too, which is some time after it has its name."""
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(_has_portal, {**os.environ, "WAYLAND_DISPLAY": "any"}):
                pass

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def real_portal(tmp_path: Path, session_bus: str) -> Iterator[RealPortal]:
    if not PORTAL.exists():
        missing("xdg-desktop-portal")
    portal = RealPortal(tmp_path, session_bus)
    yield portal
    portal.kill()


@pytest.fixture
def _wayland(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Wayland desktop as far as the plugin looks: it never speaks to the compositor."""
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.delenv("DISPLAY", raising=False)


@pytest.mark.usefixtures("_wayland")
async def test_the_desktop_hears_the_chords(start: Start, real_portal: RealPortal) -> None:
    desktop = await start("fake_shortcuts_desktop.py")
    await real_portal.start()
    async with bound("Ctrl+Alt+Space", "Super+R = skill:rewrite", backend="auto") as made:
        asked = dict((await desktop.call("BindShortcuts"))["shortcuts"])
        assert asked["popup"]["preferred_trigger"] == "CTRL+ALT+space"
        assert asked["popup"]["description"] == "Open Ingle"
        assert asked["skill-rewrite"]["preferred_trigger"] == "LOGO+r"
        assert {each["backend"] for each in await made.bindings()} == {"portal"}
        desktop.say("press skill-rewrite")
        assert (await made.pressed())["args"] == {"skill": "rewrite"}
        desktop.say("press popup")
        assert (await made.pressed())["args"] == {}


@pytest.mark.usefixtures("_wayland")
async def test_the_session_is_restored_when_the_portal_is_started_anew(
    start: Start, real_portal: RealPortal
) -> None:
    desktop = await start("fake_shortcuts_desktop.py")
    await real_portal.start()
    async with bound(backend="auto") as made:
        first = await desktop.call("BindShortcuts")
        for _ in range(2):
            real_portal.kill()
            await made.until_state("waiting")
            await real_portal.start()
            await made.until_state("running")
            assert await desktop.call("BindShortcuts") == first
            desktop.say("press popup")
            assert (await made.pressed())["plugin"] == "popup"


@pytest.mark.usefixtures("_wayland")
async def test_who_declines_is_not_asked_again_and_again(start: Start, real_portal: RealPortal) -> None:
    desktop = await start("fake_shortcuts_desktop.py")
    desktop.say("decline")
    await real_portal.start()
    async with stage(backend="auto") as made:
        await made.until_state("waiting", "you declined")
        await desktop.call("BindShortcuts")
        desktop.say("accept")
        real_portal.kill()
        await real_portal.start()  # as at the next login
        await made.until_state("running")


@pytest.mark.usefixtures("_wayland")
async def test_a_portal_without_a_desktop_behind_it_is_waited_for(
    start: Start, real_portal: RealPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = sys.modules["ingle_plugin_hotkey.portal"]
    patience = portal.SETTLING_S
    monkeypatch.setattr(portal, "SETTLING_S", (0.1,))
    async with stage(backend="auto") as made:
        await made.until_state("waiting", "bind a key to the command `ingle popup`")
        desktop = await start("fake_shortcuts_desktop.py")
        monkeypatch.setattr(portal, "SETTLING_S", patience)
        await real_portal.start()
        await made.until_state("running")
        desktop.say("press popup")
        await made.pressed()


@pytest.mark.usefixtures("_wayland")
async def test_under_wayland_without_a_bus_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    async with stage(backend="auto") as made:
        await made.until_state("waiting", "bindsym Ctrl+Alt+space exec ingle popup")


async def test_on_x11_without_a_portal_for_shortcuts_keys_are_grabbed(
    session_bus: str, x_server: XServer
) -> None:
    needed("xdotool")
    async with bound(backend="auto") as made:
        assert {each["backend"] for each in await made.bindings()} == {"x11"}
        await xdotool("key", "ctrl+alt+space")
        await made.pressed()


async def test_a_portal_that_hangs_holds_up_nobody_for_long(
    start: Start, x_server: XServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["ingle_plugin_hotkey.portal_bus"], "CALL_MS", 200)
    portal = await start("fake_portal.py", APP_ID)
    portal.process.send_signal(signal.SIGSTOP)
    async with bound(backend="auto") as made:
        assert {each["backend"] for each in await made.bindings()} == {"x11"}


async def test_on_x11_a_portal_for_shortcuts_comes_first(
    start: Start, real_portal: RealPortal, x_server: XServer
) -> None:
    await start("fake_shortcuts_desktop.py")
    await real_portal.start()
    await real_portal.settle()
    async with bound(backend="auto") as made:
        assert {each["backend"] for each in await made.bindings()} == {"portal"}


async def test_the_doctor_finds_what_the_plugin_finds(start: Start, real_portal: RealPortal) -> None:
    needed("dbus-send")
    x11, wayland = {**os.environ, "DISPLAY": ":0"}, {**os.environ, "WAYLAND_DISPLAY": "wayland-0"}
    x11.pop("WAYLAND_DISPLAY", None)
    assert "key grabs" in (await asyncio.to_thread(would_hear, x11)).message
    assert "no portal" in (await asyncio.to_thread(would_hear, wayland)).message
    await start("fake_shortcuts_desktop.py")
    await real_portal.start()
    await real_portal.settle()
    for environ in (x11, wayland):
        assert "portal for shortcuts" in (await asyncio.to_thread(would_hear, environ)).message


# ---- what only newer portals have


@pytest.mark.usefixtures("_wayland")
async def test_the_name_is_told_first_and_on_the_same_connection(start: Start) -> None:
    portal = await start("fake_portal.py", APP_ID)
    async with bound(backend="auto") as made:
        calls = [json.loads(await portal.line()) for _ in range(4)]
        assert [each["call"] for each in calls] == [
            "Register", "version", "CreateSession", "BindShortcuts",
        ]  # fmt: skip
        assert calls[0]["app"] == APP_ID
        assert len({each["sender"] for each in calls if "sender" in each}) == 1
        portal.say("press popup")
        await made.pressed()


@pytest.mark.usefixtures("_wayland")
async def test_without_its_desktop_file_it_works_and_says_what_is_missing(start: Start) -> None:
    await start("fake_portal.py", "org.example.Other")
    async with bound(backend="auto") as made:
        [binding] = await made.bindings()
        assert "`ingle setup` installs its desktop file" in binding["reason"]


@pytest.mark.usefixtures("_wayland")
async def test_what_the_person_changes_in_the_desktop_is_taken_over(start: Start) -> None:
    portal = await start("fake_portal.py", APP_ID)
    async with bound(backend="auto") as made:
        portal.say("move popup Meta+J")
        [binding] = made.ingle._plugin._bindings  # type: ignore[attr-defined]
        await until(lambda: binding.reason == "the desktop has it on Meta+J")
        assert made.ingle.states[-1] == ("running", None)


@pytest.mark.usefixtures("_wayland")
async def test_a_session_that_the_desktop_ends_is_not_forced_upon_it(start: Start) -> None:
    portal = await start("fake_portal.py", APP_ID)
    async with bound(backend="auto") as made:
        portal.say("drop")
        await made.until_state("waiting", "the desktop ended it")
        await portal.kill()
        await start("fake_portal.py", APP_ID)
        await made.until_state("running")


@pytest.mark.usefixtures("_wayland")
async def test_a_portal_that_leaves_the_keys_to_the_person_says_so(start: Start) -> None:
    portal = await start("fake_portal.py", APP_ID)
    async with bound(backend="auto") as made:
        portal.say("move popup")
        await made.until_state("waiting", "bind = CTRL ALT, space, global, io.github.ingle.Ingle:popup")
        portal.say("press popup")
        await made.pressed()


class Bus:
    """A session bus that can be ended and started anew in the same place."""

    def __init__(self, path: Path) -> None:
        self.address = f"unix:path={path}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1",
             f"--address={self.address}"],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def bus(session_bus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    made = Bus(tmp_path / "bus")
    made.start()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", made.address)
    yield made
    made.kill()


@pytest.mark.usefixtures("_wayland")
async def test_the_session_is_restored_when_the_bus_is_started_anew(bus: Bus, start: Start) -> None:
    await start("fake_portal.py", APP_ID)
    async with bound(backend="auto") as made:
        for _ in range(2):
            bus.kill()
            await made.until_state("waiting")
            bus.start()
            portal = await start("fake_portal.py", APP_ID)
            await made.until_state("running")
            portal.say("press popup")
            await made.pressed()
