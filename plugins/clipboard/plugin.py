"""clipboard: long texts that you copy are handed over, to be summarised. By events only.

The targets are looked at before anything is read; what a password manager marks is never read.
The text is kept nowhere: of the last one sent only a hash stays, to tell a repetition.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ingle.sdk import Ingle, InvalidParams, Plugin, Unavailable, command
from ingle.sdk.marks import is_own

from . import choosing, hints
from .backend import Backend, NotReadable, ServerGone

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0
"""Between attempts to reach a display that went away."""
WATCHING_S = 10.0
"""For a connection to the display that is just being made."""


class Clipboard(Plugin):
    """Watches, waits until the clipboard rests, reads, sends."""

    def __init__(self) -> None:
        self._backend: Backend | None = None
        self._connection = asyncio.Event()
        self._why_not = "there is no connection to a display"
        self._last = b""
        self._changes: dict[str, asyncio.Event] = {}

    async def run(self, ingle: Ingle) -> None:
        self._ingle = ingle
        retry_s = FIRST_RETRY_S
        while True:
            try:
                async with self._connected() as backend:
                    retry_s = FIRST_RETRY_S
                    await self._watch(backend)
            except (ServerGone, NotReadable) as reason:
                self._wait(str(reason))
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, LAST_RETRY_S)

    def _wait(self, reason: str) -> None:
        self._why_not = reason
        self._ingle.waiting(reason)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Backend]:
        names = ["CLIPBOARD"] + ["PRIMARY"] * self._ingle.settings.primary
        self._changes = {name: asyncio.Event() for name in names}
        async with choosing.connected(
            names, lambda name: self._changes[name].set(), self._wait
        ) as found:
            self._backend = found.backend
            self._connection.set()
            self._ingle.running(found.note)
            try:
                yield found.backend
            finally:
                self._backend = None
                self._connection.clear()

    async def _watch(self, backend: Backend) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._take_changes(backend, name, change))
                for name, change in self._changes.items()
            ]
            await backend.gone.wait()
            for task in tasks:
                task.cancel()
        raise ServerGone("the display went away")

    async def _take_changes(self, backend: Backend, name: str, change: asyncio.Event) -> None:
        while True:
            await change.wait()
            await self._until_at_rest(change)
            try:
                await self._send_if_long(backend, name)
            except NotReadable as reason:
                self._ingle.log.info("%s is left alone: %s", name, reason)
            except ServerGone:
                return

    async def _until_at_rest(self, change: asyncio.Event) -> None:
        """Selecting with the mouse, and some programs, take a selection many times in a row."""
        while True:
            change.clear()
            try:
                async with asyncio.timeout(self._ingle.settings.debounce_ms / 1000):
                    await change.wait()
            except TimeoutError:
                return

    async def _send_if_long(self, backend: Backend, name: str) -> None:
        if is_own(await backend.targets(name)):
            raise NotReadable("Ingle itself has put it there")
        text = await self._read(backend, name)
        if len(text) < self._ingle.settings.min_chars:
            return
        mark = hashlib.sha256(text.encode()).digest()
        if mark != self._last:
            self._last = mark
            await self._send(text, name)

    async def _read(self, backend: Backend, name: str) -> str:
        """Raises `NotReadable` when it is secret, not text or too large."""
        target = await self._text_target(backend, name)
        raw = await backend.read(name, target, self._ingle.settings.max_bytes)
        await self._text_target(backend, name)  # a hint may come after the text (CopyQ#2802)
        text = hints.decode(raw, target)
        if text is None:
            raise NotReadable("it is not text")
        return text

    async def _text_target(self, backend: Backend, name: str) -> str:
        return hints.text_target(await backend.targets(name))

    async def _send(self, text: str, name: str, *, summarize: bool | None = None) -> Any:
        origin = "clipboard" if name == "CLIPBOARD" else "selection"
        return await self._ingle.put_context(text, kind="clipboard", origin=origin, summarize=summarize)

    # ---- commands

    @command
    async def summarize_now(self) -> dict[str, Any]:
        """Have what is on the clipboard summarised, however short; secrets stay where they are."""
        backend = self._there()
        try:
            text = await self._read(backend, "CLIPBOARD")
        except NotReadable as reason:
            raise InvalidParams(f"the clipboard is not read: {reason}") from None
        except ServerGone as reason:
            raise Unavailable(str(reason)) from None
        if not text.strip():
            raise InvalidParams("the clipboard is empty")
        self._last = hashlib.sha256(text.encode()).digest()
        result = await self._send(text, "CLIPBOARD", summarize=True)
        return {"id": result.id, "accepted": result.accepted, "reason": result.reason}

    @command
    async def is_watching(self) -> bool:
        """Wait until it hears of what is copied."""
        try:
            async with asyncio.timeout(WATCHING_S):
                await self._connection.wait()
        except TimeoutError:
            raise Unavailable(self._why_not) from None
        return True

    @command
    async def copy(self, text: str) -> None:
        """Put a text on the clipboard; it stays there for as long as this plugin runs."""
        try:
            self._there().copy(text)
        except NotReadable as reason:
            raise InvalidParams(str(reason)) from None
        except ServerGone as reason:
            raise Unavailable(str(reason)) from None

    def _there(self) -> Backend:
        if self._backend is None:
            raise Unavailable(self._why_not)
        return self._backend
