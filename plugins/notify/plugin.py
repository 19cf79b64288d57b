"""notify: finished summaries and failures appear as desktop notifications, with buttons.

What belongs together takes the place of what was shown before. Nothing is done with a text before
the person presses a button, and what was shown is not kept here: a button asks the daemon for it.
"""

import asyncio
from typing import Any, Literal

from ingle.sdk import Event, Ingle, Plugin, Unavailable, command

from . import wording
from .bubbles import Bubble, Screen
from .buttons import Buttons
from .server import ACTION, CLOSED, INHIBITED, OWNER_CHANGED, PROPERTIES, NoServer, Server
from .waiting_room import WaitingRoom, together


class Notify(Plugin):
    """Hears events, shows them, and does what the buttons say."""

    def __init__(self) -> None:
        self._is_up = asyncio.Event()

    async def run(self, ingle: Ingle) -> None:
        self._ingle, self._buttons = ingle, Buttons(ingle)
        self._screen, self._held = Screen(), WaitingRoom()
        self._heard: asyncio.Queue[tuple[str, tuple[Any, ...]]] = asyncio.Queue()
        self._showing = asyncio.Lock()
        """Held until the id of a notification is known: a signal may overtake the answer."""
        self._server = Server(lambda *signal: self._heard.put_nowait(signal))
        self._is_up.set()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._reach())
                group.create_task(self._take_signals())
                async for event in ingle.events("skill", "engine", "plugin"):
                    await self._take(event)
        finally:
            self._buttons.forget()
            await self._server.disconnect()

    async def _reach(self) -> None:
        try:
            await self._server.reach()
        except NoServer as reason:
            self._ingle.waiting(str(reason))

    async def _take(self, event: Event) -> None:
        bubble = wording.bubble_of(event, self._ingle.settings)
        if bubble is not None:
            await self._try(bubble)
        elif key := wording.taken_back_by(event):
            await self._take_back(key)

    async def _try(self, bubble: Bubble) -> None:
        try:
            await self._show(bubble)
        except NoServer as reason:
            self._held.add(bubble)
            self._ingle.waiting(f"{reason}; it is shown when there is one")

    async def _show(self, bubble: Bubble) -> None:
        """Show it now, or when the person may be disturbed again. Raises `NoServer`."""
        if bubble.urgency != "critical":
            if self._ingle.settings.quiet:
                return
            if await self._server.is_inhibited():
                self._held.add(bubble)
                return
        can = await self._server.abilities()
        actions = await self._buttons.of(bubble) if "actions" in can else ()
        body = wording.body_of(bubble, self._ingle.settings.max_chars, "body-markup" in can)
        async with self._showing:
            replaces = self._screen.replaced_by(bubble.key)
            title = wording.title_of(bubble.title)
            id_ = await self._server.show(title, body, actions, replaces, bubble.urgency)
            self._screen.put(id_, bubble)
        self._ingle.running()

    async def _take_back(self, key: str) -> None:
        """What a notification says is no longer so."""
        self._held.drop(key)
        id_ = self._screen.replaced_by(key)
        if id_:
            try:
                await self._server.close(id_)
            except NoServer as reason:
                self._ingle.log.debug("nothing to take back: %s", reason)

    # ---- what the desktop tells

    async def _take_signals(self) -> None:
        while True:
            signal, params = await self._heard.get()
            async with self._showing:  # the id of what is just being shown is known then
                bubble = self._screen.get(params[0]) if signal in (ACTION, CLOSED) else None
            if signal == OWNER_CHANGED:
                await self._take_owner(bool(params[2]))
            elif signal == PROPERTIES and params[1].get(INHIBITED) is False:
                await self._show_held()
            elif bubble is not None and signal == CLOSED:
                self._screen.drop(params[0])
            elif bubble is not None and signal == ACTION:
                await self._press(bubble, str(params[1]))

    async def _take_owner(self, is_there: bool) -> None:
        self._screen.clear()
        if is_there:
            self._ingle.running()
            await self._show_held()

    async def _show_held(self) -> None:
        """What came while it could not be shown, in one notification."""
        bubbles = self._held.leave()
        bubble = together([each for each in bubbles if await self._buttons.is_there(each)])
        if bubble is not None:
            await self._try(bubble)

    async def _press(self, bubble: Bubble, action: str) -> None:
        reason = await self._buttons.press(bubble, action)
        if reason is not None:
            await self._try(Bubble("Ingle", f"That did not work: {reason}", "button", "low"))

    # ---- commands

    @command
    async def say(
        self,
        title: str,
        text: str,
        key: str = "",
        urgency: Literal["low", "normal", "critical"] = "normal",
        result: str = "",
    ) -> None:
        """Show a notification; one with the same `key` takes its place. With the id of a kept
        `result` it has that one's buttons."""
        await self._is_up.wait()
        try:
            await self._show(Bubble(title, text, key, urgency, result))
        except NoServer as reason:
            raise Unavailable(str(reason), "it stands in `ingle results`" if result else "") from None
