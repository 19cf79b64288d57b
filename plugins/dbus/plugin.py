"""dbus: `io.github.ingle.Ingle` on the session bus, for scripts, GNOME's search and KRunner.

What it knows of the daemon it hears by events; a property is answered from memory.
"""

import asyncio

from ingle.sdk import Event, Ingle, IngleError, Plugin

from .publishing import NoBus, Publication
from .searching import Finder, Runner, Search
from .service import INTERFACE, Service

NAME, PATH = "io.github.ingle.Ingle", "/io/github/ingle/Ingle"
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 30.0


class DBus(Plugin):
    """Publishes, keeps the properties true, and tells of results."""

    async def run(self, ingle: Ingle) -> None:
        self._ingle, self._service = ingle, Service(ingle)
        self._publication = Publication(NAME)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear())
            await self._serve()

    async def _serve(self) -> None:
        """Be on the bus; a bus that went away, or a name that somebody has, is waited for."""
        finder = Finder(self._ingle, is_on=self._ingle.settings.search)
        objects = {
            PATH: (self._service, "interface.xml"),
            f"{PATH}/SearchProvider": (Search(finder), "search.xml"),
            f"{PATH}/Runner": (Runner(finder), "runner.xml"),
        }
        retry_s = FIRST_RETRY_S
        try:
            while True:
                try:
                    await self._publication.open(objects)
                except NoBus as reason:
                    self._ingle.waiting(str(reason))
                else:
                    retry_s = FIRST_RETRY_S
                    self._ingle.running()
                    await self._publication.gone.wait()
                    self._ingle.waiting("the session bus went away")
                    await self._publication.close()
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LAST_RETRY_S)
        finally:
            await self._publication.close()

    async def _hear(self) -> None:
        await self._look()
        async for event in self._ingle.events("engine", "skill"):
            await self._take(event)

    async def _take(self, event: Event) -> None:
        if event.topic == "skill" and event.name == "result.ready":
            told = event.data
            await self._publication.emit(self._service.ResultReady, told["id"], told["kind"])
        elif event.topic == "engine" and event.name in {"state", "daemon.state"}:
            await self._look()

    async def _look(self) -> None:
        try:
            status = await self._ingle.status()
        except IngleError as error:
            self._ingle.log.info("the daemon's state is not known: %s", error.message)
            return
        changed = self._service.take(
            {
                "State": str(status.state),
                "Reason": getattr(status, "reason", "") or "",
                "Model": status.engine.model or "",
            }
        )
        if changed:
            await self._publication.emit(self._service.PropertiesChanged, INTERFACE, changed, [])
