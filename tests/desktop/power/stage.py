"""Buses of a test's own with python-dbusmock on them: logind, UPower, GameMode, screen savers.

logind's `Inhibit` gives the writing end of a FIFO, so that the test sees when a lock is let go.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from conftest import missing
from fakes.plugin_daemon import PATIENCE_S
from ingle.sdk.glib import GLib
from ingle.sdk.testing import FakeIngle, load, running

FOLDER = Path(__file__).resolve().parents[3] / "plugins" / "power"
Power = load(FOLDER)
from ingle_plugin_power.bus import BUS, Bus, Place, Signal, connected  # type: ignore[import-not-found]  # noqa: E402


class Watched(Power):  # type: ignore[misc]
    """The plugin, and a way to wait for what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self._heard, self._times = asyncio.Event(), 0

    def _hear(self, source: str, is_so: bool | None) -> None:
        super()._hear(source, is_so)
        self._times += 1
        heard, self._heard = self._heard, asyncio.Event()
        heard.set()

    async def has_heard_so_often(self, times: int) -> None:
        """Each connection is heard of when it is there and when it is not any more."""
        async with asyncio.timeout(PATIENCE_S):
            while self._times < times:
                await self._heard.wait()

    async def has_heard(self, source: str, is_so: bool | None) -> None:
        """Wait until this is the last that a service has said."""
        async with asyncio.timeout(PATIENCE_S):
            while (source, is_so) not in self._said.items():
                await self._heard.wait()


PYTHON = "/usr/bin/python3"
"""Debian's: python3-dbusmock is a package of the system."""
HAS_MOCK = Path("/usr/lib/python3/dist-packages/dbusmock").is_dir()
MOCK = "org.freedesktop.DBus.Mock"
LOGIND, UPOWER = "org.freedesktop.login1", "org.freedesktop.UPower"
GAMEMODE = "com.feralinteractive.GameMode"
SAVER = "org.gnome.ScreenSaver"
PATHS = {
    LOGIND: "/org/freedesktop/login1",
    UPOWER: "/org/freedesktop/UPower",
    GAMEMODE: "/com/feralinteractive/GameMode",
    SAVER: "/org/gnome/ScreenSaver",
}
OFF = dict.fromkeys(("suspend", "battery", "gamemode", "fullscreen", "lock"), False)
TEMPLATES = {LOGIND: "logind", UPOWER: "upower"}


class BusDaemon:
    """A dbus-daemon at an address of its own, that can be killed and started again there."""

    def __init__(self, folder: Path, name: str) -> None:
        self.address = f"unix:path={folder / name}"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Return when it serves."""
        self._process = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1",
             f"--address={self.address}"],
            env={**os.environ, "XDG_DATA_DIRS": "/nonexistent", "XDG_DATA_HOME": "/nonexistent"},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip(), "dbus-daemon did not start"

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()
        Path(self.address.removeprefix("unix:path=")).unlink(missing_ok=True)


@contextmanager
def system_bus_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusDaemon]:
    """In `DBUS_SYSTEM_BUS_ADDRESS`; there is no display."""
    if not shutil.which("dbus-daemon"):
        missing("dbus-daemon")
    bus = BusDaemon(folder, "system")
    bus.start()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    monkeypatch.delenv("DISPLAY", raising=False)
    yield bus
    bus.kill()


def power(**settings: Any) -> AbstractAsyncContextManager[FakeIngle]:
    """The plugin with only those parts switched on that are named."""
    return running(Watched, {**OFF, **settings}, FOLDER)


def hold(what: str, reason: str) -> tuple[str, dict[str, Any]]:
    return ("daemon.hold", {"what": what, "reason": reason})


def release(what: str, reason: str, after_s: float = 0) -> tuple[str, dict[str, Any]]:
    return ("daemon.release", {"what": what, "reason": reason, "after_s": after_s})


async def said(ingle: FakeIngle, source: str, what: bool | None) -> None:
    """Wait until the plugin has heard so."""
    assert isinstance(ingle._plugin, Watched)
    await ingle._plugin.has_heard(source, what)


class Stage:
    """One bus as the test sees it, with the services that it has started there."""

    def __init__(self, bus: Bus, address: str, folder: Path) -> None:
        self.bus, self._address, self._folder = bus, address, folder
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._called: list[tuple[str, list[Any]]] = []
        self._changed = asyncio.Event()
        self._owners: dict[str, str] = {}

    async def begin(self) -> None:
        await self.bus.listen(Signal(None, MOCK, "MethodCalled"), self._hear_call)
        await self.bus.listen(Signal(BUS, BUS, "NameOwnerChanged"), self._hear_owner)

    def _hear_call(self, params: tuple[Any, ...]) -> None:
        self._called.append((params[0], list(params[1])))
        self._tell()

    def _hear_owner(self, params: tuple[Any, ...]) -> None:
        self._owners[params[0]] = params[2]
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await self._changed.wait()

    async def calls_of(self, method: str, times: int) -> list[list[Any]]:
        """The arguments of the calls of a method, once there are so many."""

        def found() -> list[list[Any]]:
            return [args for name, args in self._called if name == method]

        await self.until(lambda: len(found()) >= times)
        return found()

    # ---- services

    async def serve(self, service: str) -> None:
        """Start a service and wait until it serves."""
        where = ["--template", TEMPLATES[service]] if service in TEMPLATES else [
            service, PATHS[service], service
        ]  # fmt: skip
        kinds = ("DBUS_SYSTEM_BUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS")
        self._processes[service] = await asyncio.create_subprocess_exec(
            PYTHON, "-m", "dbusmock", *(["--system"] if service in TEMPLATES else []), *where,
            env={**os.environ, **dict.fromkeys(kinds, self._address)}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        await self.until(lambda: bool(self._owners.get(service)))
        if service == LOGIND:
            await self._make_locks_visible()
        elif service == GAMEMODE:
            await self.mock(
                service, "AddProperty", "(ssv)", service, "ClientCount", GLib.Variant("i", 0)
            )
            await self.games(0)  # a mock gets its property only after its name
        elif service == SAVER:
            await self.mock(
                service, "AddMethod", "(sssss)", service, "GetActive", "", "b", "ret = False"
            )

    async def _make_locks_visible(self) -> None:
        with suppress(FileExistsError):
            os.mkfifo(self.fifo)
        code = (
            f"fd = os.open({str(self.fifo)!r}, os.O_WRONLY | os.O_NONBLOCK)\n"
            "ret = dbus.types.UnixFd(fd)\nos.close(fd)"
        )
        manager = f"{LOGIND}.Manager"
        await self.mock(LOGIND, "AddMethod", "(sssss)", manager, "Inhibit", "ssss", "h", code)

    @property
    def fifo(self) -> Path:
        return self._folder / "inhibitors"

    async def kill(self, service: str) -> None:
        process = self._processes.pop(service)
        process.kill()
        await process.wait()
        await self.until(lambda: not self._owners.get(service))

    async def end(self) -> None:
        for process in self._processes.values():
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def mock(self, service: str, method: str, signature: str, *args: Any, path: str = "") -> Any:
        """Tell a service how to behave."""
        return await self.bus.call(
            Place(service, path or PATHS[service], MOCK), method, signature, *args
        )

    async def emit(self, service: str, signal: str, signature: str, *values: Any, **where: str) -> None:
        """Have a service send a signal."""
        interface = where.get("interface", service)
        await self.mock(
            service, "EmitSignal", "(sssav)", interface, signal, signature, list(values),
            path=where.get("path", ""),
        )  # fmt: skip

    # ---- what happens

    async def suspend(self, is_going: bool) -> None:
        """logind's word before and after a suspend."""
        value = GLib.Variant("b", is_going)
        await self.emit(LOGIND, "PrepareForSleep", "b", value, interface=f"{LOGIND}.Manager")

    async def battery(self, is_on: bool) -> None:
        changed = {"OnBattery": GLib.Variant("b", is_on)}
        await self.mock(UPOWER, "UpdateProperties", "(sa{sv})", UPOWER, changed)

    async def games(self, count: int) -> None:
        """As gamemoded does it: a signal for the game, and the property for how many there are."""
        changed = {"ClientCount": GLib.Variant("i", count)}
        await self.mock(GAMEMODE, "UpdateProperties", "(sa{sv})", GAMEMODE, changed)

    async def saver(self, is_active: bool) -> None:
        code = f"ret = {is_active}"
        await self.mock(SAVER, "AddMethod", "(sssss)", SAVER, "GetActive", "", "b", code)
        await self.emit(SAVER, "ActiveChanged", "b", GLib.Variant("b", is_active))

    async def session(self, uid: int) -> str:
        """A login session; gives its path."""
        (path,) = await self.mock(
            LOGIND, "AddSession", "(ssusb)", f"c{uid}", "seat0", uid, "someone", True
        )
        return str(path)

    async def lock(self, session: str, is_locked: bool) -> None:
        changed = {"LockedHint": GLib.Variant("b", is_locked)}
        await self.mock(
            LOGIND, "UpdateProperties", "(sa{sv})", f"{LOGIND}.Session", changed, path=session
        )


@asynccontextmanager
async def stage(address: str, folder: Path) -> AsyncIterator[Stage]:
    """The test's own connection to a bus; at the end its services have ended."""
    if not HAS_MOCK:
        missing("python3-dbusmock")
    async with connected(address) as bus:
        made = Stage(bus, address, folder)
        await made.begin()
        try:
            yield made
        finally:
            await made.end()


class Locks:
    """The reading end of the FIFO: hears when the last inhibitor is closed."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    async def released(self) -> None:
        """Wait for the end of the last one that was given out."""
        loop, closed = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._fd, closed.set)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await closed.wait()
        finally:
            loop.remove_reader(self._fd)

    def are_held(self) -> bool:
        """Whether any is still held; reading nothing means that all are closed."""
        try:
            return os.read(self._fd, 1) != b""
        except BlockingIOError:
            return True

    def close(self) -> None:
        os.close(self._fd)
