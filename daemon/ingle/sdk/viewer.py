"""A text, shown by the desktop's program for text files.

It is written where only the person can read it: into `$XDG_RUNTIME_DIR/ingle`, which lies in
memory. For the time being a plugin shows one text under one name; the next takes its place.
"""

import asyncio
import os
import shutil
from pathlib import Path

OPENERS = (("xdg-open",), ("gio", "open"))


class CannotOpen(Exception):
    """The text says why."""


async def show(name: str, text: str) -> Path:
    """Write `text` into the file `name` and have it opened. Raises `CannotOpen`."""
    path = _path(name)
    try:
        _write(path, text)
    except OSError as error:
        raise CannotOpen(f"the file cannot be written: {error.strerror}") from None
    await show_file(path)
    return path


async def show_file(path: Path) -> None:
    """Have a file that is there opened; what opens it may outlive this process.

    Raises `CannotOpen`.
    """
    opener = next((command for command in OPENERS if shutil.which(command[0])), None)
    if opener is None:
        raise CannotOpen("neither xdg-open nor gio is installed")
    try:
        process = await asyncio.create_subprocess_exec(
            *opener,
            str(path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise CannotOpen(f"{opener[0]} cannot be started: {error.strerror}") from None
    reaping = asyncio.ensure_future(process.wait())
    _reaping.add(reaping)
    reaping.add_done_callback(_reaping.discard)


_reaping: set[asyncio.Future[int]] = set()
"""Openers that have not ended; some last as long as the window does."""


def forget(name: str) -> None:
    """Remove the file; a program that shows it has read it."""
    try:
        _path(name).unlink(missing_ok=True)
    except (CannotOpen, OSError):
        return


def _path(name: str) -> Path:
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if not runtime.is_absolute():
        raise CannotOpen("there is no runtime directory (XDG_RUNTIME_DIR is not set)")
    return runtime / "ingle" / name


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "w", encoding="utf-8", errors="replace") as out:
        out.write(text)
