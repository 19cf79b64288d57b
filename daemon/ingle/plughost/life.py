"""A host that is kept alive: started anew after each death, for as long as it is needed and can be."""

import asyncio
from collections.abc import Callable, Sequence

from ingle.plughost.discovery import BUILT_IN, Found
from ingle.plughost.host import Death, Host
from ingle.plughost.places import Place
from ingle.plughost.process import required
from ingle.plughost.tenant import STARTING, Tenant
from ingle.procs.backoff import Backoff
from ingle.rpc.dispatcher import Dispatcher
from ingle.vocabulary import PluginState

EXCUSED_S = 0.3
"""After a death whose cause was the end of a display or bus: they may end again at once."""


class Life:
    """Remembers each of its plugins as it stood on disk when it was loaded.

    Plugins join and leave while the others run. What has to be in another place, or stands on more
    than the process was started for, is another life; and so it is when one leaves that is no part of
    Ingle: nobody knows what it leaves behind in the process, and what is switched off shall not run.
    """

    def __init__(self, name: str, tenants: Sequence[Tenant], place: Place) -> None:
        self.name, self.place = name, place
        self.host: Host | None = None
        """None between two hosts."""
        self.task: asyncio.Task[None] | None = None
        self._loaded: dict[Tenant, Found | None] = {tenant: tenant.found for tenant in tenants}
        self._requires = {*required(tenant.requires for tenant in tenants)}
        """What the host was started for that lives or has lived last."""
        self._backoff = Backoff()

    # ---- its plugins

    def keeps(self, tenant: Tenant) -> bool:
        """Whether this plugin lives here as it stands on disk."""
        return self._loaded.get(tenant) == tenant.found

    def spoil(self, tenant: Tenant) -> None:
        """Have this plugin loaded anew by the next `change`."""
        if tenant in self._loaded:
            self._loaded[tenant] = None

    def is_of(self, tenants: Sequence[Tenant]) -> bool:
        """Whether these, and no others, live here."""
        return len(tenants) == len(self._loaded) and all(map(self.keeps, tenants))

    def can_be_of(self, tenants: Sequence[Tenant]) -> bool:
        """Whether `change` can make it so: somebody stays, and a host that is starting is left alone."""
        return (
            any(map(self.keeps, tenants))
            and all(each.found.source == BUILT_IN for each in self._leaving(tenants))
            and self._requires.issuperset(required(tenant.requires for tenant in tenants))
            and self._is_changeable
        )

    @property
    def _is_changeable(self) -> bool:
        return self.host is None or self.host.is_open

    def _leaving(self, tenants: Sequence[Tenant]) -> list[Tenant]:
        return [each for each in self._loaded if each not in tenants or not self.keeps(each)]

    async def change(self, tenants: Sequence[Tenant]) -> None:
        """Let plugins go and take others in; those that are in both sets notice nothing. Bounded.

        When the host ends meanwhile, what is left to do is for the next convergence.
        """
        for tenant in self._leaving(tenants):
            if self._is_changeable:
                del self._loaded[tenant]
                if self.host is not None:
                    await self.host.leave(tenant)
        for tenant in [each for each in tenants if each not in self._loaded]:
            if self._is_changeable:
                self._loaded[tenant] = tenant.found
                tenant.report(PluginState.WAITING, STARTING)
                if self.host is not None:
                    await self.host.join(tenant)

    # ---- its hosts

    async def keep(
        self, dispatcher: Dispatcher, paused_for: Callable[[], str | None], on_death: Callable[[], None]
    ) -> None:
        """Until it is cancelled, its plugins have failed, or what they stand on has ended."""
        clock = asyncio.get_running_loop().time
        while self._loaded:
            started = clock()
            self._requires = {*required(tenant.requires for tenant in self._loaded)}
            self.host = Host(self.name, tuple(self._loaded), dispatcher, self.place, paused_for)
            death = await self.host.run()
            self.host = None
            self._mourn(death, clock())
            on_death()
            if death.lost_ground:
                await asyncio.sleep(EXCUSED_S)
                return
            await asyncio.sleep(self._backoff.after_death(clock() - started))

    def _mourn(self, death: Death, now: float) -> None:
        for tenant in list(self._loaded):
            if tenant in death.culprits:
                tenant.crashed(death.reason, now)
            elif tenant.state is not PluginState.FAILED:
                tenant.report(PluginState.WAITING, f"its host has ended: {death.reason}")
            if tenant.state is PluginState.FAILED:
                del self._loaded[tenant]
