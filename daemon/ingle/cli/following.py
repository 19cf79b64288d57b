"""Following a file that grows and is rotated away, as `tail -F` does; inotify wakes it."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer


class _Wake(FileSystemEventHandler):
    """Sets an event for every change beside the file."""

    def __init__(self) -> None:
        self.changed = threading.Event()

    def on_any_event(self, event: FileSystemEvent) -> None:
        self.changed.set()


def follow(path: Path) -> Iterator[str]:
    """Give every line that is added to `path` from now on, without end."""
    wake, observer = _Wake(), Observer()
    file = _opened(path)
    file.seek(0, 2)
    observer.schedule(wake, str(path.parent))
    observer.start()
    try:
        while True:
            wake.changed.clear()
            yield from _new_lines(file)
            successor = _successor(file, path)
            if successor is None:
                wake.changed.wait()
                continue
            yield from _new_lines(file)
            file.close()
            file = successor
    finally:
        file.close()
        observer.stop()
        observer.join()


def _opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8", errors="replace")


def _new_lines(file: TextIO) -> Iterator[str]:
    while True:
        start = file.tell()
        line = file.readline()
        if not line.endswith("\n"):
            file.seek(start)  # half a line: it comes whole the next time
            return
        yield line.rstrip("\n")


def _successor(file: TextIO, path: Path) -> TextIO | None:
    """The file that took the place of `file`, from its start; None while that is the same."""
    try:
        candidate = _opened(path)
    except FileNotFoundError:  # rotated away, and the next one is not there yet
        return None
    old, new = os.fstat(file.fileno()), os.fstat(candidate.fileno())
    if (old.st_dev, old.st_ino) != (new.st_dev, new.st_ino) or new.st_size < file.tell():
        return candidate
    candidate.close()
    return None
