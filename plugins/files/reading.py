"""Opening a file that somebody else may be changing, replacing or tricking us with."""

import os
import stat
from pathlib import Path

from . import rules


class NotRead(Exception):
    """The text says why, without the file's name or text."""


def read(path: Path, most: int) -> str:
    """The text of a plain file of `most` bytes at the most. Raises `NotRead`."""
    try:
        # neither a link (it could name any file) nor a wait for the writer of a FIFO
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotRead(f"it cannot be opened: {error.strerror}") from None
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotRead("it is not a plain file")
        try:
            raw = file.read(most + 1)
        except OSError as error:
            raise NotRead(f"it cannot be read: {error.strerror}") from None
    if len(raw) > most:
        raise NotRead(f"it is over {most} bytes")
    text = rules.decode(raw)
    if text is None:
        raise NotRead("it is not text")
    return text
