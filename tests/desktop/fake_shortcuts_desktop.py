"""A fake desktop behind the real xdg-desktop-portal: the side of KDE or GNOME that hears the keys.

`python fake_shortcuts_desktop.py` serves `org.freedesktop.impl.portal.GlobalShortcuts`. It writes
"serves", and then a line of JSON for each call; a line "press ID" on its input presses a shortcut,
"decline" and "accept" say how the person answers from now on.
"""

import json
import sys
from typing import Any

from gi.repository import GLib
from pydbus import SessionBus
from pydbus.generic import signal

NAME = "org.freedesktop.impl.portal.desktop.fake"


class Desktop:
    """
    <node><interface name="org.freedesktop.impl.portal.GlobalShortcuts">
      <method name="CreateSession">
        <arg type="o" direction="in"/><arg type="o" direction="in"/><arg type="s" direction="in"/>
        <arg type="a{sv}" direction="in"/><arg type="u" direction="out"/><arg type="a{sv}" direction="out"/>
      </method>
      <method name="BindShortcuts">
        <arg type="o" direction="in"/><arg type="o" direction="in"/>
        <arg type="a(sa{sv})" direction="in"/><arg type="s" direction="in"/>
        <arg type="a{sv}" direction="in"/><arg type="u" direction="out"/><arg type="a{sv}" direction="out"/>
      </method>
      <method name="ListShortcuts">
        <arg type="o" direction="in"/><arg type="o" direction="in"/>
        <arg type="u" direction="out"/><arg type="a{sv}" direction="out"/>
      </method>
      <signal name="Activated"><arg type="o"/><arg type="s"/><arg type="t"/><arg type="a{sv}"/></signal>
      <signal name="Deactivated"><arg type="o"/><arg type="s"/><arg type="t"/><arg type="a{sv}"/></signal>
      <property name="version" type="u" access="read"/>
    </interface></node>
    """

    Activated = signal()
    Deactivated = signal()
    PropertiesChanged = signal()
    version = 1

    def __init__(self) -> None:
        self.session, self.answer = "", 0

    def CreateSession(self, handle: str, session: str, app: str, options: Any) -> tuple[int, Any]:
        self.session = session
        tell({"call": "CreateSession", "app": app})
        return 0, {}

    def BindShortcuts(self, handle: str, session: str, wanted: Any, parent: str, options: Any) -> Any:
        tell({"call": "BindShortcuts", "shortcuts": wanted})
        given = [
            (id_, {"trigger_description": GLib.Variant("s", more["preferred_trigger"])})
            for id_, more in wanted
        ]
        return self.answer, {"shortcuts": GLib.Variant("a(sa{sv})", given)}

    def ListShortcuts(self, handle: str, session: str) -> tuple[int, Any]:
        return 0, {}


def tell(what: Any) -> None:
    sys.stdout.write((what if isinstance(what, str) else json.dumps(what)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    desktop = Desktop()
    SessionBus().publish(NAME, ("/org/freedesktop/portal/desktop", desktop))

    def take(*_: Any) -> bool:
        word, *rest = sys.stdin.readline().split()
        if word == "press":
            desktop.Activated(desktop.session, rest[0], 0, {})
        else:
            desktop.answer = int(word == "decline")
        return True

    GLib.io_add_watch(0, GLib.IO_IN, take)
    tell("serves")
    GLib.MainLoop().run()
