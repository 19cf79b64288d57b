"""A word when a facility may have come or gone.

Nothing is polled: the directories where sockets appear and vanish are watched with inotify. Only
a socket on which nobody listens is tried again, ever more rarely, and so is everything where other
programs have taken all that inotify has.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from ingle.plughost import facilities

FIRST_LOOK_S, LAST_LOOK_S = 0.1, 30.0
"""At what inotify cannot tell of: a server listens right after it has made its socket."""

_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
]


class Watch(FileSystemEventHandler):
    """Calls `on_change` on the loop when a socket may have appeared or vanished.

    `look` and `rest` switch it; at rest there is no thread and no inotify.
    """

    def __init__(self, environ: Mapping[str, str], on_change: Callable[[], None]) -> None:
        self._sockets = facilities.sockets(environ)
        self._on_change = on_change
        self._loop: asyncio.AbstractEventLoop | None = None
        """None at rest."""
        self._observer: Observer | None = None  # type: ignore[valid-type]
        self._folders: dict[Path, ObservedWatch] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._patience_s = FIRST_LOOK_S

    def look(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._follow()
        self._look_again()

    def rest(self) -> None:
        observer, self._observer, self._loop = self._observer, None, None
        self._folders.clear()
        self._calm()
        if observer is not None:
            observer.stop()

    # ---- folders

    def _follow(self) -> None:
        """Watch the folders of the sockets, or the nearest ones above them that are there."""
        wanted = self._wanted()
        for folder in self._folders.keys() - wanted:
            self._forget(folder)
        with suppress(OSError):  # others have taken all that inotify has
            if self._observer is None:
                observer = Observer()
                observer.start()
                self._observer = observer
            for folder in wanted - self._folders.keys():
                self._folders[folder] = self._observer.schedule(self, str(folder), event_filter=_EVENTS)

    def _wanted(self) -> set[Path]:
        return {_nearest(path.parent) for path in self._sockets}

    def _forget(self, folder: Path) -> None:
        watch = self._folders.pop(folder, None)
        if watch is not None and self._observer is not None:
            with suppress(KeyError, OSError):
                self._observer.unschedule(watch)

    def on_created(self, event: FileSystemEvent) -> None:
        """In watchdog's thread, as the two below."""
        self._take(Path(str(event.src_path)))

    def on_deleted(self, event: FileSystemEvent) -> None:
        self._take(Path(str(event.src_path)), is_gone=True)

    def on_moved(self, event: FileSystemEvent) -> None:
        self._take(Path(str(event.src_path)), is_gone=True)
        self._take(Path(str(event.dest_path)))

    def _take(self, place: Path, *, is_gone: bool = False) -> None:
        loop = self._loop
        if loop and any(place in (path, *path.parents) for path in self._sockets):
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._changed, place if is_gone else None)

    def _changed(self, gone: Path | None) -> None:
        if self._loop is None:
            return
        if gone is not None:
            self._forget(gone)  # a folder that comes back under this name is another one
        self._calm()
        self._follow()
        self._look_again()
        self._on_change()

    # ---- what inotify cannot tell of

    def _look_again(self) -> None:
        there = self._there()
        is_silent = any(facilities.mark_of(path) for path in self._sockets - there)
        if self._loop and not self._timer and (is_silent or self._folders.keys() != self._wanted()):
            self._timer = self._loop.call_later(self._patience_s, self._try, there)
            self._patience_s = min(2 * self._patience_s, LAST_LOOK_S)

    def _there(self) -> set[Path]:
        return {path for path in self._sockets if facilities.listens(path)}

    def _try(self, before: set[Path]) -> None:
        self._timer = None
        if self._there() != before:
            self._changed(None)
        else:
            self._follow()
            self._look_again()

    def _calm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._patience_s = None, FIRST_LOOK_S


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.is_dir())
