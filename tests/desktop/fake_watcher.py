"""A StatusNotifierWatcher under a test's control, in a process of its own.

It writes "serves" when it has the name, and then the address of every item that registers, as
"BUSNAME PATH". With no panel behind it nothing is drawn. One that has the name already loses it.
"""

import sys
from typing import Any

from gi.repository import GLib
from pydbus import SessionBus
from pydbus.generic import signal


class Watcher:
    """
    <node><interface name="org.kde.StatusNotifierWatcher">
      <method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
      <method name="RegisterStatusNotifierHost"><arg type="s" direction="in"/></method>
      <property name="RegisteredStatusNotifierItems" type="as" access="read"/>
      <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
      <property name="ProtocolVersion" type="i" access="read"/>
      <signal name="StatusNotifierItemRegistered"><arg type="s"/></signal>
      <signal name="StatusNotifierItemUnregistered"><arg type="s"/></signal>
      <signal name="StatusNotifierHostRegistered"/>
    </interface></node>
    """

    StatusNotifierItemRegistered = signal()
    StatusNotifierItemUnregistered = signal()
    StatusNotifierHostRegistered = signal()
    PropertiesChanged = signal()
    IsStatusNotifierHostRegistered = True
    ProtocolVersion = 0

    def __init__(self) -> None:
        self.RegisteredStatusNotifierItems: list[str] = []

    def RegisterStatusNotifierItem(self, service: str, dbus_context: Any) -> None:
        name, path = service, "/StatusNotifierItem"
        if service.startswith("/"):
            name, path = dbus_context.sender, service
        if name + path in self.RegisteredStatusNotifierItems:
            return  # said again
        self.RegisteredStatusNotifierItems.append(name + path)
        self.StatusNotifierItemRegistered(name + path)
        tell(f"{name} {path}")

    def RegisterStatusNotifierHost(self, service: str) -> None:
        """There is one already."""


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    bus = SessionBus()
    exported = bus.register_object("/StatusNotifierWatcher", Watcher(), None)
    name = bus.request_name("org.kde.StatusNotifierWatcher", replace=True)
    tell("serves")
    GLib.MainLoop().run()
