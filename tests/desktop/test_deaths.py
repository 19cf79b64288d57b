"""X server, session bus and notification daemon die and come back, again and again.

All of it is real: `ingled`, `ingle desktop`, the host with its plugins, Xvfb, dbus-daemon. Nothing
may grow, nothing may spin while all is dead, and everything runs in the end.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from desktop.conftest import XServer, needed
from fakes.plugin_daemon import write_plugin
from fakes.running import RunningDaemon, daemon, environment
from ingle.client import Event
from ingle.errors import IngleError

pytestmark = [pytest.mark.desktop, pytest.mark.timeout(600)]

NOTIFICATIONS = Path(__file__).with_name("fake_notifications.py")
PATIENCE_S = 60
ROUNDS = 25
"""Two deaths each."""
MOST_GROWTH = 8 * 1024 * 1024
"""Bytes of memory in all: a leak of one window or thread a death is more."""
FIRST_NUMBER = 2000
"""Displays that Xvfb does not choose by itself."""
BURNT_S = 1.5
MOST_SHARE = 0.1

STANDS_ON = """
import asyncio
from ingle.sdk import Ingle, Plugin, command, glib

class It(Plugin):
    def __init__(self) -> None:
        self.ready = asyncio.Event()

    async def run(self, ingle: Ingle) -> None:
        self.kept = await glib.call({call})
        self.ready.set()
        await super().run(ingle)

    @command
    async def is_ready(self) -> None:
        await self.ready.wait()
"""
DRAWS = STANDS_ON.format(call="glib.open_display")
"""GTK ends the process when its X server ends."""
LISTENS = STANDS_ON.format(call="glib.Gio.bus_get_sync, glib.Gio.BusType.SESSION, None")
"""GIO ends the process when the shared connection to the session bus ends."""


BUS = """
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/> <allow eavesdrop="true"/> <allow own="*"/>
  </policy>
</busconfig>
"""
"""It starts no services: they would stay when it is killed."""


class SessionBus:
    """A dbus-daemon with a notification server, at an address that stays."""

    def __init__(self, folder: Path) -> None:
        self.path, self.config = folder / "bus", folder / "bus.conf"
        self.address = f"unix:path={self.path}"
        self.config.write_text(BUS.format(address=self.address))
        self._processes: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        needed("dbus-daemon")
        config = f"--config-file={self.config}"
        self._begin("dbus-daemon", config, "--nofork", "--nopidfile", "--print-address=1")
        self._begin(sys.executable, str(NOTIFICATIONS), "body", "actions")

    def _begin(self, *command: str) -> None:
        """Return when it has said its first line."""
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": self.address},
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline(), f"{command[0]} did not start"
        self._processes.append(process)

    def kill(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
        self._processes.clear()

    def clear(self) -> None:
        """What a new dbus-daemon would stumble over."""
        self.path.unlink(missing_ok=True)


@dataclass
class Desk:
    """Everything, and what the daemon says of its plugins."""

    running: RunningDaemon
    launcher: subprocess.Popen[bytes]
    x_server: XServer
    bus: SessionBus
    states: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._client = self.running.client()
        self._events = self.running.client()
        self._hearing = threading.Thread(target=self._hear, args=(self._events.events("plugin"),))
        self._hearing.start()

    def _hear(self, events: Iterator[Event]) -> None:
        try:
            for event in events:
                with self._changed:
                    self.states[event.data["name"]] = event.data
                    self._changed.notify_all()
        except IngleError:
            return

    def close(self) -> None:
        self.call("daemon.stop")
        self._hearing.join(PATIENCE_S)
        for client in (self._client, self._events):
            client.close()

    def call(self, method: str, **params: Any) -> Any:
        return self._client.call(method, **params)

    def until(self, name: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        with self._changed:
            held = self._changed.wait_for(
                lambda: name in self.states and is_so(self.states[name]), PATIENCE_S
            )
            assert held, str(self.states.get(name))
            return self.states[name]

    def until_running(self, *names: str) -> None:
        for name in names:
            self.until(name, lambda state: state["state"] == "running")

    def enable(self, *names: str, waits: Sequence[str] = ()) -> None:
        for name in names:
            self.call("plugin.enable", name=name)
        self.until_running(*(name for name in names if name not in waits))

    def watch_and_say(self) -> None:
        """Clipboard and notify do their work."""
        assert self.call("plugin.call", plugin="clipboard", command="is_watching")
        say = {"title": "there", "text": "and shown"}
        self.call("plugin.call", plugin="notify", command="say", args=say)
        self.until_running("clipboard", "notify")

    def host(self, name: str = "clipboard") -> psutil.Process:
        infos = self.call("plugin.list")
        return psutil.Process(next(info["pid"] for info in infos if info["name"] == name))

    def processes(self) -> dict[str, psutil.Process]:
        return {
            "ingled": psutil.Process(self.running.process.pid),
            "ingle desktop": psutil.Process(self.launcher.pid),
            "host": self.host(),
        }


def make_sure_it_is_dead(x_server: XServer) -> None:
    with suppress(ValueError):  # it has been killed
        x_server.kill()


@pytest.fixture
def desk(private_dirs: Path) -> Iterator[Desk]:
    bus, x_server = SessionBus(private_dirs), XServer()
    x_server.number = str(FIRST_NUMBER + os.getpid() % 10_000)  # nobody takes it while it is dead
    with ExitStack() as stack:
        stack.callback(bus.kill)
        bus.start()
        needed("Xvfb")
        x_server.start()
        stack.callback(make_sure_it_is_dead, x_server)
        running = stack.enter_context(daemon(private_dirs, arguments=["--no-desktop"]))
        launcher = subprocess.Popen(
            [sys.executable, "-m", "ingle.cli.main", "desktop"],
            env=environment(
                private_dirs,
                DISPLAY=f":{x_server.number}",
                DBUS_SESSION_BUS_ADDRESS=bus.address,
                NO_AT_BRIDGE="1",
            ),
        )
        stack.callback(launcher.wait)
        stack.callback(launcher.kill)
        whole = Desk(running, launcher, x_server, bus)
        stack.callback(whole.close)
        yield whole


@dataclass(frozen=True)
class Size:
    fds: int
    threads: int
    rss: int

    @classmethod
    def of(cls, process: psutil.Process) -> "Size":
        return cls(process.num_fds(), process.num_threads(), process.memory_info().rss)


def sizes(processes: dict[str, psutil.Process]) -> dict[str, Size]:
    return {name: Size.of(process) for name, process in processes.items()}


def used_s(processes: dict[str, psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes.values())


def burn(seconds: float) -> None:
    """Processor time of this thread: as much as a loop that spins meanwhile would get."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


DEATHS = pytest.mark.parametrize("deaths", [10, pytest.param(50, marks=pytest.mark.slow)])


def check_growth(before: dict[str, Size], after: dict[str, Size]) -> None:
    for name, first in before.items():
        last = after[name]
        assert last.fds <= first.fds, (name, before, after)
        assert last.threads <= first.threads, (name, before, after)
        assert last.rss <= first.rss + MOST_GROWTH, (name, before, after)


def x_dies(desk: Desk) -> None:
    desk.x_server.kill()
    desk.until("clipboard", lambda state: state["state"] == "waiting")
    desk.x_server.start()
    desk.until_running("clipboard")
    desk.watch_and_say()


def bus_dies(desk: Desk) -> None:
    desk.bus.kill()
    desk.bus.clear()
    desk.bus.start()
    desk.watch_and_say()


def test_plugins_outlive_fifty_deaths_and_nothing_grows(desk: Desk) -> None:
    desk.enable("clipboard", "notify")
    for _ in range(2):
        x_dies(desk)
        bus_dies(desk)
    processes = desk.processes()
    before = sizes(processes)
    for _ in range(ROUNDS):
        x_dies(desk)
        bus_dies(desk)
    assert desk.host().pid == processes["host"].pid
    check_growth(before, sizes(processes))


def test_nothing_spins_while_everything_is_dead(desk: Desk) -> None:
    desk.enable("clipboard", "notify")
    desk.watch_and_say()
    processes = desk.processes()
    desk.x_server.kill()
    desk.bus.kill()
    desk.until("clipboard", lambda state: state["state"] == "waiting")
    before = used_s(processes)
    burn(BURNT_S)
    assert used_s(processes) - before <= BURNT_S * MOST_SHARE
    desk.bus.clear()
    desk.bus.start()
    desk.x_server.start()
    desk.until_running("clipboard")
    desk.watch_and_say()


@DEATHS
def test_everything_on_the_desktop_comes_back_and_nothing_spins(desk: Desk, deaths: int) -> None:
    infos = desk.call("plugin.list")
    desktop = [info["name"] for info in infos if info["host"] == "desktop" and info["name"] != "tray"]
    desk.enable("tray", *desktop, waits=["tray"])  # this desktop has no place for icons
    desk.watch_and_say()
    others = {name: each for name, each in desk.processes().items() if name != "host"}
    before = sizes(others)
    for number in range(deaths):
        pid = desk.host("popup").pid
        if number % 2:
            desk.x_server.kill()
            desk.x_server.start()
            desk.until("popup", lambda state, pid=pid: state["pid"] not in {pid, None})
        else:
            desk.bus.kill()
            desk.until("dbus", lambda state: state["state"] == "waiting")
            desk.bus.clear()
            desk.bus.start()
        desk.until_running(*desktop)
        desk.watch_and_say()
    check_growth(before, sizes(others))
    desk.bus.kill()
    desk.until("dbus", lambda state: state["state"] == "waiting")
    processes = desk.processes()
    used = used_s(processes)
    burn(BURNT_S)
    assert used_s(processes) - used <= BURNT_S * MOST_SHARE


@DEATHS
def test_a_host_that_cannot_outlive_them_comes_back_with_them(
    desk: Desk, private_dirs: Path, deaths: int
) -> None:
    plugins = private_dirs / "data_home/ingle/plugins"
    write_plugin(plugins, "draws", DRAWS, host="gtk", requires=["display"])
    write_plugin(plugins, "listens", LISTENS, host="gtk", requires=["session-bus"])
    desk.call("daemon.reload")
    desk.enable("draws", "listens")
    for number in range(deaths):
        pid = desk.host("draws").pid
        for name in ("draws", "listens"):
            desk.call("plugin.call", plugin=name, command="is_ready")
        server = desk.x_server if number % 2 else desk.bus
        server.kill()
        desk.until("listens", lambda state, pid=pid: state["pid"] != pid)
        if server is desk.bus:
            desk.bus.clear()
        server.start()
        desk.until("draws", lambda state, pid=pid: state["pid"] not in {pid, None})
        desk.until_running("draws", "listens")
