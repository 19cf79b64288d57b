"""The picture on a notification: Ingle's own, by its name where it is installed, else by its file."""

import functools
import os
import sys
from pathlib import Path

from .bubbles import Urgency

NAME = "io.github.ingle.Ingle"
_FILE = Path("icons/hicolor/scalable/apps") / f"{NAME}.svg"
WARNING, FALLBACK = "dialog-warning", "dialog-information"
"""Of every icon theme (Icon Naming Specification)."""


def icon_of(urgency: Urgency) -> str:
    """A name of the icon theme or a file's URI, as a notification server takes them."""
    return _own() if urgency == "normal" else WARNING


@functools.cache
def _own() -> str:
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    if any((Path(folder) / _FILE).is_file() for folder in (home, *shared.split(":"))):
        return NAME
    beside = Path(sys.prefix, "share"), Path(__file__).resolve().parents[2] / "packaging/desktop"
    found = (folder / _FILE for folder in beside)
    return next((path.as_uri() for path in found if path.is_file()), FALLBACK)
