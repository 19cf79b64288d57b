"""Objects on the session bus, whose methods may be coroutines, and a name for them.

pydbus answers a method when it returns, in the one thread that turns the bus: a model at work would
freeze every other caller. Here a coroutine runs on the event loop, and the answer follows.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydbus.bus import Bus
from pydbus.registration import ObjectRegistration, ObjectWrapper

from ingle.sdk import IngleError, glib
from ingle.sdk.bus import close, connect, session_address
from ingle.sdk.glib import Gio, GLib

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
ERROR = "io.github.ingle.Ingle.Error."
NAME_LOST = "NameLost"
PRIMARY_OWNER = 1
DO_NOT_QUEUE = 4
CALL_MS = 5000
PATIENCE_S = 10.0
"""With a bus that takes connections and says nothing."""


class NoBus(Exception):
    """The session bus, or our name on it, cannot be had now; the text says why."""


class Answering(ObjectWrapper):  # type: ignore[misc] # pydbus has no types
    """pydbus's wrapper of an object, for which a coroutine is a method too."""

    __slots__ = ("_loop",)

    def __init__(
        self, served: object, interfaces: Sequence[Any], loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(served, interfaces)
        self._loop = loop

    def call_method(
        self, connection: Any, sender: str, path: str, interface: str, name: str, params: Any, call: Any
    ) -> None:
        """In the GLib thread."""
        method = getattr(self.object, name, None)
        signature = self.outargs.get(f"{interface}.{name}")
        if signature is None or not inspect.iscoroutinefunction(method):
            super().call_method(connection, sender, path, interface, name, params, call)
            return
        work = self._answer(method(*params), "".join(signature), call)
        asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _answer(self, work: Coroutine[Any, Any, Any], signature: str, call: Any) -> None:
        try:
            result = await work
        except IngleError as error:
            hint = f" ({error.hint})" if error.hint else ""
            glib.call_soon(call.return_dbus_error, error_name(error), f"{error.message}{hint}")
        except Exception:
            log.exception("a D-Bus method broke")
            glib.call_soon(
                call.return_dbus_error, f"{ERROR}Internal", "internal error; `ingle log` has it"
            )
        else:
            glib.call_soon(call.return_value, _packed(signature, result))


def error_name(error: IngleError) -> str:
    """`model_too_small` is io.github.ingle.Ingle.Error.ModelTooSmall."""
    return ERROR + "".join(part.title() for part in error.key.split("_"))


def _packed(signature: str, result: Any) -> Any:
    """What a method returned: nothing, one value, or a tuple of as many as it gives out."""
    if not signature:
        return None
    kind = f"({signature})"
    return GLib.Variant(kind, (result,) if GLib.VariantType(kind).n_items() == 1 else result)


class Publication:
    """A connection of our own to the session bus, with objects and a name; `gone` when it has ended."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._bus: Any = None
        self._registrations: list[Any] = []
        self.gone = asyncio.Event()

    async def open(self, objects: dict[str, tuple[object, str]]) -> None:
        """Connect, put the objects at their paths and take the name. Raises `NoBus`.

        `objects`: by path, with the file in this folder that describes the interface.
        """
        self.gone.clear()
        try:
            async with asyncio.timeout(PATIENCE_S):
                self._bus = Bus(await asyncio.to_thread(connect, session_address()))
                await glib.call(self._register, objects)
                await asyncio.to_thread(self._take_name)
        except GLib.Error as error:
            await self.close()
            raise NoBus(f"the session bus cannot be reached: {error.message}") from None
        except TimeoutError:
            await self.close()
            raise NoBus("the session bus does not answer") from None
        except NoBus:
            await self.close()
            raise

    def _register(self, objects: dict[str, tuple[object, str]]) -> None:
        """In the GLib thread, which then gets the calls."""
        self._bus.con.connect("closed", lambda *_: self._tell_gone())
        self._bus.subscribe(
            sender="org.freedesktop.DBus", iface="org.freedesktop.DBus", signal=NAME_LOST,
            arg0=self._name, signal_fired=lambda *_: self._tell_gone(),
        )  # fmt: skip
        for path, (served, file) in objects.items():
            node = Gio.DBusNodeInfo.new_for_xml((HERE / file).read_text(encoding="utf-8"))
            wrapper = Answering(served, node.interfaces, self._loop)
            registration = ObjectRegistration(
                self._bus, path, node.interfaces, wrapper, own_wrapper=True
            )
            self._registrations.append(registration)

    def _tell_gone(self) -> None:
        self._loop.call_soon_threadsafe(self.gone.set)

    def _take_name(self) -> None:
        asked = GLib.Variant("(su)", (self._name, DO_NOT_QUEUE))
        answer = self._bus.con.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
            asked, None, 0, CALL_MS, None,
        )  # fmt: skip
        if answer.unpack()[0] != PRIMARY_OWNER:
            raise NoBus(f"another program has the name {self._name} on the session bus")

    async def emit(self, signal: Callable[..., None], *args: Any) -> None:
        """Send a signal of a published object; nobody hears it when the bus is gone."""
        if self._bus is not None:
            await glib.call(lambda: signal(*args))

    async def close(self) -> None:
        """Give up name, objects and connection."""
        bus, self._bus = self._bus, None
        registrations, self._registrations = self._registrations, []
        if bus is None:
            return
        with suppress(TimeoutError):  # a bus that hangs is left to the garbage collector
            async with asyncio.timeout(PATIENCE_S):
                await glib.call(lambda: [each.unregister() for each in registrations])
                await asyncio.to_thread(close, bus.con)
