"""A fake of a newer portal than Debian 12 has: the frontend of 1.20, which takes an application's name.

`python fake_portal.py [KNOWN]` serves `org.freedesktop.portal.Desktop`; `KNOWN` is the one
application id that it knows. It writes "serves", and then a line of JSON for each call with the
sender's name; on its input, "press ID" presses a shortcut, "move ID [TRIGGER]" gives one another
trigger or none, "drop" ends the session.
"""

import json
import sys
from typing import Any

from gi.repository import GLib
from pydbus import SessionBus
from pydbus.generic import signal

NAME, PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
RESPONSE, CLOSED = "org.freedesktop.portal.Request", "org.freedesktop.portal.Session"


class Portal:
    """
    <node>
      <interface name="org.freedesktop.host.portal.Registry">
        <method name="Register"><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/></method>
      </interface>
      <interface name="org.freedesktop.portal.GlobalShortcuts">
        <method name="CreateSession">
          <arg type="a{sv}" direction="in"/><arg type="o" direction="out"/>
        </method>
        <method name="BindShortcuts">
          <arg type="o" direction="in"/><arg type="a(sa{sv})" direction="in"/>
          <arg type="s" direction="in"/><arg type="a{sv}" direction="in"/><arg type="o" direction="out"/>
        </method>
        <signal name="Activated"><arg type="o"/><arg type="s"/><arg type="t"/><arg type="a{sv}"/></signal>
        <signal name="ShortcutsChanged"><arg type="o"/><arg type="a(sa{sv})"/></signal>
        <property name="version" type="u" access="read"/>
      </interface>
    </node>
    """

    Activated = signal()
    ShortcutsChanged = signal()
    PropertiesChanged = signal()

    def __init__(self, bus: Any, known: str) -> None:
        self.bus, self.known, self.session = bus, known, ""
        self.shortcuts: dict[str, str] = {}

    @property
    def version(self) -> int:
        tell({"call": "version"})
        return 2

    def Register(self, app: str, options: Any, dbus_context: Any) -> None:
        tell({"call": "Register", "app": app, "sender": dbus_context.sender})
        if app != self.known:
            raise type("org.freedesktop.portal.Error.NotFound", (Exception,), {})("no such application")

    def CreateSession(self, options: Any, dbus_context: Any) -> str:
        tell({"call": "CreateSession", "sender": dbus_context.sender})
        mine = dbus_context.sender[1:].replace(".", "_")
        self.session = f"{PATH}/session/{mine}/{options['session_handle_token']}"
        return self.answer(mine, options, {"session_handle": GLib.Variant("s", self.session)})

    def BindShortcuts(
        self, session: str, wanted: Any, parent: str, options: Any, dbus_context: Any
    ) -> str:
        tell({"call": "BindShortcuts", "shortcuts": wanted, "sender": dbus_context.sender})
        self.shortcuts = {id_: more["preferred_trigger"] for id_, more in wanted}
        mine = dbus_context.sender[1:].replace(".", "_")
        return self.answer(mine, options, {"shortcuts": GLib.Variant("a(sa{sv})", self.bound())})

    def bound(self) -> list[tuple[str, Any]]:
        return [
            (id_, {"trigger_description": GLib.Variant("s", keys)})
            for id_, keys in self.shortcuts.items()
        ]

    def answer(self, mine: str, options: Any, results: Any) -> str:
        """The answer may overtake the call's own: it does here."""
        path = f"{PATH}/request/{mine}/{options['handle_token']}"
        self.bus.con.emit_signal(
            None, path, RESPONSE, "Response", GLib.Variant("(ua{sv})", (0, results))
        )
        return path

    def take(self, word: str, *rest: str) -> None:
        if word == "press":
            self.Activated(self.session, rest[0], 0, {})
        elif word == "move":
            self.shortcuts[rest[0]] = " ".join(rest[1:])
            self.ShortcutsChanged(self.session, self.bound())
        elif word == "drop":
            self.bus.con.emit_signal(
                None, self.session, CLOSED, "Closed", GLib.Variant("(a{sv})", ({},))
            )


def tell(what: Any) -> None:
    sys.stdout.write((what if isinstance(what, str) else json.dumps(what)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    bus = SessionBus()
    portal = Portal(bus, sys.argv[1])
    bus.publish(NAME, (PATH, portal))

    def take(*_: Any) -> bool:
        portal.take(*sys.stdin.readline().split())
        return True

    GLib.io_add_watch(0, GLib.IO_IN, take)
    tell("serves")
    GLib.MainLoop().run()
