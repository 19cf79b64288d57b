"""A desktop for the tests: a real X server, session bus and notification daemon of their own."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import Xlib.display
from Xlib import X

from conftest import missing

if TYPE_CHECKING:
    from desktop.notify_stage import Serve
    from desktop.wayland_stage import Sway

NOTIFICATION_DAEMON = Path("/usr/lib/notification-daemon/notification-daemon")
PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


class XServer:
    """An Xvfb that can be killed and started again on the same display."""

    def __init__(self) -> None:
        self.number = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Return when it accepts connections: only then does Xvfb write its number."""
        where = [f":{self.number}"] if self.number else []
        self._process = subprocess.Popen(
            ["Xvfb", *where, "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.number = self._process.stdout.readline().strip()
        assert self.number, "Xvfb did not start"

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()
        for left in (Path(f"/tmp/.X11-unix/X{self.number}"), Path(f"/tmp/.X{self.number}-lock")):
            left.unlink(missing_ok=True)


def needed(program: str) -> str:
    """The path of a program; the test is skipped, or fails on CI, where it is not installed."""
    return shutil.which(program) or missing(program)


@pytest.fixture
def x_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    """A display of the test's own, in `DISPLAY`."""
    needed("Xvfb")
    server = XServer()
    server.start()
    monkeypatch.setenv("DISPLAY", f":{server.number}")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("XAUTHORITY", raising=False)
    yield server
    server.kill()


@pytest.fixture
def window_manager(x_server: XServer) -> Iterator[None]:
    """openbox on the test's display, with its chords grabbed. It manages windows only once it has said
    which there are; what is mapped while it starts, it may miss."""
    display = Xlib.display.Display()
    root = display.screen().root
    root.change_attributes(event_mask=X.PropertyChangeMask)
    display.sync()
    process = subprocess.Popen(
        [needed("openbox"), "--sm-disable"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    manages = display.intern_atom("_NET_CLIENT_LIST")
    while display.next_event().atom != manages:
        assert process.poll() is None, "openbox has ended"
    display.close()
    yield
    process.kill()
    process.wait()


@pytest.fixture
def session_bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A session bus of the test's own, in `DBUS_SESSION_BUS_ADDRESS`; it starts no services."""
    needed("dbus-daemon")
    process = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"],
        env={**os.environ, "XDG_DATA_DIRS": "/nonexistent", "XDG_DATA_HOME": "/nonexistent"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    yield address
    process.terminate()
    process.communicate()


@pytest.fixture
def sway(private_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Sway"]:
    """A Wayland compositor of the test's own, in `WAYLAND_DISPLAY`; no X server."""
    from desktop.wayland_stage import Sway

    compositor = Sway(private_dirs / "runtime_dir")
    compositor.start()
    monkeypatch.setenv("WAYLAND_DISPLAY", compositor.display)
    monkeypatch.delenv("DISPLAY", raising=False)
    yield compositor
    compositor.kill()


@pytest.fixture
async def serve(session_bus: str) -> AsyncIterator["Serve"]:
    """Starts notification servers on the test's session bus."""
    from desktop.notify_stage import servers

    async with servers() as start:
        yield start


async def run_xclip(text: str, *options: str) -> None:
    """Copy with a real program; it stays behind as the owner, until the next one."""
    process = await asyncio.create_subprocess_exec(
        needed("xclip"), "-selection", "clipboard", *options, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    await process.communicate(text.encode())
