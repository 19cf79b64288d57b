"""The `keyboard` library: chords from the input devices, where the person has chosen and allowed that.

It works without a portal and without X, and it hears every key of every program; so it is read
by a process of its own (`reader.py`) that tells of chords only. Keyboards come and go: when the
set of those that may be read is another one, that process is started anew.
"""

import asyncio
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from ingle.sdk.chords import KEYS

from .binding import Desk, Lost

NAME = "keyboard"
LIST, FOLDER = Path("/proc/bus/input/devices"), Path("/dev/input")
READER = Path(__file__).with_name("reader.py")
GONE = 3
"""The reader's exit status when a device has gone away."""
_KEYBOARD = re.compile(r"^H: Handlers=(?=.*\bkbd\b).*\b(event\d+)\b", re.MULTILINE)

NOT_ALLOWED = (
    "no keyboard may be read: `sudo usermod -aG input $USER`, then log in again (every program of "
    "yours can then read all keys), or set backend to auto"
)
NO_LIBRARY = "the library `keyboard` is not installed: pip install keyboard"


def keyboards(listed: str) -> list[str]:
    """The names below /dev/input of what is a keyboard, in the kernel's list of input devices."""
    return [found[1] for found in _KEYBOARD.finditer(listed)]


def readable() -> list[str]:
    """The keyboards that this process may read."""
    try:
        listed = LIST.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    paths = [FOLDER / name for name in keyboards(listed)]
    return [str(path) for path in paths if os.access(path, os.R_OK)]


class Devices:
    """The back end."""

    async def serve(self, desk: Desk) -> None:
        """Raises `Lost`."""
        if importlib.util.find_spec("keyboard") is None:
            raise Lost(NO_LIBRARY)
        change = asyncio.Event()
        with _watching(change):
            while True:
                change.clear()
                devices = readable()
                if not devices:
                    desk.all_wait(NOT_ALLOWED)
                    await change.wait()
                    continue
                await self._read_until(change, devices, desk)
                desk.all_wait("keyboards have come or gone")

    async def _read_until(self, change: asyncio.Event, devices: list[str], desk: Desk) -> None:
        """Read these devices until they are not the ones to read. Raises `Lost`."""
        async with _reader(devices, desk) as process:
            reading = asyncio.ensure_future(_take(process, desk))
            try:
                while readable() == devices:
                    changing = asyncio.ensure_future(change.wait())
                    await asyncio.wait({reading, changing}, return_when=asyncio.FIRST_COMPLETED)
                    changing.cancel()
                    change.clear()
                    if reading.done():
                        raise Lost(reading.result())
            finally:
                reading.cancel()

    async def try_again(self) -> None:
        """Nobody takes a chord from anybody here."""


async def _take(process: asyncio.subprocess.Process, desk: Desk) -> str:
    """Take what the reader tells; gives why that ended."""
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode().strip():
        if line == "reads":
            for binding in desk.bindings:
                binding.is_bound(NAME)
            desk.on_change()
        elif line.isdecimal():  # what else the library may print is not ours
            desk.on_press(desk.bindings[int(line)])
    ended = await process.wait()
    return "a keyboard went away" if ended == GONE else f"keyboards cannot be read (status {ended})"


@asynccontextmanager
async def _reader(devices: Sequence[str], desk: Desk) -> AsyncIterator[asyncio.subprocess.Process]:
    chords = [(each.chord.modifiers, KEYS[each.chord.key].evdev) for each in desk.bindings]
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(READER), json.dumps(chords), *devices,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class _Watch(FileSystemEventHandler):
    """Tells the loop when something below /dev/input came, went or got other rights."""

    def __init__(self, change: asyncio.Event) -> None:
        self._loop, self._change = asyncio.get_running_loop(), change

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in {"opened", "closed", "closed_no_write"}:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._change.set)


@contextmanager
def _watching(change: asyncio.Event) -> Iterator[None]:
    """inotify on /dev/input for as long as the block."""
    observer = Observer()
    with suppress(OSError):  # none left, or no such folder: keyboards that come later are not seen
        observer.schedule(_Watch(change), str(FOLDER))
        observer.start()
    try:
        yield
    finally:
        if observer.is_alive():
            observer.stop()
            observer.join()
