"""The daemon's log, which plugins may show to the person."""

import os
from pathlib import Path

from ingle.paths import Paths

__all__ = ["end", "file"]


def file() -> Path:
    """Where it is; it need not be there yet."""
    return Paths.from_environment(os.environ).log_file


def end(most_bytes: int) -> str:
    """The last lines of it, whole ones; empty where there is none. Blocks."""
    try:
        with file().open("rb") as log:
            start = max(0, log.seek(0, os.SEEK_END) - most_bytes)
            log.seek(start)
            raw = log.read()
    except OSError:
        return ""
    whole = raw.partition(b"\n")[2] if start else raw
    return whole.decode("utf-8", "replace")
