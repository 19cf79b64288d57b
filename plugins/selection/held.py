"""A mark in the runtime directory while the person's clipboard is in our hands: should this process be
killed then, the next one can say what has happened to it. It says nothing about what was copied."""

import os
from contextlib import suppress
from pathlib import Path

LOST = "the clipboard is empty: Ingle's desktop part was ended while it held what you had copied"


def mark_file() -> Path | None:
    """One for each display; None where there is no runtime directory."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    display = os.environ.get("DISPLAY", "").replace("/", "_")
    return Path(runtime) / "ingle" / f"clipboard-held{display}" if runtime else None


class Held:
    """Whether something is held, beyond the life of this process."""

    def __init__(self) -> None:
        self._file = mark_file()
        self._is_set = False

    def was_set(self) -> bool:
        """Whether a process before this one was holding something when it ended; asked once."""
        was = self._file is not None and self._file.exists()
        if was:
            self._unlink()
        return was

    def set(self, is_held: bool) -> None:
        if is_held == self._is_set or self._file is None:
            return
        self._is_set = is_held
        if not is_held:
            self._unlink()
            return
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            self._file.touch(mode=0o600)

    def _unlink(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink()
