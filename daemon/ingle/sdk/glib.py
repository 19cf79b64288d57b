"""GLib beside asyncio: its default main loop runs in one thread of the plugin host.

The only module of Ingle that imports gi. Plugins that need D-Bus signals, GTK or a tray share
that thread: GLib objects are made and used there (`await glib.call(fn)`), and a callback comes
back with `loop.call_soon_threadsafe`.

What belongs to a display (`Gtk`, `Gdk`, `Pango` ...) is loaded when a plugin first names it, so that
a host without one never pays for it; and it is loaded in the GLib thread, because loading GTK
opens the display, and from then on only that thread may touch it. GTK 4 cannot be in the same
process: pystray needs GTK 3.
"""

import asyncio
import ctypes
import functools
import importlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import gi
from gi.repository import Gio, GLib

from ingle.errors import Unavailable
from ingle.sdk.protocol import DISPLAY_GONE

__all__ = ["GLib", "Gio", "call", "call_soon", "has", "open_display"]

T = TypeVar("T")

_ON_DEMAND = {
    "Atk": "1.0",
    "Gdk": "3.0",
    "GdkPixbuf": "2.0",
    "GdkX11": "3.0",
    "Gtk": "3.0",
    "GtkLayerShell": "0.1",
    "Pango": "1.0",
    "PangoCairo": "1.0",
}
SWITCH_S = 0.001
"""How long the asyncio thread may keep the interpreter while this one wants it; Python's own 5 ms are
felt, as drawing one window asks for it dozens of times."""
LOADING_S = 60.0
"""For GTK to load: half a second as a rule; no limit would let a hanging X server hang the host."""


@functools.cache
def _thread() -> threading.Thread:
    """The default main context belongs to the whole process, and so does the thread that turns it."""
    sys.setswitchinterval(SWITCH_S)
    thread = threading.Thread(target=GLib.MainLoop().run, name="glib", daemon=True)
    thread.start()
    return thread


async def call(function: Callable[..., T], *args: Any) -> T:
    """Run `function` in the GLib thread and give its result or raise what it raised.

    It must be short: everything else that lives in GLib waits meanwhile.
    """
    _thread()
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def finish(result: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def run() -> bool:
        result, error = None, None
        try:
            result = function(*args)
        except Exception as caught:  # noqa: BLE001 - it is raised again where it was asked for
            error = caught
        loop.call_soon_threadsafe(finish, result, error)
        return bool(GLib.SOURCE_REMOVE)

    # before redrawing and before what is merely idle: somebody waits for it
    GLib.idle_add(run, priority=GLib.PRIORITY_DEFAULT)
    return await future


def call_soon(function: Callable[..., object], *args: Any) -> None:
    """Have `function` run in the GLib thread; nobody waits. In order with other calls."""
    _thread()

    def run() -> bool:
        function(*args)
        return bool(GLib.SOURCE_REMOVE)

    GLib.idle_add(run, priority=GLib.PRIORITY_DEFAULT)


# ---- what belongs to a display


def __getattr__(name: str) -> Any:
    """`from ingle.sdk.glib import Gtk`: loaded once, in the GLib thread. Raises `ImportError`."""
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = _in_thread(lambda: _load(name))
    except ValueError as error:  # gi's word for a typelib that is not installed
        raise ImportError(f"{name} {_ON_DEMAND[name]} is not installed for gi") from error
    globals()[name] = module
    return module


def has(name: str) -> bool:
    """Whether a library of those on demand, such as `GtkLayerShell`, is installed; loads nothing."""
    return _ON_DEMAND[name] in gi.Repository.get_default().enumerate_versions(name)


def open_display() -> Any:
    """The display that GTK draws on, opened if need be. In the GLib thread.

    Raises `Unavailable` when there is none.
    """
    gtk, gdk = _load("Gtk"), _load("Gdk")
    if gdk.Display.get_default() is None:
        gtk.init_check([])  # there was none when GTK was loaded
    display = gdk.Display.get_default()
    if display is None:
        raise Unavailable("there is no display", "it starts when there is one")
    _say_why_when_x_ends(display)
    return display


def _load(name: str) -> Any:
    gi.require_version(name, _ON_DEMAND[name])
    return importlib.import_module(f"gi.repository.{name}")


def _in_thread(function: Callable[[], T]) -> T:
    """Run `function` in the GLib thread and wait for it, also from within that thread."""
    thread = _thread()
    if threading.current_thread() is thread:
        return function()
    outcome: Future[T] = Future()

    def run() -> bool:
        try:
            outcome.set_result(function())
        except Exception as caught:  # noqa: BLE001 - it is raised again where it was asked for
            outcome.set_exception(caught)
        return bool(GLib.SOURCE_REMOVE)

    GLib.idle_add(run, priority=GLib.PRIORITY_DEFAULT)
    try:
        return outcome.result(LOADING_S)
    except TimeoutError:
        raise ImportError("the display does not answer") from None


@functools.cache
def _say_why_when_x_ends(display: Any) -> None:
    """After GDK has set its own handler, which ends the process with a status that says nothing."""
    if "X11" not in type(display).__name__:
        return
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
    handler = kind(lambda _display: os._exit(DISPLAY_GONE))
    _KEPT.append(handler)
    ctypes.CDLL("libX11.so.6").XSetIOErrorHandler(handler)


_KEPT: list[Any] = []
"""What C holds a pointer to."""
