"""files: text files that are dropped into a folder, or changed there, are handed over.

Files that are there when it starts are left alone. It remembers sizes, times and hashes in
memory and writes nothing but the first folder, if it is not there.
"""

import asyncio
import hashlib
from pathlib import Path

from ingle.sdk import Ingle, InvalidParams, Plugin, command

from . import rules
from .reading import NotRead, read
from .watching import POLL_S, Watching

RETRY_S = 10.0
"""Between two looks for a folder that is not there."""
REMEMBERED = 1000
"""Hashes of files that were sent: the same content under the same name is sent once."""


class Files(Plugin):
    """Watches the folders, waits until a file rests, reads, sends."""

    def __init__(self) -> None:
        self._sent: dict[Path, bytes] = {}

    async def run(self, ingle: Ingle) -> None:
        self._ingle = ingle
        folders = [Path(each) for each in ingle.settings.folders]
        self._make(folders[0])
        while True:
            missing = next((folder for folder in folders if not folder.is_dir()), None)
            if missing is None:
                await self._watch(folders)
                missing = next((folder for folder in folders if not folder.is_dir()), None)
            ingle.waiting(f"{missing or 'a folder'} is not there; it is looked for every {RETRY_S:g} s")
            await asyncio.sleep(RETRY_S)

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._ingle.log.info("the folder cannot be made: %s", error.strerror)

    async def _watch(self, folders: list[Path]) -> None:
        """Until one of the folders is no more."""
        quiet_s = self._ingle.settings.debounce_ms / 1000
        watching = Watching(folders, lambda path: self._is_wanted(path, folders), quiet_s)
        try:
            await asyncio.to_thread(watching.start)
        except OSError as error:
            self._ingle.log.info("the folders cannot be watched: %s", error.strerror)
            return
        try:
            self._ingle.running(_note(watching))
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._send_all(watching))
                await watching.gone.wait()
                sending.cancel()
        finally:
            watching.stop()

    def _is_wanted(self, path: Path, folders: list[Path]) -> bool:
        folder = next((each for each in folders if path.is_relative_to(each)), None)
        return folder is not None and rules.is_wanted(path, folder, self._ingle.settings.patterns)

    async def _send_all(self, watching: Watching) -> None:
        while True:
            await self._send(await watching.next())

    async def _send(self, path: Path) -> None:
        try:
            text = await asyncio.to_thread(read, path, self._ingle.settings.max_bytes)
        except NotRead as reason:
            self._ingle.log.info("a file is left alone: %s", reason)
            return
        mark = hashlib.sha256(text.encode()).digest()
        if not text.strip() or self._sent.get(path) == mark:
            return
        self._remember(path, mark)
        try:
            await self._put(path, text)
        except InvalidParams as reason:
            self._ingle.log.info("a file is left alone: %s", reason.message)

    async def _put(self, path: Path, text: str) -> None:
        title, origin = _printable(path.name)[:500], _printable(str(path))[:1000]
        await self._ingle.put_context(text, kind="file", title=title, origin=origin)

    def _remember(self, path: Path, mark: bytes) -> None:
        self._sent.pop(path, None)
        self._sent[path] = mark
        if len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]

    @command
    async def folders(self) -> list[str]:
        """The folders that are watched."""
        return list(self._ingle.settings.folders)


def _note(watching: Watching) -> str | None:
    if not watching.is_polling:
        return None
    return (
        f"the system's inotify watches are used up, so it looks every {POLL_S:g} s; "
        "raise fs.inotify.max_user_watches"
    )


def _printable(name: str) -> str:
    """File names are bytes: those that are not UTF-8 could not be sent."""
    return name.encode("utf-8", "replace").decode()
