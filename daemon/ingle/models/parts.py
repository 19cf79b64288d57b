"""A model file on its way in: written in pieces, told about, and never more than fits on the disk."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import Protocol

from ingle.errors import Unavailable

Progress = Callable[[int, int | None], None]
"""(bytes there, bytes in all or None)."""
Share = Callable[[float], None]
"""Takes the share of a step that is done, 0 to 1."""
Say = Callable[[str], None]
"""Takes a line for the person."""


@dataclass(frozen=True)
class Teller:
    """Who is told how far something is: bytes that come or are read, steps that only know a share."""

    progress: Progress = lambda done, total: None
    share: Share = lambda share: None
    say: Say = lambda line: None


SILENT = Teller()

CHUNK = 1024 * 1024


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def copy(source: Readable, part: Path, have: int, total: int | None, progress: Progress) -> None:
    """Append what `source` gives behind the first `have` bytes of `part`.

    Raises `Unavailable` where it cannot be written; what was written stays.
    """
    with writing(part), part.open("r+b" if have else "wb") as target:
        if have:
            target.truncate(have)
            target.seek(have)
        while chunk := source.read(CHUNK):
            target.write(chunk)
            have += len(chunk)
            progress(have, total)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the disk says into a sentence. Errors of a source must not pass through here."""
    try:
        yield
    except (ConnectionError, TimeoutError):  # the network's, on the way through `copy`
        raise
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT):
            raise Unavailable(
                f"the disk is full: {path.parent}", "make room and run it again, it goes on"
            ) from None
        raise Unavailable(f"{path} cannot be written: {error.strerror or error}") from None


def check_room(folder: Path, needed: int) -> None:
    """Raises `Unavailable` before a byte is written that would not fit with the others."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise Unavailable(
            f"{needed / 1e6:,.0f} MB are needed and {free / 1e6:,.0f} MB are free in {folder}",
            "make room, or set XDG_DATA_HOME to a larger disk",
        )
