"""The icon in the panel: pystray on libayatana-appindicator, or on a GtkStatusIcon.

libayatana registers a StatusNotifierItem with every watcher that comes, and shows itself in an
XEmbed tray while there is no watcher; so the second back end is only for systems without that
library. Everything here happens in the GLib thread.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingle.sdk import glib

from . import items, menu, taming
from .menu import Action, Tree

Press = Callable[[Action], None]

ID = "ingle"


class TrayIcon:
    """One icon with its menu, until `close`."""

    def __init__(self, theme: Path, press: Press) -> None:
        """`theme`: where `drawing.provide` put the pictures; `press` is called in the GLib thread.

        Raises `taming.NoIcon`, and `Unavailable` where there is no display.
        """
        glib.open_display()
        self._pystray, backend = taming.load()
        self._press: Press | None = press
        self._is_writing = False
        self._tree: Tree = (menu.Entry("Ingle"),)
        first = items.menu_of(self._pystray, self._tree, self._pressed)
        self._icon = taming.icon_class(backend, theme)(ID, title="Ingle", menu=first)
        self._icon.after_press = lambda: glib.call_soon(self._write)
        self._icon.run_detached(_do_nothing)

    def show(self, name: str, title: str, tree: Tree) -> None:
        """Show the picture `name` of the theme, with this tooltip and this menu."""
        self._icon.title = title
        if name != self._icon.icon:
            self._icon.icon = name
        if tree != self._tree:
            self._take(tree)
        self._icon.visible = True

    def _take(self, tree: Tree) -> None:
        """Into the menu that is there, where its form is the same: it may be open just now."""
        has_same_form, self._tree = menu.has_same_form(self._tree, tree), tree
        if has_same_form:
            self._write()
        else:
            self._icon.take(items.menu_of(self._pystray, tree, self._pressed))

    def _write(self) -> None:
        """Also after a press, for which GTK turns a check mark over: what is shown is what is."""
        if self._press is None:
            return
        self._is_writing = True
        items.write(self._icon.widget, self._tree)
        self._is_writing = False

    def _pressed(self, place: menu.Place) -> None:
        entry = menu.at(self._tree, place)
        if self._press and entry and entry.action and not self._is_writing:
            self._press(entry.action)

    def register_again(self) -> None:
        """libayatana shows itself in an XEmbed tray 100 ms after a watcher has gone, also where another
        one has come meanwhile, and takes that back when it registers the next time."""
        if self._icon.visible:
            self._icon.register_again()

    def close(self) -> None:
        """Take it off the panel and off the bus."""
        self._press = None
        self._icon.visible = False
        self._icon.stop()
        self._icon.take_down()


def _do_nothing(_: Any) -> None:
    """In the place of pystray's set-up, which would show the icon from a thread of its own."""
