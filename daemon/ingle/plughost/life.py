"""A host that is kept alive: started anew after each death, for as long as it is needed and can be."""

import asyncio
from collections.abc import Callable

from ingle.plughost.host import Death, Host
from ingle.plughost.places import Place
from ingle.plughost.tenant import Tenant
from ingle.procs.backoff import Backoff
from ingle.rpc.dispatcher import Dispatcher
from ingle.vocabulary import PluginState

EXCUSED_S = 0.3
"""After a death whose cause was the end of a display or bus: they may end again at once."""


class Life:
    """Remembers what it was begun with: with other plugins or in another place it is another life."""

    def __init__(self, name: str, tenants: tuple[Tenant, ...], place: Place) -> None:
        self.name, self.place = name, place
        self.members = tuple(tenant.found for tenant in tenants)
        self.host: Host | None = None
        """None between two hosts."""
        self.task: asyncio.Task[None] | None = None
        self._tenants = tenants
        self._backoff = Backoff()

    async def keep(
        self, dispatcher: Dispatcher, paused_for: Callable[[], str | None], on_death: Callable[[], None]
    ) -> None:
        """Until it is cancelled, its plugins have failed, or what they stand on has ended."""
        clock = asyncio.get_running_loop().time
        while self._tenants:
            started = clock()
            self.host = Host(self.name, self._tenants, dispatcher, self.place, paused_for)
            death = await self.host.run()
            self.host = None
            self._mourn(death, clock())
            on_death()
            if death.lost_ground:
                await asyncio.sleep(EXCUSED_S)
                return
            await asyncio.sleep(self._backoff.after_death(clock() - started))

    def _mourn(self, death: Death, now: float) -> None:
        for tenant in self._tenants:
            if tenant in death.culprits:
                tenant.crashed(death.reason, now)
            elif tenant.state is not PluginState.FAILED:
                tenant.report(PluginState.WAITING, f"its host has ended: {death.reason}")
        self._tenants = tuple(each for each in self._tenants if each.state is not PluginState.FAILED)
