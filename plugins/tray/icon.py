"""The icon in the panel: pystray on libayatana-appindicator, or on a GtkStatusIcon.

libayatana registers a StatusNotifierItem with every watcher that comes, and shows itself in an
XEmbed tray while there is no watcher; so the second back end is only for systems without that
library or without a session bus. Everything here happens in the GLib thread.
"""

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

from ingle.sdk import glib

from . import items, menu
from .items import Press
from .menu import Tree

Backend = Literal["appindicator", "gtk"]

ID = "ingle"


FILE = "hicolor/24x24/apps/{}.png"
"""What a GtkStatusIcon, which is given a file, scales by itself."""


class NoIcon(Exception):
    """An icon cannot be made here; the text says why."""


class TrayIcon:
    """One icon with its menu, until `close`."""

    def __init__(self, has_bus: bool, theme: Path, press: Press) -> None:
        """`theme`: where `drawing.provide` put the pictures. Raises `NoIcon`, and `Unavailable`
        where there is no display."""
        glib.open_display()
        self._pystray, self.backend = _load(has_bus)
        self._tree: Tree = (menu.Entry("Ingle"),)
        self._press: Press | None = press
        first = items.menu_of(self._pystray, self._tree, self._pressed)
        self._icon = _tamed(self.backend, theme)(ID, title="Ingle", menu=first)
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
        if self.backend == "appindicator" and self._icon.visible:
            self._icon.offer_menu()

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


# ---- pystray


def _load(has_bus: bool) -> tuple[Any, Backend]:
    """pystray with the best back end that is there. Raises `NoIcon`."""
    backends: tuple[Backend, ...] = ("appindicator", "gtk") if has_bus else ("gtk",)
    reasons = []
    for backend in backends:
        try:
            return _imported(backend), backend
        except (ImportError, ValueError) as error:  # gi's word for a library that is not there
            reasons.append(str(error))
    raise NoIcon(f"no tray library works here: {'; '.join(reasons)}")


def _imported(backend: Backend) -> Any:
    """pystray chooses when it is imported, so it is imported anew after a failure."""
    before = os.environ.get("PYSTRAY_BACKEND")
    os.environ["PYSTRAY_BACKEND"] = backend
    try:
        pystray = importlib.import_module("pystray")
        importlib.import_module(f"pystray._{backend}")
    except Exception:
        sys.modules.pop("pystray", None)
        raise
    finally:
        os.environ.pop("PYSTRAY_BACKEND")
        if before is not None:
            os.environ["PYSTRAY_BACKEND"] = before
    return pystray


class _Silent:
    """In the place of pystray's notifier, which has D-Bus start a notification server when an icon
    is made, and fails with it. Notifications are the plugin notify's."""

    def notify(self, *_: object) -> None: ...
    def hide(self) -> None: ...


def _tamed(backend: Backend, theme: Path) -> Any:
    """pystray 0.19.5 is made for a program of its own: it draws into files in /tmp, which stay when
    it is killed, keeps every icon until the process ends, and puts every change off to an idle
    moment. Here the pictures lie in `theme`, and the caller is in the GLib thread already."""
    module = importlib.import_module(f"pystray._{backend}")
    sys.modules["pystray._util.gtk"].notify_dbus = SimpleNamespace(Notifier=_Silent)  # type: ignore[attr-defined]
    kind: Any = module.Icon

    class Tamed(kind):  # type: ignore[misc]
        _show, _hide = _now(kind._show), _now(kind._hide)
        _update_icon, _update_title = _now(kind._update_icon), _now(kind._update_title)

        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            if backend == "appindicator":
                self._appindicator.set_icon_theme_path(str(theme))

        @property
        def widget(self) -> Any:
            """The Gtk.Menu that shows `menu`; None until there is one."""
            return getattr(self, "_menu_handle", None)

        def adopt(self, menu: Any) -> None:
            """Build from `menu` when the widgets are built the next time, which is after a press."""
            self._menu = menu

        def take(self, menu: Any) -> None:
            self._menu = menu
            _now(kind._update_menu)(self)

        def offer_menu(self) -> None:
            self._appindicator.set_menu(self._menu_handle)

        def take_down(self) -> None:
            self._finalize()
            self._menu = self._menu_handle = None

        def _run_detached(self) -> None:
            self._initialize()

        def _update_fs_icon(self) -> None:
            is_named = backend == "appindicator"
            self._icon_path = self.icon if is_named else str(theme / FILE.format(self.icon))
            self._icon_valid = True

        def _remove_fs_icon(self) -> None: ...

    return Tamed


def _now(put_off: Callable[..., None]) -> Callable[..., None]:
    """What pystray's decorator `mainloop` would do in an idle moment."""
    inner: Callable[..., None] = put_off.__wrapped__  # type: ignore[attr-defined]
    return inner
