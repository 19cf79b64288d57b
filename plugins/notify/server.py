"""The notification server of the desktop, over D-Bus (Desktop Notifications Specification 1.2).

It may be missing, hang, die and come back: the bus tells who owns the name, and what was learnt of
a server is forgotten with it. Calls run in a thread with a deadline; signals come through the
GLib thread.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from pydbus.bus import Bus

from ingle.sdk import glib
from ingle.sdk.bus import close, connect, session_address
from ingle.sdk.glib import GLib

from . import icon
from .bubbles import Urgency

log = logging.getLogger(__name__)

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
BUS = "org.freedesktop.DBus"
CALL_S = 5
"""A server that takes longer to show a bubble hangs."""
URGENCIES: dict[Urgency, int] = {"low": 0, "normal": 1, "critical": 2}
INHIBITED = "Inhibited"
"""The property of servers that tell of do-not-disturb (KDE's, and the draft of version 1.3)."""

OWNER_CHANGED, CLOSED, ACTION, PROPERTIES = (
    "NameOwnerChanged", "NotificationClosed", "ActionInvoked", "PropertiesChanged",
)  # fmt: skip

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
        self._tells_inhibited = True
        self._turn = asyncio.Lock()
        """One connection at a time is made."""

    # ---- what it is asked

    async def abilities(self) -> frozenset[str]:
        """What this server can do, such as "actions". Raises `NoServer`."""
        await self._met()
        return self._abilities

    async def is_inhibited(self) -> bool:
        """Whether the person is not to be disturbed, as far as this server says. Raises `NoServer`."""
        await self._met()
        if not self._tells_inhibited:
            return False
        try:
            return bool(await asyncio.to_thread(self._get, INHIBITED))
        except GLib.Error as error:
            if _is_gone(error):
                await self._lost(error)
            self._tells_inhibited = False
            return False

    async def show(
        self,
        title: str,
        body: str,
        actions: Sequence[tuple[str, str]] = (),
        replaces: int = 0,
        urgency: Urgency = "normal",
    ) -> int:
        """Show it, in the place of the notification `replaces`; gives its id. Raises `NoServer`."""
        await self._met()
        flat = [word for action in actions for word in action]
        hints = {
            "urgency": GLib.Variant("y", URGENCIES[urgency]),
            "desktop-entry": GLib.Variant("s", icon.NAME),
        }
        asked = (icon.icon_of(urgency), replaces, title, body, flat, hints)
        try:
            return int(await asyncio.to_thread(self._notify, *asked))
        except GLib.Error as error:
            await self._lost(error)

    async def close(self, id_: int) -> None:
        """Take a notification back; that it is gone already does not matter. Raises `NoServer`."""
        await self._met()
        try:
            await asyncio.to_thread(lambda: self._proxy.CloseNotification(id_, timeout=CALL_S))
        except GLib.Error as error:
            if _is_gone(error):
                await self._lost(error)

    def _notify(
        self, picture: str, replaces: int, title: str, body: str, actions: list[str], hints: Any
    ) -> Any:
        return self._proxy.Notify(
            "Ingle", replaces, picture, title, body, actions, hints, -1, timeout=CALL_S
        )

    def _get(self, name: str) -> Any:
        asked = GLib.Variant("(ss)", (NAME, name))
        answer = self._bus.con.call_sync(
            NAME, PATH, f"{BUS}.Properties", "Get", asked, None, 0, CALL_S * 1000, None
        )
        return answer.unpack()[0]

    # ---- life

    async def reach(self) -> None:
        """Hear of servers that come and go, even if there is none yet. Raises `NoServer`."""
        async with self._turn:
            await self._reach()

    async def _reach(self) -> None:
        if self._bus is not None and not self._bus.con.is_closed():
            return
        await self.disconnect()
        try:
            async with asyncio.timeout(2 * CALL_S):
                self._bus = Bus(await asyncio.to_thread(connect, session_address()))
            self._subscriptions = await glib.call(self._subscribe)
        except (GLib.Error, TimeoutError) as error:
            await self._lost(error)

    async def disconnect(self) -> None:
        """Forget the connection; what is shown next makes another."""
        bus, self._bus, self._proxy = self._bus, None, None
        subscriptions, self._subscriptions = self._subscriptions, []
        if bus is not None:
            await glib.call(lambda: [each.unsubscribe() for each in subscriptions])
            await asyncio.to_thread(close, bus.con)

    async def _met(self) -> None:
        async with self._turn:
            await self._reach()
            if self._proxy is not None:
                return
            try:
                self._proxy, abilities = await asyncio.to_thread(self._meet)
            except (GLib.Error, KeyError) as error:
                await self._lost(error)
            else:
                self._abilities, self._tells_inhibited = frozenset(abilities), True

    def _meet(self) -> tuple[Any, list[str]]:
        proxy = self._bus.get(NAME, PATH, timeout=CALL_S)[NAME]
        return proxy, proxy.GetCapabilities(timeout=CALL_S)

    async def _lost(self, error: BaseException) -> NoReturn:
        """Raises `NoServer`. The connection to a living bus stays, to hear of the next server."""
        self._proxy = None
        if self._bus is None or self._bus.con.is_closed():
            await self.disconnect()
        raise NoServer(_in_words(error)) from None

    def _subscribe(self) -> list[Any]:
        """In the GLib thread, whose main context then delivers the signals."""
        wanted = [
            {"sender": NAME, "iface": NAME, "object": PATH, "signal": ACTION},
            {"sender": NAME, "iface": NAME, "object": PATH, "signal": CLOSED},
            {"sender": NAME, "iface": f"{BUS}.Properties", "object": PATH, "signal": PROPERTIES,
             "arg0": NAME},
            {"sender": BUS, "iface": BUS, "signal": OWNER_CHANGED, "arg0": NAME},
        ]  # fmt: skip
        return [self._bus.subscribe(signal_fired=self._hear, **each) for each in wanted]

    def _hear(self, _sender: str, _path: str, _iface: str, signal: str, params: Any) -> None:
        self._loop.call_soon_threadsafe(self._take, signal, tuple(params))

    def _take(self, signal: str, params: tuple[Any, ...]) -> None:
        if signal == OWNER_CHANGED:
            self._proxy = None  # another server has other abilities
        self._on_signal(signal, params)


_NOBODY = ("ServiceUnknown", "NoReply", "NameHasNoOwner", "Disconnected", "Spawn")
"""Errors that the bus gives in the place of a server."""


def _is_gone(error: BaseException) -> bool:
    """Whether there is nobody to ask, in contrast to a server that does not know what was asked."""
    message = str(getattr(error, "message", ""))
    is_answer = "GDBus.Error:" in message
    return not is_answer or any(word in message for word in _NOBODY)


def _in_words(error: BaseException) -> str:
    if isinstance(error, GLib.Error) and "ServiceUnknown" in error.message:
        return "no notification server is running on this desktop"
    if isinstance(error, GLib.Error) and error.matches(
        glib.Gio.io_error_quark(), glib.Gio.IOErrorEnum.TIMED_OUT
    ):
        return "the notification server does not answer"
    return "the notification server or the session bus went away"
