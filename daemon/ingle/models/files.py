"""What is done with model files as files: hashed, brought to the disk, cloned, by one at a time."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingle.errors import Busy, Unavailable
from ingle.models.parts import Progress

HASH_CHUNK = 4 * 1024 * 1024
FICLONE = 0x40049409
"""ioctl_ficlonerange(2): both files share their blocks until one of them is written to."""


def sha256(path: Path, progress: Progress = lambda done, total: None) -> str:
    """The hexadecimal digest of a file. Raises `OSError`."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        total = os.fstat(file.fileno()).st_size
        while chunk := file.read(HASH_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(done, total)
    return digest.hexdigest()


def clone(source: Path, target: Path) -> bool:
    """Make `target` a copy that takes no room of its own; False where the file system has none.

    Not a hard link: whoever writes into the one file would change the other under a running model.
    """
    try:
        with source.open("rb") as old, target.open("wb") as new:
            fcntl.ioctl(new, FICLONE, old.fileno())
    except OSError:
        target.unlink(missing_ok=True)
        return False
    return True


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk, so that they survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """One at a time changes the library: two pulls of one model would write the same part file.

    Raises `Busy`, and `Unavailable` where the folder cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Unavailable(f"{directory} cannot be made: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("another pull or import is running", "wait for it, or stop it") from None
        yield
    finally:
        os.close(handle)
