"""From one resident model to the next: the heir is loaded beside the old one, or in its place.

The old one answers until the heir is ready where memory has room for both; otherwise it finishes
what it has begun and ends first. An heir that cannot be loaded changes nothing.
"""

import asyncio
from functools import partial

from ingle.engine.fitting import Fitting, Rung
from ingle.engine.household import Household
from ingle.engine.planning import Planner
from ingle.engine.tenant import Tenant, may_fall
from ingle.errors import EngineUnavailable, IngleError
from ingle.models.gguf import Header
from ingle.models.library import InstalledModel


class Succession:
    """One wish for another model; `why` stands in the status meanwhile, `rung` is what it took."""

    def __init__(self, model: InstalledModel) -> None:
        self.model = model
        self.why = ""
        self.rung = Rung.ESTIMATED
        self.refusal = ""
        """Why it did not come to it, where that is the model's fault or the machine's."""
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heir: Tenant | None = None

    # ---- for whoever asked

    async def wait(self) -> None:
        """Until the model is resident. Raises why it did not come to that."""
        await asyncio.shield(self._done)

    @property
    def is_open(self) -> bool:
        return not self._done.done()

    def fulfil(self) -> None:
        if self.is_open:
            self._done.set_result(None)

    def call_off(self, error: IngleError) -> None:
        """It will not happen: `error` says why."""
        if not self.is_open:
            return
        self._done.set_exception(error)
        self._done.exception()  # retrieved: perhaps nobody waits
        if self._heir is not None:
            self._heir.dismiss(error)

    # ---- the change

    async def run(self, house: Household, planner: Planner) -> bool:
        """Load the heir and enthrone it; whether it came to that. `fulfil` is left to the caller."""
        await self._stop_loading(house)
        while self.is_open:
            plan, on_cpu = partial(self._plan, house, planner), planner.stays_on_cpu(self.rung)
            heir = self._heir = house.heir = house.take_in(self.model, plan, on_cpu=on_cpu)
            house.announce()
            await heir.settled()
            if heir.is_ready and self.is_open:
                house.heir = None
                house.enthrone(heir)
                return True
            await heir.ended()
            await self._after_failure(house, heir)
        house.heir = None
        return False

    async def _stop_loading(self, house: Household) -> None:
        """A resident model that is not ready yet has nothing to be kept for."""
        loading = house.resident
        if loading is not None and not loading.is_ready:
            loading.dismiss(EngineUnavailable(f"{self.model.name} was chosen instead"))
            await loading.ended()
            house.resident = None

    async def _plan(self, house: Household, planner: Planner, heir: Tenant, header: Header) -> Fitting:
        old = house.resident
        if old is not None and old.is_ready:
            self.why = f"{self.model.name} is being loaded; {old.model.name} answers until it is ready"
            if not await planner.has_room_beside(heir, header, old):
                await self._make_room(house, old)
        return await planner.fit(heir, header, self.rung)

    async def _make_room(self, house: Household, old: Tenant) -> None:
        self.why = f"{self.model.name} needs the memory of {old.model.name}, which ended first"
        await house.make_room()

    async def _after_failure(self, house: Household, heir: Tenant) -> None:
        """Once more with more room or with less of the model, or not at all."""
        old = house.resident
        if not may_fall(heir):
            error = heir.failure or EngineUnavailable(f"the engine ended: {heir.death or 'dismissed'}")
            if self.is_open:
                self.refusal = f"{self.model.name} could not be loaded: {error.message}"
            self.call_off(error)
        elif old is not None and old.is_ready:
            await self._make_room(house, old)
        else:
            self.rung = Rung(self.rung + 1)
