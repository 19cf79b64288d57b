"""power: the model steps aside before a suspend and for games, background work waits on battery,
what watches rests while the screen is locked. Only by what other services say; nothing is polled.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from ingle.sdk import Ingle, Plugin, command
from ingle.sdk.bus import session_address, system_address

from . import fullscreen, sources
from .bus import Bus, Gone, connected
from .fullscreen import NoDisplay
from .sleeping import Sleep
from .sources import Source
from .wishes import Wish, Wishes

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0
"""Between attempts to reach a bus or an X server that went away."""
X11, LOGIND = "X11", "logind"


class Power(Plugin):
    """Connects what services say with what the daemon is asked to hold back."""

    def __init__(self) -> None:
        self._sleep: Sleep | None = None
        self._wishes: Wishes | None = None
        self._said: dict[str, bool | None] = {}

    async def run(self, ingle: Ingle) -> None:
        self._ingle = ingle
        self._wishes = Wishes(ingle)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._again(self._system))
            if address := session_address():
                tasks.create_task(self._again(partial(self._session, address)))
            if ingle.settings.fullscreen and self._has_display():
                tasks.create_task(self._again(self._screen))

    # ---- what is followed

    async def _system(self) -> None:
        settings = self._ingle.settings
        async with connected(system_address()) as bus, asyncio.TaskGroup() as tasks:
            tasks.create_task(_until_gone(bus))
            if settings.suspend:
                tasks.create_task(self._guard_sleep(bus))
            if settings.battery:
                tasks.create_task(self._follow(bus, sources.BATTERY, Wish("background", "on battery")))
            if settings.lock:
                tasks.create_task(self._follow(bus, sources.LOCKED_SESSION, LOCKED))

    async def _session(self, address: str) -> None:
        settings = self._ingle.settings
        async with connected(address) as bus, asyncio.TaskGroup() as tasks:
            tasks.create_task(_until_gone(bus))
            if settings.gamemode:
                tasks.create_task(self._follow(bus, sources.GAMES, self._game))
            if settings.lock:
                tasks.create_task(self._follow(bus, sources.SAVED_SCREEN, LOCKED))

    async def _screen(self) -> None:
        assert self._wishes
        say = self._wishes.sayer(self._game, X11)

        async def heard(is_game: bool) -> None:
            self._hear(X11, is_game)
            await say(is_game)

        try:
            await fullscreen.watch(self._ingle.settings.game_classes, heard)
        finally:
            self._hear(X11, None)
            await say(False)

    async def _follow(self, bus: Bus, source: Source, wish: Wish) -> None:
        """One source for as long as its bus is there; nobody's word is no reason."""
        assert self._wishes
        say = self._wishes.sayer(wish, source.name)
        try:
            async for is_so in sources.states(bus, source):
                self._hear(source.name, is_so)
                await say(is_so is True)
        finally:
            self._hear(source.name, None)
            await say(False)

    async def _guard_sleep(self, bus: Bus) -> None:
        assert self._wishes
        say = self._wishes.sayer(Wish("model", "suspend", self._ingle.settings.return_s), LOGIND)

        async def look_around() -> None:
            await self._ingle.call("engine.verify")

        self._sleep = Sleep(self._ingle, partial(say, True), partial(say, False), look_around)
        try:
            await self._sleep.run(bus, lambda is_there: self._hear(LOGIND, is_there or None))
        finally:
            self._hear(LOGIND, None)
            await say(False)

    @property
    def _game(self) -> Wish:
        return Wish("model", "game", self._ingle.settings.return_s)

    # ---- how it fares

    def _has_display(self) -> bool:
        has_display = bool(os.environ.get("DISPLAY"))
        if not has_display:
            self._hear(X11, None)
        return has_display

    def _hear(self, source: str, is_so: bool | None) -> None:
        self._said[source] = is_so
        quiet = [name for name in NOTED if name in self._said and self._said[name] is None]
        self._ingle.running(f"not here: {', '.join(quiet)}" if quiet else None)

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it whenever it can be done, with a pause that doubles between attempts."""
        clock = asyncio.get_running_loop().time
        pause_s = FIRST_RETRY_S
        while True:
            began = clock()
            try:
                await work()
            except* (Gone, NoDisplay) as reasons:
                self._ingle.log.info("%s", next(_leaves(reasons)))
            pause_s = FIRST_RETRY_S if clock() - began > LAST_RETRY_S else min(2 * pause_s, LAST_RETRY_S)
            await asyncio.sleep(pause_s)

    @command
    async def state(self) -> dict[str, Any]:
        """What each service says (null: nobody knows), whether a suspend waits for us, and for what
        reasons something is held."""
        return {
            "said": dict(self._said),
            "guards_sleep": self._sleep is not None and self._sleep.is_guarded,
            "held": self._wishes.held() if self._wishes else [],
        }


LOCKED = Wish("watching", "screen locked")
NOTED = (LOGIND, "UPower", "GameMode", X11)
"""What a person may miss; that a desktop has no screen saver of one kind is as usual."""


async def _until_gone(bus: Bus) -> None:
    await bus.gone.wait()
    raise Gone("the bus has closed the connection")


def _leaves(group: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
