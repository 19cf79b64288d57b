"""The notification server of the desktop, over D-Bus (Desktop Notifications Specification 1.2).

It may be missing, hang, die and come back: a connection is made when something is to be shown,
and made anew after an error. Calls run in a thread with a deadline; signals come through the
GLib thread.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from pydbus import connect

from ingle.sdk import glib
from ingle.sdk.glib import GLib

log = logging.getLogger(__name__)

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
CALL_S = 5
"""A server that takes longer to show a bubble hangs."""

Heard = Callable[[str, tuple[Any, ...]], None]


class NoServer(Exception):
    """Nothing can be shown just now; the text says why."""


class Server:
    """Shows notifications. `on_signal(name, params)` is called on the loop."""

    def __init__(self, on_signal: Heard) -> None:
        self._on_signal = on_signal
        self._loop = asyncio.get_running_loop()
        self._bus: Any = None
        self._proxy: Any = None
        self._subscriptions: list[Any] = []
        self._abilities: frozenset[str] = frozenset()

    async def abilities(self) -> frozenset[str]:
        """What this server can do, such as "actions". Raises `NoServer`."""
        await self._connected()
        return self._abilities

    async def show(
        self, title: str, body: str, actions: Sequence[tuple[str, str]] = (), replaces: int = 0
    ) -> int:
        """Show it, in the place of the notification `replaces`; gives its id. Raises `NoServer`."""
        await self._connected()
        flat = [word for action in actions for word in action]
        hints = {
            "urgency": GLib.Variant("y", 1),
            "desktop-entry": GLib.Variant("s", "io.github.ingle.Ingle"),
        }
        try:
            return int(await asyncio.to_thread(self._notify, replaces, title, body, flat, hints))
        except GLib.Error as error:
            await self.close()
            raise NoServer(_in_words(error)) from None

    def _notify(self, replaces: int, title: str, body: str, actions: list[str], hints: Any) -> Any:
        icon = "dialog-information"
        return self._proxy.Notify(
            "Ingle", replaces, icon, title, body, actions, hints, -1, timeout=CALL_S
        )

    async def close(self) -> None:
        """Forget the connection; the next `show` makes another."""
        bus, self._bus, self._proxy = self._bus, None, None
        subscriptions, self._subscriptions = self._subscriptions, []
        if bus is not None:
            await glib.call(lambda: [each.unsubscribe() for each in subscriptions])
            await asyncio.to_thread(_close, bus)

    async def _connected(self) -> None:
        if self._bus is not None and not self._bus.con.is_closed():
            return
        await self.close()
        try:
            async with asyncio.timeout(2 * CALL_S):
                self._bus = await asyncio.to_thread(connect, _address())
            self._subscriptions = await glib.call(self._subscribe)
            self._proxy, abilities = await asyncio.to_thread(self._meet)
            self._abilities = frozenset(abilities)
        except (GLib.Error, TimeoutError, KeyError) as error:
            await self.close()
            raise NoServer(_in_words(error)) from None

    def _meet(self) -> tuple[Any, list[str]]:
        proxy = self._bus.get(NAME, PATH, timeout=CALL_S)[NAME]
        return proxy, proxy.GetCapabilities(timeout=CALL_S)

    def _subscribe(self) -> list[Any]:
        """In the GLib thread, whose main context then delivers the signals."""
        return [
            self._bus.subscribe(
                sender=NAME, iface=NAME, object=PATH, signal=signal, signal_fired=self._hear
            )
            for signal in ("ActionInvoked", "NotificationClosed")
        ]

    def _hear(self, _sender: str, _path: str, _iface: str, signal: str, params: Any) -> None:
        self._loop.call_soon_threadsafe(self._on_signal, signal, tuple(params))


def _close(bus: Any) -> None:
    try:
        bus.con.close_sync(None)
    except GLib.Error:
        log.debug("the session bus was gone already")


def _address() -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return os.environ.get("DBUS_SESSION_BUS_ADDRESS") or f"unix:path={runtime}/bus"


def _in_words(error: BaseException) -> str:
    if isinstance(error, GLib.Error) and "ServiceUnknown" in error.message:
        return "no notification server is running on this desktop"
    if isinstance(error, GLib.Error) and error.matches(
        glib.Gio.io_error_quark(), glib.Gio.IOErrorEnum.TIMED_OUT
    ):
        return "the notification server does not answer"
    return "the notification server or the session bus went away"
