"""The portal's settings under a test's control, in a process of its own.

`python fake_appearance.py SCHEME` answers on the session bus as org.freedesktop.portal.Desktop does;
it writes "serves", and a number on its input is the colour scheme from then on.
"""

import sys
from typing import Any

from gi.repository import GLib
from pydbus import SessionBus
from pydbus.generic import signal

NAMESPACE, KEY = "org.freedesktop.appearance", "color-scheme"


class Settings:
    """
    <node><interface name="org.freedesktop.portal.Settings">
      <method name="Read">
        <arg type="s" name="namespace" direction="in"/><arg type="s" name="key" direction="in"/>
        <arg type="v" direction="out"/>
      </method>
      <signal name="SettingChanged"><arg type="s"/><arg type="s"/><arg type="v"/></signal>
    </interface></node>
    """

    SettingChanged = signal()

    def __init__(self, scheme: int) -> None:
        self.scheme = scheme

    def Read(self, namespace: str, key: str) -> GLib.Variant:
        return GLib.Variant("v", GLib.Variant("u", self.scheme))  # wrapped twice, as the real one does


if __name__ == "__main__":
    settings = Settings(int(sys.argv[1]))
    bus = SessionBus()
    bus.publish("org.freedesktop.portal.Desktop", ("/org/freedesktop/portal/desktop", settings))

    def take(*_: Any) -> bool:
        settings.scheme = int(sys.stdin.readline())
        settings.SettingChanged(NAMESPACE, KEY, GLib.Variant("u", settings.scheme))
        return True

    GLib.io_add_watch(0, GLib.IO_IN, take)
    sys.stdout.write("serves\n")
    sys.stdout.flush()
    GLib.MainLoop().run()
