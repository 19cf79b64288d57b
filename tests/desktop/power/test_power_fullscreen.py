"""Games that fill the screen, on a real X server with a window manager; films are none."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator

import pytest
from Xlib import X, display
from Xlib.error import ConnectionClosedError
from Xlib.protocol import event as xevent

from conftest import missing
from desktop.conftest import XServer
from desktop.power.stage import (
    BusDaemon,
    hold,
    power,
    release,
    said,
)

pytestmark = pytest.mark.desktop


class Window:
    """A window of some class that asks the window manager for the whole screen."""

    def __init__(self, server: XServer, name: str) -> None:
        self._display = display.Display(f":{server.number}")
        screen = self._display.screen()
        self._root = screen.root
        self._window = self._root.create_window(0, 0, 300, 200, 0, screen.root_depth)
        self._window.set_wm_class(name.lower(), name)
        self._window.map()
        self._display.sync()

    def fill_the_screen(self, fills: bool = True) -> None:
        state, fullscreen = (
            self._display.intern_atom(name) for name in ("_NET_WM_STATE", "_NET_WM_STATE_FULLSCREEN")
        )
        asked = xevent.ClientMessage(
            window=self._window, client_type=state, data=(32, [int(fills), fullscreen, 0, 1, 0])
        )
        mask = X.SubstructureRedirectMask | X.SubstructureNotifyMask
        self._root.send_event(asked, event_mask=mask)
        self._display.sync()

    def close(self) -> None:
        with contextlib.suppress(ConnectionClosedError, OSError):  # it may have gone before
            self._display.close()


@pytest.fixture
async def desk(system_bus: BusDaemon, x_server: XServer) -> AsyncIterator[XServer]:
    """An X server with a window manager; the plugin sees its display."""
    if not shutil.which("openbox"):
        missing("openbox")
    manager = await _manager(x_server)
    yield x_server
    if manager.returncode is None:
        manager.kill()
    await manager.wait()


async def _manager(server: XServer) -> asyncio.subprocess.Process:
    """Started; it manages windows only once it has said which there are."""
    manager = await asyncio.create_subprocess_exec(
        "openbox", "--sm-disable", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    await asyncio.to_thread(_until_managed, f":{server.number}")
    return manager


def _until_managed(name: str) -> None:
    watching = display.Display(name)
    try:
        root, atom = watching.screen().root, watching.intern_atom("_NET_CLIENT_LIST")
        root.change_attributes(event_mask=X.PropertyChangeMask)
        while root.get_full_property(atom, X.AnyPropertyType) is None:
            watching.next_event()
    finally:
        watching.close()


async def test_a_game_that_fills_the_screen_is_told_from_a_film(desk: XServer) -> None:
    async with power(fullscreen=True) as ingle:
        await said(ingle, "X11", False)
        film = Window(desk, "mpv")
        film.fill_the_screen()
        game = Window(desk, "steam_app_1091500")
        game.fill_the_screen()
        await ingle.next_call("daemon.hold")
        game.fill_the_screen(False)
        await ingle.next_call("daemon.release")
        game.fill_the_screen()
        await ingle.next_call("daemon.hold")
        game.close()
        await ingle.next_call("daemon.release")
        film.close()
    assert ingle.calls == 2 * [hold("model", "game"), release("model", "game", 20)]


async def test_a_game_is_no_reason_once_the_x_server_is_gone(desk: XServer) -> None:
    async with power(fullscreen=True, game_classes=["Doom*"]) as ingle:
        await said(ingle, "X11", False)
        game = Window(desk, "doomsday")
        game.fill_the_screen()
        await ingle.next_call("daemon.hold")
        desk.kill()
        await ingle.next_call("daemon.release")
        game.close()
        assert ingle.states[-1] == ("running", "not here: X11")
        desk.start()
        manager = await _manager(desk)
        await said(ingle, "X11", False)
        again = Window(desk, "doomsday")
        again.fill_the_screen()
        await ingle.next_call("daemon.hold")
        again.close()
        manager.kill()
        await manager.wait()
