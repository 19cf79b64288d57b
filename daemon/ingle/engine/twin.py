"""The stand-in: a small model on the CPU that answers while the resident one is aside or loading.

It is started by the first request that needs it, and leaves when the resident one is ready and
its own answers are finished. A stand-in that cannot be had is none: requests wait as without it.
"""

from collections.abc import Callable

from ingle.engine.tenant import AGAIN, Tenant
from ingle.errors import EngineUnavailable, IngleError
from ingle.models.library import InstalledModel


class Twin:
    """`take_in` starts a tenant for the model."""

    def __init__(self, model: InstalledModel, take_in: Callable[[], Tenant]) -> None:
        self.model = model
        self._take_in = take_in
        self.tenant: Tenant | None = None
        self.failure = ""

    @property
    def can_answer(self) -> bool:
        return not self.failure

    @property
    def is_there(self) -> bool:
        return self.tenant is not None and not self.tenant.has_ended

    async def ready(self) -> Tenant:
        """The tenant, started if need be. Raises why it cannot be had."""
        if self.tenant is None or self.tenant.has_ended:
            self.tenant = self._take_in()
        tenant = self.tenant
        await tenant.settled()
        if not tenant.is_ready:
            raise self._refusal(tenant)
        return tenant

    def _refusal(self, gone: Tenant) -> IngleError:
        if gone.has_served:
            return EngineUnavailable("the stand-in has left", AGAIN)
        error = gone.failure or EngineUnavailable(
            f"the stand-in ended while it was loaded: {gone.death}"
        )
        self.failure = f"{self.model.name} cannot stand in while the model is aside: {error.message}"
        return error

    async def leave(self) -> None:
        """Let it finish what it is asked, then end it."""
        if self.tenant is not None and not self.tenant.has_ended:
            await self.tenant.see_off()
