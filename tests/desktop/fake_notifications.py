"""A notification server under a test's control, in a process of its own.

`python fake_notifications.py ABILITY...` answers on the session bus; with the ability "inhibited" it has
the property of that name, as KDE's has. It writes "serves", then each notification as a line of JSON;
a line "press ID KEY" on its input presses a button, "close ID" closes one, "inhibit 1" and "inhibit 0"
switch do-not-disturb on and off.
"""

import json
import sys
from typing import Any

from gi.repository import GLib
from pydbus import SessionBus
from pydbus.generic import signal

PROPERTY = '<property name="Inhibited" type="b" access="read"/>'
INTERFACE = """
    <node><interface name="org.freedesktop.Notifications">
      <method name="GetCapabilities"><arg type="as" direction="out"/></method>
      <method name="Notify">
        <arg type="s" name="app" direction="in"/><arg type="u" name="replaces" direction="in"/>
        <arg type="s" name="icon" direction="in"/><arg type="s" name="summary" direction="in"/>
        <arg type="s" name="body" direction="in"/><arg type="as" name="actions" direction="in"/>
        <arg type="a{sv}" name="hints" direction="in"/><arg type="i" name="expires" direction="in"/>
        <arg type="u" direction="out"/>
      </method>
      <method name="CloseNotification"><arg type="u" name="id" direction="in"/></method>
      <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
      <signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
    </interface></node>
"""


class Server:
    ActionInvoked = signal()
    NotificationClosed = signal()
    PropertiesChanged = signal()

    def __init__(self, abilities: list[str]) -> None:
        self.abilities, self.last, self.Inhibited = abilities, 0, False

    def CloseNotification(self, id_: int) -> None:
        tell(json.dumps({"closed": id_}))
        self.NotificationClosed(id_, 3)

    def inhibit(self, is_on: bool) -> None:
        self.Inhibited = is_on
        self.PropertiesChanged("org.freedesktop.Notifications", {"Inhibited": is_on}, [])

    def GetCapabilities(self) -> list[str]:
        return self.abilities

    def Notify(self, app: str, replaces: int, icon: str, summary: str, body: str, *rest: Any) -> int:
        actions, hints, _expires = rest
        self.last = replaces or self.last + 1
        shown = {
            "id": self.last,
            "replaces": replaces,
            "title": summary,
            "body": body,
            "actions": actions,
            "urgency": hints["urgency"],
        }
        tell(json.dumps(shown))
        return self.last


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    server = Server(sys.argv[1:])
    bus = SessionBus()
    more = PROPERTY if "inhibited" in server.abilities else ""
    interface = INTERFACE.replace("</interface>", f"{more}</interface>")
    bus.publish("org.freedesktop.Notifications", ("/org/freedesktop/Notifications", server, interface))

    def take(*_: Any) -> bool:
        word, number, *key = sys.stdin.readline().split()
        if word == "press":
            server.ActionInvoked(int(number), key[0])
        elif word == "inhibit":
            server.inhibit(number == "1")
            tell("inhibited")
        else:
            server.NotificationClosed(int(number), 2)
        return True

    GLib.io_add_watch(0, GLib.IO_IN, take)
    tell("serves")
    GLib.MainLoop().run()
