"""Who would show an icon: a StatusNotifierWatcher on the session bus, or an XEmbed tray on X11.

Nothing is polled: the bus tells of a name's owner, the X server (XFixes) of the selection's.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from Xlib import display, error
from Xlib.ext import xfixes

from ingle.sdk import glib
from ingle.sdk.glib import Gio

log = logging.getLogger(__name__)

WATCHER = "org.kde.StatusNotifierWatcher"
CONNECT_S = 5.0

_OWNER_CHANGES = (
    xfixes.XFixesSetSelectionOwnerNotifyMask
    | xfixes.XFixesSelectionWindowDestroyNotifyMask
    | xfixes.XFixesSelectionClientCloseNotifyMask
)


class Hosts:
    """What is there now; `on_change` is called on the loop when that changes."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self.has_watcher = False
        self.has_xembed = False

    def __bool__(self) -> bool:
        return self.has_watcher or self.has_xembed

    def _set(self, name: str, is_there: bool) -> None:
        if getattr(self, name) != is_there:
            setattr(self, name, is_there)
            self._on_change()

    # ---- in the GLib thread

    def watch_bus(self) -> int:
        return int(
            Gio.bus_watch_name(
                Gio.BusType.SESSION,
                WATCHER,
                Gio.BusNameWatcherFlags.NONE,
                lambda *_: self._tell(True),
                lambda *_: self._tell(False),
            )
        )

    def _tell(self, is_there: bool) -> None:
        self._loop.call_soon_threadsafe(self._set, "has_watcher", is_there)

    # ---- X11

    def watch_display(self, xdisplay: Any) -> None:
        """Hear of an XEmbed tray that comes or goes. Raises `ConnectionClosedError`."""
        if not xdisplay.has_extension("XFIXES"):
            return
        xdisplay.xfixes_query_version()
        selection = xdisplay.intern_atom(f"_NET_SYSTEM_TRAY_S{xdisplay.get_default_screen()}")
        root = xdisplay.screen().root
        xdisplay.xfixes_select_selection_input(root, selection, _OWNER_CHANGES)

        def look() -> None:
            try:
                while xdisplay.pending_events():
                    xdisplay.next_event()
                self._set("has_xembed", bool(xdisplay.get_selection_owner(selection)))
            except (error.ConnectionClosedError, OSError):
                self._loop.remove_reader(xdisplay.fileno())
                self._set("has_xembed", False)

        self._loop.add_reader(xdisplay.fileno(), look)
        look()


@asynccontextmanager
async def watched(on_change: Callable[[], None]) -> AsyncIterator[Hosts]:
    """Watch for as long as the block."""
    hosts = Hosts(on_change)
    name = await glib.call(hosts.watch_bus)
    xdisplay = await _connected()
    try:
        if xdisplay is not None:
            hosts.watch_display(xdisplay)
        yield hosts
    finally:
        await glib.call(Gio.bus_unwatch_name, name)
        if xdisplay is not None:
            _close(xdisplay)


async def _connected() -> Any:
    """None under Wayland alone, and where the X server does not answer."""
    if not os.environ.get("DISPLAY"):
        return None
    try:
        async with asyncio.timeout(CONNECT_S):
            return await asyncio.to_thread(display.Display)
    except (error.DisplayError, error.ConnectionClosedError, OSError, TimeoutError) as reason:
        log.warning("no XEmbed tray is looked for: %s", type(reason).__name__)
        return None


def _close(xdisplay: Any) -> None:
    asyncio.get_running_loop().remove_reader(xdisplay.fileno())
    try:
        xdisplay.close()
    except (error.ConnectionClosedError, OSError):
        log.debug("the X server was gone already")
