"""What the desktop wants things to look like: its GTK theme, and the colour scheme of the portal.

In the GLib thread; everything that may take long is asked for and answered later.
"""

from collections.abc import Callable
from typing import Any

from ingle.sdk.glib import Gio, GLib, Gtk

from . import theme
from .theme import Palette

PORTAL = "org.freedesktop.portal.Desktop"
PATH = "/org/freedesktop/portal/desktop"
SETTINGS = "org.freedesktop.portal.Settings"
NAMESPACE, KEY = "org.freedesktop.appearance", "color-scheme"
ANSWER_MS = 2000


class Appearance:
    """Calls `on_change(palette)` at once and whenever the desktop changes its mind."""

    def __init__(self, wanted: str, on_change: Callable[[Palette], None]) -> None:
        self._wanted, self._on_change = wanted, on_change
        self._scheme = 0
        self._bus: Any = None
        self._subscription = 0
        self._settings = Gtk.Settings.get_default()
        names = ("gtk-theme-name", "gtk-application-prefer-dark-theme")
        self._handlers = [self._settings.connect(f"notify::{name}", self._changed) for name in names]
        if wanted == "auto":
            Gio.bus_get(Gio.BusType.SESSION, None, self._got_bus)
        self._changed()

    def close(self) -> None:
        for handler in self._handlers:
            self._settings.disconnect(handler)
        self._on_change = lambda _palette: None
        if self._bus is not None and self._subscription:
            self._bus.signal_unsubscribe(self._subscription)

    def _changed(self, *_: Any) -> None:
        name = self._settings.get_property("gtk-theme-name") or ""
        prefers = self._settings.get_property("gtk-application-prefer-dark-theme")
        dark = theme.is_dark(self._wanted, name, prefers_dark=bool(prefers), scheme=self._scheme)
        self._on_change(theme.palette(dark=dark, theme=name))

    # ---- the portal, where there is one

    def _got_bus(self, _source: Any, result: Any) -> None:
        try:
            self._bus = Gio.bus_get_finish(result)
        except GLib.Error:
            return  # no session bus: GTK's settings are all there is
        self._bus.set_exit_on_close(False)  # the bus may go; we stay
        self._subscription = self._bus.signal_subscribe(
            PORTAL, SETTINGS, "SettingChanged", PATH, NAMESPACE, 0, self._on_signal
        )
        self._bus.call(
            PORTAL, PATH, SETTINGS, "Read", GLib.Variant("(ss)", (NAMESPACE, KEY)), None,
            Gio.DBusCallFlags.NONE, ANSWER_MS, None, self._got_scheme,
        )  # fmt: skip

    def _got_scheme(self, bus: Any, result: Any) -> None:
        try:
            answer = bus.call_finish(result).unpack()
        except GLib.Error:
            return  # no portal, or one that does not know it
        self._take(answer[0])

    def _on_signal(self, *args: Any) -> None:
        namespace, key, value = args[5].unpack()
        if (namespace, key) == (NAMESPACE, KEY):
            self._take(value)

    def _take(self, value: Any) -> None:
        if isinstance(value, int):
            self._scheme = value
            self._changed()
