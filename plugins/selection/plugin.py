"""selection: reads what is selected in other programs, and replaces it in place as a transaction.

The texts it took and the replacements that it can undo are in memory only, and so is the clipboard
that it puts back: that lasts until somebody copies or this process ends, as with any owner.
"""

import asyncio
import os
from typing import Any, Literal, Protocol

from ingle.sdk import Ingle, NotFound, Plugin, Unavailable, command

from .connection import ServerGone
from .memory import REPLACED, TAKEN, Last, Replacement, next_id
from .taking import Taken, Wish
from .transaction import NotDone
from .wayland import Wayland
from .worker import Worker
from .x11 import X11

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0
"""Between attempts to reach an X server that went away."""
READY_S = 10.0
"""For a connection that is just being made."""
MIB = 1 << 20


class Backend(Protocol):
    """One kind of display."""

    async def take(self, wish: Wish) -> Taken: ...

    async def replace(self, taken: Taken, text: str) -> Replacement:
        """Raises `NotDone`, and `ServerGone`."""

    async def undo(self, replacement: Replacement) -> None:
        """Raises `NotDone`, and `ServerGone`."""

    async def where(self) -> dict[str, Any]: ...


class Selection(Plugin):
    """The commands; what they do is in `x11` and `wayland`."""

    def __init__(self) -> None:
        self._backend: Backend | None = None
        self._note: str | None = None
        """What the person should know of this desktop for as long as it is like that."""
        self._is_ready = asyncio.Event()
        self._taken: Last[Taken] = Last(TAKEN)
        self._replaced: Last[Replacement] = Last(REPLACED)

    async def run(self, ingle: Ingle) -> None:
        self._ingle = ingle
        if os.environ.get("WAYLAND_DISPLAY"):
            wayland = Wayland(ingle.settings.keep_mb * MIB)
            self._note = wayland.note()
            ingle.running(self._note)
            try:
                await self._serve(wayland, asyncio.Event())
            finally:
                wayland.retire()
        retry_s = FIRST_RETRY_S
        while True:
            worker = Worker(ingle.settings.keep_mb * MIB)
            try:
                await worker.connect()
                retry_s = FIRST_RETRY_S
                ingle.running(await worker.call(lambda desk: desk.note()))
                await self._serve(X11(worker), worker.gone)
                ingle.waiting("the X server went away")
            except ServerGone as reason:
                ingle.waiting(str(reason))
            finally:
                worker.retire()
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, LAST_RETRY_S)

    async def _serve(self, backend: Backend, gone: asyncio.Event) -> None:
        self._backend = backend
        self._is_ready.set()
        try:
            await gone.wait()
        finally:
            self._is_ready.clear()
            self._backend = None

    # ---- commands

    @command
    async def take(self, prefer: Literal["selection", "clipboard"] = "selection") -> dict[str, Any]:
        """Read what is selected, else what is on the clipboard, and remember where the person is.

        `source` says which it was. Where `can_replace` is false, `why_not` says the reason.
        """
        backend = await self._there()
        settings = self._ingle.settings
        wish = Wish(prefer == "clipboard", settings.copy_key, settings.max_bytes)
        try:
            taken = await backend.take(wish)
        except ServerGone as reason:
            raise Unavailable(str(reason)) from None
        self._ingle.running(self._note)
        name = next_id()
        self._taken.put(name, taken)
        return {
            "id": name,
            "source": taken.source,
            "text": taken.text,
            "program": taken.program,
            "can_replace": taken.why_not is None,
            "why_not": taken.why_not,
        }

    @command
    async def replace(self, id: str, text: str) -> dict[str, Any]:  # noqa: A002 - the name on the wire
        """Put `text` where the text of `id` was selected, or at the cursor; else nothing is changed.

        `undo` is what takes it back. Raises `NotFound` for a text that was taken too long ago.
        """
        taken = self._taken.get(id)
        if taken is None:
            raise NotFound(f"the text {id[:20]!r} was taken too long ago", "take it again")
        backend = await self._there()
        try:
            replacement = await backend.replace(taken, text)
        except NotDone as reason:
            return {"replaced": False, "reason": str(reason), "undo": None}
        except ServerGone as reason:
            raise Unavailable(str(reason)) from None
        self._replaced.put(id, replacement)
        return {"replaced": True, "reason": None, "undo": id}

    @command
    async def undo(self, id: str | None = None) -> dict[str, Any]:  # noqa: A002 - the name on the wire
        """Take a replacement back, as a rule the last; where that fails, `text` is what was there."""
        name = id or self._replaced.newest()
        replacement = self._replaced.get(name) if name else None
        if name is None or replacement is None:
            return {"undone": False, "reason": "there is nothing to undo", "text": None}
        backend = await self._there()
        try:
            await backend.undo(replacement)
        except NotDone as reason:
            return {"undone": False, "reason": str(reason), "text": replacement.old}
        except ServerGone as reason:
            raise Unavailable(str(reason)) from None
        self._replaced.drop(name)
        return {"undone": True, "reason": None, "text": None}

    @command
    async def where(self) -> dict[str, Any]:
        """The pointer on the screen, and the window that has the focus (0: unknown)."""
        try:
            return await (await self._there()).where()
        except ServerGone as reason:
            raise Unavailable(str(reason)) from None

    async def _there(self) -> Backend:
        """Wait for a connection that is being made. Raises `Unavailable`."""
        try:
            async with asyncio.timeout(READY_S):
                await self._is_ready.wait()
        except TimeoutError:
            raise Unavailable("there is no connection to the display") from None
        if self._backend is None:
            raise Unavailable("there is no connection to the display")
        return self._backend
