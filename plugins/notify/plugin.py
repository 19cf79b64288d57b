"""notify: finished summaries appear as desktop notifications, to copy or to read in full.

One notification at a time: a newer summary takes the place of the one before. Nothing is done
with a text before the person presses a button.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from ingle.sdk import Event, Ingle, IngleError, Plugin

from . import full_text, wording
from .server import NoServer, Server

COPY, OPEN = "copy", "open"
ACTIONS = ((COPY, "Copy summary"), (OPEN, "Open full text"))


@dataclass
class _Shown:
    """The notification on the screen; `id` 0 when there is none."""

    id: int
    data: dict[str, Any]


class Notify(Plugin):
    """Hears events, shows them, and does what the buttons say."""

    async def run(self, ingle: Ingle) -> None:
        self._ingle, self._shown = ingle, _Shown(0, {})
        self._heard: asyncio.Queue[tuple[str, tuple[Any, ...]]] = asyncio.Queue()
        self._showing = asyncio.Lock()
        """Held until the id of a notification is known: a signal may overtake the answer."""
        self._server = Server(lambda *signal: self._heard.put_nowait(signal))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._take_signals())
                async for event in ingle.events("skill"):
                    await self._take(event)
        finally:
            full_text.forget()
            await self._server.close()

    async def _take(self, event: Event) -> None:
        try:
            if event.name == "summary.ready":
                await self._show_summary(event.data)
            elif event.name == "summary.failed" and self._ingle.settings.failures:
                await self._show_failure(event.data)
            else:
                return
        except NoServer as reason:
            self._ingle.waiting(f"{reason}; the next summary tries again")
        else:
            self._ingle.running()

    async def _show_summary(self, data: dict[str, Any]) -> None:
        can = await self._server.abilities()
        body = wording.body_of(data, self._ingle.settings.max_chars, "body-markup" in can)
        actions = ACTIONS if "actions" in can else ()
        async with self._showing:
            shown = await self._server.show(wording.title_of(data), body, actions, self._shown.id)
            self._shown = _Shown(shown, data)

    async def _show_failure(self, data: dict[str, Any]) -> None:
        can = await self._server.abilities()
        title = f"Not summarised: {wording.title_of(data)}"
        await self._server.show(title, wording.failure_of(data, "body-markup" in can))

    # ---- buttons

    async def _take_signals(self) -> None:
        """Of all notifications on the desktop, ours is the one with our id."""
        while True:
            signal, params = await self._heard.get()
            async with self._showing:
                is_ours = bool(params) and params[0] == self._shown.id
            if is_ours and signal == "NotificationClosed":
                self._shown.id = 0
            elif is_ours and len(params) > 1:
                await self._press(str(params[1]))

    async def _press(self, key: str) -> None:
        try:
            if key == COPY:
                await self._copy()
            elif key == OPEN:
                await self._open()
        except (IngleError, full_text.CannotOpen) as error:
            await self._say(f"That did not work: {getattr(error, 'message', error)}")

    async def _copy(self) -> None:
        text = str(self._shown.data.get("text", ""))
        await self._ingle.call_plugin("clipboard", "copy", text=text)

    async def _open(self) -> None:
        data = self._shown.data
        parts = [str(data.get("title", "")), str(data.get("text", ""))]
        item = data.get("item")
        if isinstance(item, str):
            parts += ["-" * 72, (await self._ingle.get_context(item)).text]
        await full_text.show("\n\n".join(part for part in parts if part) + "\n")

    async def _say(self, text: str) -> None:
        try:
            has_markup = "body-markup" in await self._server.abilities()
            await self._server.show("Ingle", wording.failure_of({"reason": text}, has_markup))
        except NoServer as reason:
            self._ingle.waiting(str(reason))
