"""GLib beside asyncio: its default main loop runs in one thread of the plugin host.

The only module of Ingle that imports gi. Plugins that need D-Bus signals, GTK or a tray share
that thread: GLib objects are made and used there (`await glib.call(fn)`), and a callback comes
back with `loop.call_soon_threadsafe`.
"""

import asyncio
import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from gi.repository import Gio, GLib

__all__ = ["GLib", "Gio", "call"]

T = TypeVar("T")


@functools.cache
def _thread() -> threading.Thread:
    """The default main context belongs to the whole process, and so does the thread that turns it."""
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

    GLib.idle_add(run)
    return await future
