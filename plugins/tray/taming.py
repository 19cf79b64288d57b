"""pystray 0.19.5 inside a process that is not its own.

It is made for a program of its own: it draws into files in /tmp, which stay when it is killed, has
D-Bus start a notification server, keeps every icon until the process ends, and puts every change
off to an idle moment. Here the pictures lie in an icon theme, and the caller is in the GLib thread.
"""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

Backend = Literal["appindicator", "gtk"]

FILE = "hicolor/24x24/apps/{}.png"
"""What a GtkStatusIcon, which is given a file, scales by itself."""


class NoIcon(Exception):
    """An icon cannot be made here; the text says why."""


BACKENDS: tuple[Backend, ...] = ("appindicator", "gtk")
"""The best first."""


def load() -> tuple[Any, Backend]:
    """pystray with the best back end that is there. Raises `NoIcon`."""
    reasons = []
    for backend in BACKENDS:
        try:
            return _imported(backend), backend
        except (ImportError, ValueError) as error:  # gi's word for a library that is not there
            reasons.append(str(error))
    raise NoIcon(f"no tray library works here: {'; '.join(reasons)}")


def _imported(backend: Backend) -> Any:
    """pystray chooses when it is imported, so it is imported anew after a failure."""
    with _chosen(backend):
        try:
            pystray = importlib.import_module("pystray")
            importlib.import_module(f"pystray._{backend}")
        except Exception:
            sys.modules.pop("pystray", None)
            raise
    return pystray


@contextmanager
def _chosen(backend: Backend) -> Iterator[None]:
    before = os.environ.get("PYSTRAY_BACKEND")
    os.environ["PYSTRAY_BACKEND"] = backend
    try:
        yield
    finally:
        os.environ.pop("PYSTRAY_BACKEND")
        if before is not None:
            os.environ["PYSTRAY_BACKEND"] = before


def icon_class(backend: Backend, theme: Path) -> Any:
    """A `pystray.Icon` whose `icon` is the name of a picture in `theme`."""
    module = importlib.import_module(f"pystray._{backend}")
    widgets: Any = sys.modules["pystray._util.gtk"]
    widgets.notify_dbus = SimpleNamespace(Notifier=_Silent)
    kind = _Indicator if backend == "appindicator" else _StatusIcon
    return type(kind.__name__, (kind, module.Icon), {"theme": theme})


class _Silent:
    """In the place of pystray's notifier. Notifications are the plugin notify's."""

    def notify(self, *_: object) -> None: ...
    def hide(self) -> None: ...


class _Tamed:
    """Before pystray's class in the order of methods."""

    theme: Path
    icon: str
    after_press: Callable[[], None]

    def _now(self, method: str) -> None:
        """Do at once what pystray's decorator `mainloop` puts off to an idle moment."""
        getattr(super(), method).__wrapped__(self)

    def _show(self) -> None:
        self._now("_show")

    def _hide(self) -> None:
        self._now("_hide")

    def _update_icon(self) -> None:
        self._now("_update_icon")

    def _update_title(self) -> None:
        self._now("_update_title")

    @property
    def widget(self) -> Any:
        """The Gtk.Menu that is shown."""
        return self._menu_handle

    def take(self, menu: Any) -> None:
        """Show this menu from now on."""
        self._menu = menu
        self._now("_update_menu")

    def update_menu(self) -> None:
        """pystray would build the widgets anew after each press, and a panel would lose its place."""
        if getattr(self, "_menu_handle", None) is None:
            self._now("_update_menu")
        else:
            self.after_press()

    def register_again(self) -> None:
        """Tell the watcher once more, where there is one."""

    def take_down(self) -> None:
        """Give back what the desktop holds for it."""
        self._finalize()  # type: ignore[attr-defined]
        self._menu = self._menu_handle = None

    def _run_detached(self) -> None:
        self._initialize()  # type: ignore[attr-defined]

    def _remove_fs_icon(self) -> None: ...


class _Indicator(_Tamed):
    """On libayatana-appindicator."""

    _appindicator: Any

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._appindicator.set_icon_theme_path(str(self.theme))

    def _update_fs_icon(self) -> None:
        self._icon_path, self._icon_valid = self.icon, True

    def register_again(self) -> None:
        self._appindicator.set_menu(self.widget)


class _StatusIcon(_Tamed):
    """On a GtkStatusIcon: XEmbed alone."""

    def _update_fs_icon(self) -> None:
        self._icon_path, self._icon_valid = str(self.theme / FILE.format(self.icon)), True
