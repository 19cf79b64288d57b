"""The icon in the panel: pystray on libayatana-appindicator, or on a GtkStatusIcon.

libayatana registers a StatusNotifierItem with every watcher that comes, and shows itself in an
XEmbed tray while there is no watcher; so the second back end is only for systems without that
library or without a session bus. Everything here happens in the GLib thread.
"""

from pathlib import Path
from typing import Any

from ingle.sdk import glib

from . import items, menu, taming
from .items import Press
from .menu import Tree

ID = "ingle"


class TrayIcon:
    """One icon with its menu, until `close`."""

    def __init__(self, has_bus: bool, theme: Path, press: Press) -> None:
        """`theme`: where `drawing.provide` put the pictures. Raises `taming.NoIcon`, and
        `Unavailable` where there is no display."""
        glib.open_display()
        self._pystray, self._backend = taming.load(has_bus)
        self._tree: Tree = (menu.Entry("Ingle"),)
        self._press: Press | None = press
        first = items.menu_of(self._pystray, self._tree, self._pressed)
        self._icon = taming.icon_class(self._backend, theme)(ID, title="Ingle", menu=first)
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
        """Where only words differ, into the menu that is there: it may be open just now."""
        is_close, self._tree = menu.is_same_but_labels(self._tree, tree), tree
        built = items.menu_of(self._pystray, tree, self._pressed)
        if is_close and self._icon.widget is not None:
            self._icon.adopt(built)
            items.relabel(self._icon.widget, tree)
        else:
            self._icon.take(built)

    def register_again(self) -> None:
        """libayatana shows itself in an XEmbed tray 100 ms after a watcher has gone, also where another
        one has come meanwhile, and takes that back when it registers the next time."""
        if self._icon.visible:
            self._icon.register_again()

    def _pressed(self, action: menu.Action) -> None:
        if self._press is not None:
            self._press(action)

    def close(self) -> None:
        """Take it off the panel and off the bus."""
        self._press = None
        self._icon.visible = False
        self._icon.stop()
        self._icon.take_down()


def _do_nothing(_: Any) -> None:
    """In the place of pystray's set-up, which would show the icon from a thread of its own."""
