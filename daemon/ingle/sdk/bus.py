"""Where the D-Bus buses of this session are, and the end of a connection to one.

A plugin makes a connection of its own (`Bus(connect(session_address()))` with `pydbus.bus.Bus`): the
one that GLib's libraries share ends the whole process when the bus goes.
"""

import os
from typing import Any

from ingle.sdk.glib import Gio, GLib

__all__ = ["close", "connect", "session_address", "system_address"]


def session_address() -> str:
    """Empty where there is no session."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return os.environ.get("DBUS_SESSION_BUS_ADDRESS") or (runtime and f"unix:path={runtime}/bus")


def system_address() -> str:
    return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or "unix:path=/run/dbus/system_bus_socket"


def connect(address: str) -> Any:
    """A `Gio.DBusConnection` to a bus; blocks. Raises `GLib.Error`. Set no attribute on it.

    `pydbus.connect` does, and then Python watches the connection's references: GDBus's thread, which
    takes one for each message under a lock, waits for the interpreter, and whoever frees another
    connection in Python waits for that lock. The whole process stands still.
    """
    flags = Gio.DBusConnectionFlags
    return Gio.DBusConnection.new_for_address_sync(
        address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None
    )


def close(connection: Any) -> None:
    """End a `Gio.DBusConnection`, also one whose bus is gone; blocks for a moment."""
    try:
        connection.close_sync(None)
    except GLib.Error:  # the bus is gone; the socket would wait for the garbage collector
        connection.get_stream().close(None)
