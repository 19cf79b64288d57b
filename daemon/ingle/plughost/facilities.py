"""What a plugin can require of the machine, whether it is there, and a word when it may have come.

Nothing is polled: while something is missing, the directory where its socket will appear is
watched with inotify. What happens after the socket appeared is the plugin's business.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

X_SOCKETS = Path("/tmp/.X11-unix")  # noqa: S108 - where every X server puts its socket
_LOCAL_DISPLAY = re.compile(r"(?:unix)?:(\d+)(?:\.\d+)?")
_BUS_PATH = re.compile(r"unix:(?:.*,)?path=([^,;]+)")


def _missing_display(environ: Mapping[str, str]) -> str | None:
    display, wayland = environ.get("DISPLAY", ""), environ.get("WAYLAND_DISPLAY", "")
    if not display and not wayland:
        return "no display (neither DISPLAY nor WAYLAND_DISPLAY is set for the daemon)"
    candidates = [path for path in (_x_socket(display), _wayland_socket(environ)) if path]
    if any(path.is_socket() for path in candidates) or (display and not _x_socket(display)):
        return None
    return f"no display ({' and '.join(str(path) for path in candidates)} is not there)"


def _x_socket(display: str) -> Path | None:
    """None for a display on another machine, whose presence nobody can see."""
    found = _LOCAL_DISPLAY.fullmatch(display)
    return X_SOCKETS / f"X{found[1]}" if found else None


def _wayland_socket(environ: Mapping[str, str]) -> Path | None:
    name, runtime = environ.get("WAYLAND_DISPLAY", ""), environ.get("XDG_RUNTIME_DIR", "")
    return Path(runtime) / name if name and runtime else None


def _missing_bus(environ: Mapping[str, str]) -> str | None:
    address = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    path = _bus_socket(environ)
    if path is None:
        return None if address else "no session bus (DBUS_SESSION_BUS_ADDRESS is not set)"
    return None if path.is_socket() else f"no session bus ({path} is not there)"


def _bus_socket(environ: Mapping[str, str]) -> Path | None:
    address, runtime = environ.get("DBUS_SESSION_BUS_ADDRESS", ""), environ.get("XDG_RUNTIME_DIR", "")
    if address:
        found = _BUS_PATH.match(address)
        return Path(found[1]) if found else None
    return Path(runtime) / "bus" if runtime else None


FACILITIES: dict[str, Callable[[Mapping[str, str]], str | None]] = {
    "display": _missing_display,
    "session-bus": _missing_bus,
}


def missing(requires: list[str], environ: Mapping[str, str]) -> str | None:
    """What is not there, in words for a person; None when everything is."""
    reasons = (FACILITIES[name](environ) for name in requires)
    return next((reason for reason in reasons if reason), None)


class Watch(FileSystemEventHandler):
    """Calls `on_change` on the loop when a socket that was missing may have appeared.

    `look` and `rest` switch it; at rest there is no thread and no inotify.
    """

    def __init__(self, environ: Mapping[str, str], on_change: Callable[[], None]) -> None:
        sockets = [_x_socket(environ.get("DISPLAY", "")), _wayland_socket(environ), _bus_socket(environ)]
        self._sockets = frozenset(path for path in sockets if path)
        self._on_change = on_change
        self._loop: asyncio.AbstractEventLoop | None = None
        self._observer: Observer | None = None  # type: ignore[valid-type]

    def look(self) -> None:
        if self._observer is not None:
            return
        self._loop, observer = asyncio.get_running_loop(), Observer()
        for folder in {_nearest(path.parent) for path in self._sockets}:
            with suppress(OSError):  # no inotify left: `ingle plugin enable` looks again
                observer.schedule(self, str(folder))
        with suppress(OSError):
            observer.start()
            self._observer = observer

    def rest(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()

    def on_created(self, event: FileSystemEvent) -> None:
        """In watchdog's thread."""
        created = Path(str(event.src_path))
        if self._loop and any(created in (path, *path.parents) for path in self._sockets):
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._on_change)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.is_dir())
