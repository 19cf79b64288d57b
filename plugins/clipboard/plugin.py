"""clipboard: long texts that you copy are handed over, to be summarised. X11, by events only.

The targets are looked at before anything is read; what a password manager marks is never read.
The text is kept nowhere: of the last one sent only a hash stays, to tell a repetition.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ingle.sdk import Ingle, InvalidParams, Plugin, Unavailable, command

from . import hints
from .selection import NotReadable, Selections, ServerGone, connected

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0
"""Between attempts to reach an X server that went away."""
WATCHING_S = 10.0
"""For a connection to the X server that is just being made."""


class Clipboard(Plugin):
    """Watches, waits until the clipboard rests, reads, sends."""

    def __init__(self) -> None:
        self._selections: Selections | None = None
        self._connection = asyncio.Event()
        self._last = b""
        self._changes: dict[str, asyncio.Event] = {}

    async def run(self, ingle: Ingle) -> None:
        self._ingle = ingle
        if os.environ.get("WAYLAND_DISPLAY"):
            ingle.waiting("Wayland: coming; X11 only for now")
            await super().run(ingle)
        retry_s = FIRST_RETRY_S
        while True:
            try:
                async with self._connected() as selections:
                    retry_s = FIRST_RETRY_S
                    await self._watch(selections)
            except ServerGone as reason:
                ingle.waiting(str(reason))
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, LAST_RETRY_S)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Selections]:
        names = ["CLIPBOARD"] + ["PRIMARY"] * self._ingle.settings.primary
        self._changes = {name: asyncio.Event() for name in names}
        async with connected(lambda name: self._changes[name].set()) as selections:
            selections.watch(names)
            self._selections = selections
            self._connection.set()
            self._ingle.running()
            try:
                yield selections
            finally:
                self._selections = None
                self._connection.clear()

    async def _watch(self, selections: Selections) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._take_changes(selections, name, change))
                for name, change in self._changes.items()
            ]
            await selections.gone.wait()
            for task in tasks:
                task.cancel()
        raise ServerGone("the X server went away")

    async def _take_changes(self, selections: Selections, name: str, change: asyncio.Event) -> None:
        while True:
            await change.wait()
            await self._until_at_rest(change)
            try:
                await self._send_if_long(selections, name)
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

    async def _send_if_long(self, selections: Selections, name: str) -> None:
        text = await self._read(selections, name)
        if len(text) < self._ingle.settings.min_chars:
            return
        mark = hashlib.sha256(text.encode()).digest()
        if mark != self._last:
            self._last = mark
            await self._send(text, name)

    async def _read(self, selections: Selections, name: str) -> str:
        """Raises `NotReadable` when it is secret, not text or too large."""
        target = await self._text_target(selections, name)
        raw = await selections.read(name, target, self._ingle.settings.max_bytes)
        await self._text_target(selections, name)  # a hint may come after the text (CopyQ#2802)
        text = hints.decode(raw, target)
        if text is None:
            raise NotReadable("it is not text")
        return text

    async def _text_target(self, selections: Selections, name: str) -> str:
        targets = await selections.targets(name)
        if hints.is_secret(targets):
            raise NotReadable("it is marked as secret")
        target = hints.text_target(targets)
        if target is None:
            raise NotReadable("no text is offered")
        return target

    async def _send(self, text: str, name: str) -> Any:
        origin = "clipboard" if name == "CLIPBOARD" else "selection"
        return await self._ingle.put_context(text, kind="clipboard", origin=origin)

    # ---- commands

    @command
    async def summarize_now(self) -> dict[str, Any]:
        """Hand over what is on the clipboard, however short; secrets stay where they are."""
        selections = self._there()
        try:
            text = await self._read(selections, "CLIPBOARD")
        except NotReadable as reason:
            raise InvalidParams(f"the clipboard is not read: {reason}") from None
        except ServerGone as reason:
            raise Unavailable(str(reason)) from None
        if not text.strip():
            raise InvalidParams("the clipboard is empty")
        self._last = hashlib.sha256(text.encode()).digest()
        result = await self._send(text, "CLIPBOARD")
        return {"id": result.id, "accepted": result.accepted, "reason": result.reason}

    @command
    async def is_watching(self) -> bool:
        """Wait until it hears of what is copied."""
        try:
            async with asyncio.timeout(WATCHING_S):
                await self._connection.wait()
        except TimeoutError:
            raise Unavailable("there is no connection to an X server") from None
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

    def _there(self) -> Selections:
        if self._selections is None:
            raise Unavailable("there is no connection to an X server")
        return self._selections
