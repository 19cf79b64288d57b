"""A D-Bus connection on an asyncio loop: calls, properties and signals of services that may come
and go. Calls run in a thread with a deadline; signals come through the GLib thread.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydbus.bus import Bus as PydbusBus

from ingle.sdk import glib
from ingle.sdk.bus import connect
from ingle.sdk.glib import Gio, GLib

log = logging.getLogger(__name__)

CALL_S = 5
CONNECT_S = 10.0
LAST_S = 0.3
"""For an answer that nobody wants any more; a plugin has half a second to stop."""
BUS = "org.freedesktop.DBus"
PROPERTIES = "org.freedesktop.DBus.Properties"


class Gone(Exception):
    """The connection has ended or cannot be made; the text says which."""


class Absent(Exception):
    """The service is not there, or does not know what it is asked for."""


@dataclass(frozen=True)
class Place:
    """An interface of an object. Where `may_start`, asking starts a service that is not running."""

    service: str
    path: str
    interface: str
    may_start: bool = False


@dataclass(frozen=True)
class Signal:
    """Of any object where `path` is None; `first` is its first argument, if that matters."""

    service: str | None
    interface: str
    name: str
    path: str | None = None
    first: str | None = None


def properties_of(place: Place) -> Signal:
    """Told when a property of it changes."""
    return Signal(place.service, PROPERTIES, "PropertiesChanged", place.path, place.interface)


def owner_of(service: str) -> Signal:
    """Told when the service starts or ends."""
    return Signal(BUS, BUS, "NameOwnerChanged", "/org/freedesktop/DBus", service)


class Bus:
    """One connection. Made by `connected`."""

    def __init__(self, connection: Any) -> None:
        self._con = connection
        self._bus = PydbusBus(connection)
        self._loop = asyncio.get_running_loop()
        self._subscriptions: list[Any] = []
        self._watched = 0
        self.gone = asyncio.Event()

    async def call(self, place: Place, method: str, signature: str = "()", *args: Any) -> Any:
        """What it answers, unpacked. Raises `Absent` and `Gone`."""
        return await self._in_thread(self._answer, place, method, GLib.Variant(signature, args))

    async def call_for_fd(self, place: Place, method: str, signature: str, *args: Any) -> int:
        """The descriptor in its answer, which is the caller's to close. Raises `Absent` and `Gone`."""
        asked = self._in_thread(self._answer_with_fd, place, method, GLib.Variant(signature, args))
        answering = asyncio.ensure_future(asked)
        try:
            return int(await asyncio.shield(answering))
        except asyncio.CancelledError:  # the answer is on its way with a descriptor for nobody
            answering.add_done_callback(_close_fd)
            await asyncio.wait([answering], timeout=LAST_S)
            raise

    async def get(self, place: Place, name: str) -> Any:
        """A property. Raises `Absent` and `Gone`."""
        properties = Place(place.service, place.path, PROPERTIES, place.may_start)
        (value,) = await self.call(properties, "Get", "(ss)", place.interface, name)
        return value

    async def _in_thread(self, call: Callable[..., Any], *args: Any) -> Any:
        try:
            return await asyncio.to_thread(call, *args)
        except GLib.Error as error:
            if self._con.is_closed():
                raise Gone("the bus has closed the connection") from None
            raise Absent(error.message) from None

    def _answer(self, place: Place, method: str, params: Any) -> Any:
        return self._call_now(place, method, params)[0]

    def _answer_with_fd(self, place: Place, method: str, params: Any) -> int:
        (index, *_), fds = self._call_now(place, method, params)
        if fds is None:
            raise Absent(f"{place.service} sends no descriptor")
        return int(fds.get(index))

    def _call_now(self, place: Place, method: str, params: Any) -> tuple[Any, Any]:
        flags = Gio.DBusCallFlags.NONE if place.may_start else Gio.DBusCallFlags.NO_AUTO_START
        answer, fds = self._con.call_with_unix_fd_list_sync(
            place.service, place.path, place.interface, method, params,
            None, flags, CALL_S * 1000, None, None,
        )  # fmt: skip
        return answer.unpack(), fds

    async def listen(self, signal: Signal, fired: Callable[[tuple[Any, ...]], None]) -> None:
        """Have `fired` called on the loop with what the signal carries."""

        def hear(_sender: str, _path: str, _interface: str, _name: str, params: Any) -> None:
            self._tell(fired, tuple(params))

        def subscribe() -> Any:
            return self._bus.subscribe(
                sender=signal.service, iface=signal.interface, signal=signal.name,
                object=signal.path, arg0=signal.first, signal_fired=hear,
            )  # fmt: skip

        self._subscriptions.append(await glib.call(subscribe))

    def _tell(self, function: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop has ended
            log.debug("a signal came too late")

    def watch(self) -> None:
        """In the GLib thread: notice the end of the connection."""
        self._watched = self._con.connect("closed", lambda *_: self._tell(self.gone.set))
        if self._con.is_closed():
            self._tell(self.gone.set)

    def close(self) -> None:
        """In the GLib thread. Does not wait: a bus that hangs holds nobody up."""
        for subscription in self._subscriptions:
            subscription.unsubscribe()
        if self._watched:
            self._con.disconnect(self._watched)
        self._con.close(None, None, None)


def _close_fd(answering: asyncio.Future[int]) -> None:
    if not answering.cancelled() and not answering.exception():
        os.close(answering.result())


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Bus]:
    """A connection of its own, until the block is left. Raises `Gone`."""
    try:
        async with asyncio.timeout(CONNECT_S):
            bus = Bus(await asyncio.to_thread(connect, address))
    except TimeoutError:
        raise Gone("the bus does not answer") from None
    except GLib.Error as error:
        raise Gone(f"the bus cannot be reached: {error.message}") from None
    try:
        await glib.call(bus.watch)
        yield bus
    finally:
        glib.GLib.idle_add(bus.close)
