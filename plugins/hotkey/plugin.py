"""hotkey: chords that work everywhere on the desktop, and what they do.

Somebody who hears chords is looked for (`choosing`), and looked for again when it goes away. A
press starts its action at once and waits for nothing.
"""

import asyncio
import os

from ingle.sdk import Ingle, IngleError, Plugin, command

from .actions import Actions, in_words
from .binding import Absent, Backend, Binding, Desk, Lost, bindings_of
from .choosing import backends

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0
"""Between attempts, when whoever heard the chords went away."""
MOST_AT_ONCE = 8
"""Actions under way; of a press beyond them the person hopes for nothing new."""


class Hotkey(Plugin):
    """Finds a back end, keeps it, and does what is asked for."""

    def __init__(self) -> None:
        self._bindings: list[Binding] = []
        self._doubled: list[Binding] = []
        self._backend: Backend | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._failure: str | None = None
        """What became of the last press, if nothing did."""

    async def run(self, ingle: Ingle) -> None:
        self._ingle, self._actions = ingle, Actions(ingle)
        self._bindings, self._doubled = bindings_of(ingle.settings)
        if not self._bindings:
            ingle.waiting("no chord is set: `popup` and `bindings` in [plugins.hotkey] are empty")
            await super().run(ingle)
        try:
            await self._listen(Desk(self._bindings, self._press, self._tell))
        finally:
            for task in self._under_way:
                task.cancel()

    async def _listen(self, desk: Desk) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            try:
                await self._serve(desk)
            except Lost as reason:
                if any(binding.state == "bound" for binding in desk.bindings):
                    retry_s = FIRST_RETRY_S
                desk.all_wait(str(reason))
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, LAST_RETRY_S)

    async def _serve(self, desk: Desk) -> None:
        """With the first back end that is there. Raises `Lost`."""
        reasons = []
        for backend in backends(self._ingle.settings.backend, os.environ):
            self._backend = backend
            try:
                await backend.serve(desk)
            except Absent as reason:
                self._ingle.log.info("%s", reason)
                reasons.append(str(reason))
            finally:
                self._backend = None
        raise Lost("; ".join(reasons))

    def _press(self, binding: Binding) -> None:
        if len(self._under_way) >= MOST_AT_ONCE:
            self._ingle.log.warning("%s does nothing: too much is under way", binding.action)
            return
        task = asyncio.ensure_future(self._perform(binding))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _perform(self, binding: Binding) -> None:
        try:
            await self._actions.perform(binding.action)
            failure = None
        except IngleError as error:
            failure = f"{binding.chord} did nothing: {error.message}"
            await self._actions.complain(error)
        if failure != self._failure:
            self._failure = failure
            self._tell()

    def _tell(self) -> None:
        everything = [*self._bindings, *self._doubled]
        wrong = [f"{each.chord}: {each.reason}" for each in everything if each.state == "taken"]
        waiting = next((each for each in self._bindings if each.state == "waiting"), None)
        if all(each.state == "waiting" for each in self._bindings) and waiting:
            self._ingle.waiting(waiting.reason or "the chords are not bound yet")
            return
        if waiting:
            wrong.append(f"{waiting.chord}: {waiting.reason}")
        if self._failure:
            wrong.append(self._failure)
        self._ingle.running("; ".join(wrong) or None)

    # ---- commands

    @command
    async def bindings(self) -> list[dict[str, str | None]]:
        """Every chord: what it does, by whom it is heard, and what is wrong with it.

        A chord that another program held is tried again: X11 does not tell when it is given back.
        """
        if self._backend is not None and any(each.state == "taken" for each in self._bindings):
            await self._backend.try_again()
        return [
            {**each.as_dict(), "does": in_words(each.action)}
            for each in (*self._bindings, *self._doubled)
        ]

    @command
    async def trigger(self, action: str) -> None:
        """Do what a chord would do, such as `popup` or `skill:rewrite`."""
        await self._actions.perform(action)
