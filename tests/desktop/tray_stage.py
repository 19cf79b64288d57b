"""What the tests of the tray stand on: the plugin on a daemon that is told what to answer, a watcher,
and the item and its menu as a panel reads them.

The panel's side of com.canonical.dbusmenu and of the StatusNotifierItem is spoken over the bus, so
that nothing has to be drawn and no pixel to be hit. Waiting is for the item's own signals.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from desktop.conftest import PLUGINS
from fakes.plugin_daemon import PATIENCE_S, PluginDaemon, plugin_daemon
from ingle.sdk import glib
from ingle.sdk.glib import Gio, GLib

ENGINE = {"state": "ready", "model": "smollm2-135m-instruct", "rss_bytes": 245_000_000}
STATUS = {
    "state": "ready",
    "engine": ENGINE,
    "queue": {"interactive": 0, "normal": 0, "background": 0},
    "plugins": [
        {"name": "clipboard", "state": "running"},
        {"name": "popup", "state": "running"},
        {"name": "selection", "state": "running"},
        {"name": "tray", "state": "running"},
    ],
    "warnings": [],
}
MODELS = [
    {"name": "smollm2-135m-instruct", "state": "resident", "size_bytes": 98_000_000},
    {"name": "my_own_model", "state": "installed", "size_bytes": 490_000_000},
]
RESULTS = [{"id": "r7", "kind": "summary", "title": "A_letter <b>&</b> more", "text": "", "at": None}]
WATCHER = Path(__file__).with_name("fake_watcher.py")
ITEM, MENU = "org.kde.StatusNotifierItem", "com.canonical.dbusmenu"


@asynccontextmanager
async def tray(state: Path, plugins: Path = PLUGINS, **settings: Any) -> AsyncIterator[PluginDaemon]:
    """The plugin in its host process, enabled."""
    answers = {
        "daemon.status": STATUS, "model.list": MODELS, "result.list": RESULTS, "context.list": [],
        "daemon.pause": {}, "daemon.resume": {}, "daemon.stop": {}, "model.use": {},
        "plugin.enable": {}, "plugin.disable": {}, "plugin.call": {},
    }  # fmt: skip
    search = [("built-in", plugins)]
    async with plugin_daemon(search, state, answers=answers, settings={"tray": settings}) as daemon:
        await daemon.hosts.enable("tray")
        yield daemon


def told(daemon: PluginDaemon, **changed: Any) -> None:
    """The daemon is another one from now on, and says so."""
    daemon.answers["daemon.status"] = {**STATUS, **changed}
    daemon.emit("engine", "state", {})


@dataclass(frozen=True)
class Line:
    """One line of the menu as a panel gets it."""

    number: int
    label: str
    is_enabled: bool = True
    toggle: str = ""
    is_checked: bool = False
    lines: tuple["Line", ...] = ()

    def find(self, *labels: str) -> "Line | None":
        found = next((each for each in self.lines if each.label == labels[0]), None)
        return found.find(*labels[1:]) if found and len(labels) > 1 else found

    def labels(self) -> list[str]:
        return [each.label for each in self.lines]


def _line(node: Any) -> Line:
    number, properties, children = node
    return Line(
        number,
        properties.get("label", "").replace("__", "_"),  # a single one marks an access key
        properties.get("enabled", True),
        properties.get("toggle-type", ""),
        properties.get("toggle-state", 0) == 1,
        tuple(_line(child) for child in children),
    )


@dataclass
class Panel:
    """One connection to the bus that looks at one item, as a panel would."""

    bus: Any
    name: str
    path: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()

        def heard(*_: Any) -> None:
            loop.call_soon_threadsafe(self.changed.set)

        def subscribe() -> None:
            for interface in (ITEM, MENU):
                self.bus.signal_subscribe(
                    self.name, interface, None, None, None, Gio.DBusSignalFlags.NONE, heard
                )

        await glib.call(subscribe)

    async def _call(self, path: str, interface: str, method: str, arguments: Any) -> Any:
        def call() -> Any:
            return self.bus.call_sync(
                self.name, path, interface, method, arguments, None, 0, int(PATIENCE_S * 1000), None
            ).unpack()

        return await asyncio.to_thread(call)

    async def property(self, name: str) -> Any:
        arguments = GLib.Variant("(ss)", (ITEM, name))
        [value] = await self._call(self.path, "org.freedesktop.DBus.Properties", "Get", arguments)
        return value

    async def menu(self) -> Line:
        arguments = GLib.Variant("(iias)", (0, -1, []))
        path = await self.property("Menu")
        try:
            _, root = await self._call(path, MENU, "GetLayout", arguments)
        except GLib.Error as error:
            if "UnknownMethod" not in error.message:
                raise
            return Line(0, "the item was quicker than its menu")
        return _line(root)

    async def press(self, *labels: str) -> None:
        """Wait until the line is there and can be pressed, and press it."""
        line = await self.until_line(*labels, is_so=lambda line: line.is_enabled)
        arguments = GLib.Variant("(isvu)", (line.number, "clicked", GLib.Variant("s", ""), 0))
        await self._call(await self.property("Menu"), MENU, "Event", arguments)

    async def until_line(self, *labels: str, is_so: Callable[[Line], bool] = lambda _: True) -> Line:
        """Wait for a line that is so. Fails with the menu as it is."""
        root = Line(0, "")
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    self.changed.clear()
                    root = await self.menu()
                    line = root.find(*labels)
                    if line is not None and is_so(line):
                        return line
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"{labels} is not there or not so: {root}") from None

    async def _icon(self) -> str:
        try:
            return str(await self.property("IconName"))
        except GLib.Error as error:
            if "UnknownMethod" in error.message or "UnknownObject" in error.message:
                return "none"  # between two of the same process
            raise

    async def until_icon(self, name: str) -> None:
        icon = ""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    self.changed.clear()
                    icon = await self._icon()
                    if icon == name:
                        return
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"the icon is {icon}, not {name}") from None


class Watcher:
    """`fake_watcher.py`, and the items that registered with it."""

    def __init__(self, process: asyncio.subprocess.Process, bus: Any) -> None:
        self._process, self._bus = process, bus

    @classmethod
    async def start(cls, address: str) -> "Watcher":
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(WATCHER), stdout=subprocess.PIPE
        )
        watcher = cls(process, await connect(address))
        assert await watcher._line() == "serves"
        return watcher

    async def _line(self) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self._process.stdout.readline()
        assert line, "the watcher has ended"
        return line.decode().strip()

    async def panel(self) -> Panel:
        """A panel that looks at the next item that registers."""
        name, path = (await self._line()).split()
        panel = Panel(self._bus, name, path)
        await panel.listen()
        return panel

    async def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()
        await asyncio.to_thread(_close, self._bus)


async def connect(address: str) -> Any:
    """A connection of its own: the shared one ends the process when the test's bus ends."""

    def make() -> Any:
        flags = Gio.DBusConnectionFlags
        connection = Gio.DBusConnection.new_for_address_sync(
            address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None
        )
        connection.set_exit_on_close(False)
        return connection

    return await asyncio.to_thread(make)


def _close(bus: Any) -> None:
    if not bus.is_closed():
        bus.close_sync(None)


def resources(pid: int) -> tuple[int, int]:
    """Open descriptors and threads of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), len(list(Path(f"/proc/{pid}/task").iterdir()))
