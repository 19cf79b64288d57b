"""The whole summary and its text, in a file that only the person can read, shown by the desktop."""

import asyncio
import os
import shutil
from pathlib import Path

NAME = "summary.txt"
OPENERS = (("xdg-open",), ("gio", "open"))


class CannotOpen(Exception):
    """The text says why."""


async def show(text: str) -> Path:
    """Write `text` and have the desktop's program for text files open it. Raises `CannotOpen`."""
    path = _path()
    try:
        _write(path, text)
    except OSError as error:
        raise CannotOpen(f"the file cannot be written: {error.strerror}") from None
    opener = next((command for command in OPENERS if shutil.which(command[0])), None)
    if opener is None:
        raise CannotOpen("neither xdg-open nor gio is installed")
    try:
        await asyncio.create_subprocess_exec(
            *opener,
            str(path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # what it opens may outlive this process
        )
    except OSError as error:
        raise CannotOpen(f"{opener[0]} cannot be started: {error.strerror}") from None
    return path


def forget() -> None:
    """Remove the file; a program that shows it has read it."""
    try:
        _path().unlink(missing_ok=True)
    except (CannotOpen, OSError):
        return


def _path() -> Path:
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if not runtime.is_absolute():
        raise CannotOpen("there is no runtime directory (XDG_RUNTIME_DIR is not set)")
    return runtime / "ingle" / NAME


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "w", encoding="utf-8", errors="replace") as out:
        out.write(text)
