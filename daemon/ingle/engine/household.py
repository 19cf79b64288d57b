"""The tenants of the engine: who answers, who comes, who leaves; each has a task of its own.

It says when anything changes and decides nothing: `supervisor` does, and `succession` for the
time from one model to the next.
"""

import asyncio
from collections.abc import Callable, Coroutine

from ingle.engine.tenant import Child, Plan, Tenant
from ingle.errors import IngleError
from ingle.models.library import InstalledModel

GONE_S = 4.0
"""For a child to be gone once it was dismissed: its stop ladder takes 3 s at most."""


class Household:
    """`on_change` hears of each step of a tenant before those who wait for it do."""

    def __init__(self, child: Child, on_change: Callable[[Tenant], None]) -> None:
        self._child, self._on_change = child, on_change
        self.resident: Tenant | None = None
        self.heir: Tenant | None = None
        self._leaving: set[Tenant] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self._changed = asyncio.Event()

    async def run(self, work: Coroutine[None, None, None]) -> None:
        """Have tenants for as long as `work` lasts."""
        async with asyncio.TaskGroup() as self._tasks:
            await work

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Do something beside, until the end of `run` at most."""
        assert self._tasks is not None
        self._tasks.create_task(work)

    # ---- changes

    def announce(self) -> None:
        """Wake everyone who waits for something to change."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def change(self) -> None:
        """Wait for the next one."""
        await self._changed.wait()

    def _hear(self, tenant: Tenant) -> None:
        self._on_change(tenant)
        self.announce()

    # ---- coming and going

    def take_in(self, model: InstalledModel, plan: Plan, *, on_cpu: bool = False) -> Tenant:
        """Start a child for `model`."""
        child = self._child.without_gpu() if on_cpu else self._child
        tenant = Tenant(model, child, plan, self._hear)
        self.begin(tenant.run())
        return tenant

    def enthrone(self, heir: Tenant) -> None:
        """Let it answer from now on; the former one finishes what it has begun, and leaves."""
        old, self.resident = self.resident, heir
        if old is not None:
            self.begin(self._see_off(old))

    async def make_room(self) -> None:
        """See the resident one off before another comes."""
        old, self.resident = self.resident, None
        if old is not None:
            await self._see_off(old)

    async def _see_off(self, old: Tenant) -> None:
        self._leaving.add(old)
        self.announce()
        await old.see_off()
        self._leaving.discard(old)
        self.announce()

    async def clear(self, farewell: IngleError) -> None:
        """End all of them at once; returns when their processes are gone."""
        for tenant in self.present():
            tenant.dismiss(farewell)
        self.announce()
        async with asyncio.timeout(GONE_S):
            while self.present():
                await self.change()

    # ---- who is there

    def present(self) -> list[Tenant]:
        """All whose child may hold memory."""
        there = [self.resident, self.heir, *self._leaving]
        return [tenant for tenant in there if tenant is not None and not tenant.has_ended]

    @property
    def is_served(self) -> bool:
        return self.resident is not None and self.resident.is_ready

    def able(self, model: InstalledModel | None) -> Tenant | None:
        """Who can answer now: the resident one, or for a request that was made for `model` one
        that has it, though it be leaving."""
        there = [self.resident, *(self._leaving if model is not None else ())]
        usable = (tenant for tenant in there if tenant is not None and tenant.is_ready)
        return next((tenant for tenant in usable if model in (None, tenant.model)), None)
