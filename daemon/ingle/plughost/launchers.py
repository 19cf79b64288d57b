"""Which `ingle desktop` there are, with or without a daemon: each holds a lock beside the socket.

A file that nobody locks was left behind by one that was killed.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME = re.compile(r"desktop-(\d+)\.lock")


@contextmanager
def enrolled(folder: Path) -> Iterator[None]:
    """Be found for as long as this is entered; a folder that cannot be written costs only that."""
    path = folder / f"desktop-{os.getpid()}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        yield
        return
    try:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(file)


def running(folder: Path) -> list[int]:
    """The process ids of all that are there; what was left behind is cleared away."""
    found = []
    for path in sorted(folder.glob("desktop-*.lock")):
        name = _NAME.fullmatch(path.name)
        if name and _is_held(path):
            found.append(int(name[1]))
    return found


def _is_held(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False
