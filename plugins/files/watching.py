"""watchdog on an asyncio loop: which paths may have changed and rest again.

A path rests when nothing happened to it for a while and no writer has it open. inotify tells of
opening and closing; where its watches are used up, watchdog polls instead, which does not, and
then only the quiet counts. Of a burst that may have overflowed the kernel's queue nobody knows
what is missing, so that everything is looked at again.
"""

import asyncio
import errno
import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

log = logging.getLogger(__name__)

POLL_S = 5.0
"""Between two looks where inotify is used up."""
BURST = 4096
"""Events without a pause after which all files are looked at: the kernel's queue holds 16384."""
MOST_FILES = 50_000
"""Remembered by size and time; a folder with more is not a drop folder."""

_LIMITS = (errno.ENOSPC, errno.EMFILE)


@dataclass
class _Unrest:
    """A path that something happened to."""

    timer: asyncio.TimerHandle
    is_open: bool = False


class Watching(FileSystemEventHandler):
    """Watches folders between `start` and `stop`; changed files come out of `next`."""

    def __init__(
        self, folders: Iterable[Path], is_wanted: Callable[[Path], bool], quiet_s: float
    ) -> None:
        self._folders, self._is_wanted, self._quiet_s = tuple(folders), is_wanted, quiet_s
        self._loop = asyncio.get_running_loop()
        self._unrest: dict[Path, _Unrest] = {}
        self._at_rest: asyncio.Queue[Path] = asyncio.Queue()
        self._seen: dict[Path, tuple[int, int]] = {}
        self._burst = 0
        self._calm: asyncio.TimerHandle | None = None
        self.gone = asyncio.Event()
        """Set when a watched folder is no more."""
        self.is_polling = False

    def start(self) -> None:
        """What is there already is remembered as seen. Raises `OSError` when nothing can be watched."""
        try:
            self._observer = self._started(Observer())
        except OSError as error:
            if error.errno not in _LIMITS:
                raise
            self.is_polling = True
            self._observer = self._started(PollingObserver(timeout=POLL_S))
        self._seen = self._look()

    def stop(self) -> None:
        """Blocks until watchdog's threads have ended, which they do at once."""
        for unrest in self._unrest.values():
            unrest.timer.cancel()
        if self._calm:
            self._calm.cancel()
        self._observer.stop()
        self._observer.join()

    def _started(self, observer: Any) -> Any:
        for folder in self._folders:
            observer.schedule(self, str(folder), recursive=True)
        observer.start()
        try:  # watchdog is silent when the watches end in the middle of a tree: try for one more
            observer.unschedule(observer.schedule(FileSystemEventHandler(), "/"))
        except OSError:
            observer.stop()
            raise
        return observer

    async def next(self) -> Path:
        """The next file that was made or changed and rests now. It may be gone again."""
        return await self._at_rest.get()

    # ---- events

    def on_any_event(self, event: FileSystemEvent) -> None:
        """In watchdog's thread."""
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._take, event)

    def _take(self, event: FileSystemEvent) -> None:
        self._count()
        path = Path(os.fsdecode(event.src_path))
        kind = event.event_type
        if event.is_directory:
            if kind in {"deleted", "moved"} and path in self._folders:
                self.gone.set()
            return
        match kind:
            case "moved":
                self._move(path, Path(os.fsdecode(event.dest_path)))
            case "deleted":
                self._forget(path)
            case "created":
                self._stir(path)
            case "modified":
                self._stir(path, is_open=not self.is_polling)
            case "closed":
                self._stir(path, is_open=False)
            case "opened" | "closed_no_write" if path in self._unrest:
                self._stir(path, is_open=kind == "opened")

    def _move(self, path: Path, target: Path) -> None:
        """A file that was seen under another name is nothing new, one that was not wanted is."""
        mark = self._seen.get(path)
        self._forget(path)
        if mark is not None and self._is_wanted(target):
            self._seen[target] = mark
        self._stir(target)

    def _stir(self, path: Path, is_open: bool | None = None) -> None:
        """Something happened to a file: it has to rest anew."""
        if not self._is_wanted(path):
            return
        timer = self._loop.call_later(self._quiet_s, self._rest, path)
        unrest = self._unrest.setdefault(path, _Unrest(timer))
        if unrest.timer is not timer:
            unrest.timer.cancel()
            unrest.timer = timer
        if is_open is not None:
            unrest.is_open = is_open

    def _rest(self, path: Path) -> None:
        if self._unrest[path].is_open:
            return  # whoever writes it will close it
        del self._unrest[path]
        mark = _mark(path)
        if mark is not None and mark != self._seen.get(path):
            self._seen[path] = mark
            self._at_rest.put_nowait(path)

    def _forget(self, path: Path) -> None:
        self._seen.pop(path, None)
        unrest = self._unrest.pop(path, None)
        if unrest:
            unrest.timer.cancel()

    # ---- bursts

    def _count(self) -> None:
        self._burst += 1
        if self._calm:
            self._calm.cancel()
        self._calm = self._loop.call_later(max(self._quiet_s, 0.1), self._end_burst)

    def _end_burst(self) -> None:
        was_large, self._burst = self._burst >= BURST, 0
        if was_large:
            log.info("a burst of events: all files are looked at again")
            self.look_again()

    def look_again(self) -> None:
        """Find what changed without its events having arrived."""
        for path, mark in self._look().items():
            if mark != self._seen.get(path) and path not in self._unrest:
                self._stir(path)

    def _look(self) -> dict[Path, tuple[int, int]]:
        """Every wanted file with its mark."""
        found: dict[Path, tuple[int, int]] = {}
        for top in self._folders:
            for folder, inside, names in os.walk(top):
                inside[:] = [name for name in inside if not name.startswith(".")]
                for name in names:
                    path = Path(folder, name)
                    mark = _mark(path) if self._is_wanted(path) else None
                    if mark is not None:
                        found[path] = mark
                    if len(found) >= MOST_FILES:
                        return found
        return found


def _mark(path: Path) -> tuple[int, int] | None:
    """Size and time of change: enough to see that a file is another one."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
