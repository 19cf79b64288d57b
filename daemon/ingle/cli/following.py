"""Following a file that grows and is rotated away, as `tail -F` does; inotify wakes it."""

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
            if _is_rotated(file, path):
                yield from _new_lines(file)
                file.close()
                file = _opened(path)
                continue
            wake.changed.wait()
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


def _is_rotated(file: TextIO, path: Path) -> bool:
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    return not path.samefile(f"/proc/self/fd/{file.fileno()}") or now.st_size < file.tell()
