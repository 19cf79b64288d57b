"""A connection of its own to the session bus, on an asyncio loop: calls, signals, and its end.

Of its own, because the portal ties an application's name and its shortcuts to one connection, and
because the connection that libraries share ends the whole process when the bus goes. Calls run in
a thread; signals come through the GLib thread.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ingle.sdk import glib
from ingle.sdk.bus import close, session_address
from ingle.sdk.glib import Gio, GLib

CALL_MS = 15_000
"""For an answer; the first call may have to start the portal, which asks around before it serves."""

Heard = Callable[[str, tuple[Any, ...]], None]
"""Told the path and the arguments of a signal, on the loop."""


class NoBus(Exception):
    """The text says why."""


class Refused(Exception):
    """A call was answered with an error; `name` is that of D-Bus, or empty."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class Bus:
    """Made by `connect`; `closed` is set when the bus has ended it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._subscriptions: list[int] = []
        self.closed = asyncio.Event()

    @property
    def own_name(self) -> str:
        return str(self._connection.get_unique_name())

    async def call(self, name: str, path: str, method: str, parameters: Any = None) -> tuple[Any, ...]:
        """`method` is `INTERFACE.METHOD`. Raises `Refused`."""
        interface, _, member = method.rpartition(".")
        try:
            answer = await asyncio.to_thread(
                self._connection.call_sync, name, path, interface, member, parameters, None,
                Gio.DBusCallFlags.NONE, CALL_MS, None,
            )  # fmt: skip
        except GLib.Error as error:
            raise Refused(Gio.DBusError.get_remote_error(error) or "", error.message) from None
        return tuple(answer.unpack())

    async def hear(self, name: str, signal: str, heard: Heard, path: str | None = None) -> None:
        """Have `heard` called for the signal `INTERFACE.SIGNAL` of `name`, until `close`."""
        interface, _, member = signal.rpartition(".")

        def subscribe() -> None:
            self._subscriptions.append(
                self._connection.signal_subscribe(
                    name, interface, member, path, None, Gio.DBusSignalFlags.NONE, self._take, heard
                )
            )

        await glib.call(subscribe)

    def _take(self, _c: Any, _s: str, path: str, _i: str, _m: str, values: Any, heard: Heard) -> None:
        """In the GLib thread."""
        self._post(heard, path, tuple(values.unpack()))

    def take_end(self, *_: Any) -> None:
        """In the GLib thread: the bus has closed the connection."""
        self._post(self.closed.set)

    def _post(self, function: Callable[..., None], *args: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(function, *args)

    async def close(self) -> None:
        for subscription in self._subscriptions:
            await glib.call(self._connection.signal_unsubscribe, subscription)
        await asyncio.to_thread(close, self._connection)


async def connect() -> Bus:
    """Raises `NoBus`."""
    address = session_address()
    if not address:
        raise NoBus("there is no session bus")
    flags = Gio.DBusConnectionFlags
    try:
        connection = await asyncio.to_thread(
            Gio.DBusConnection.new_for_address_sync, address,
            flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None,
        )  # fmt: skip
    except GLib.Error:
        raise NoBus("the session bus does not answer") from None
    bus = Bus(connection)
    await glib.call(lambda: connection.connect("closed", bus.take_end))
    return bus
