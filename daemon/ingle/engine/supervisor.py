"""Keeps the engine as it is wanted: which model, or none for a reason that can be shown.

What a person or another part wants is a few fields (`_model`, `_next`, `_parked`, `_resting`,
`_failure`); whoever changes one announces it, and `run` looks anew. The children are tenants of
the `Household`; a twin stands in for the resident one. A death that nobody wanted is followed by a
restart after a pause that doubles; three within five minutes end in `failed` until somebody asks
again. Nothing polls: an idle engine wakes nobody.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingle.config import EngineConfig
from ingle.engine import probe, protocol, report
from ingle.engine.fitting import Rung
from ingle.engine.household import Household
from ingle.engine.planning import Planner
from ingle.engine.succession import Succession
from ingle.engine.tenant import AGAIN, Child, Delta, Stage, Tenant, may_fall
from ingle.engine.twin import Twin
from ingle.errors import BadModelFile, EngineUnavailable, IngleError, Paused
from ingle.models.gguf import read_header
from ingle.models.library import InstalledModel
from ingle.procs.backoff import Backoff, CircuitBreaker
from ingle.vocabulary import EngineState
from ingle.wire.calls.daemon import EngineStatus

log = logging.getLogger(__name__)

WAIT_S = 120.0
"""A request waits so long for a model that is being loaded, from a slow disk too."""

TELL_S = 0.1
"""Between two words about the progress of loading."""

MODULE = "ingle.engine.child"

RESTING = "given back; the next request loads it again"


def _unheard(model: str, share: float) -> None:
    """Nobody wants to hear of the progress."""


@dataclass(frozen=True)
class Ears:
    """Who is told: of every change of state, and at most ten times a second of loading
    (the model's name, and how much of it is there, 0 to 1)."""

    state: Callable[[EngineStatus], None]
    loading: Callable[[str, float], None] = _unheard


class Supervisor:
    """The engine as the daemon has it."""

    def __init__(
        self,
        config: EngineConfig,
        ears: Ears,
        *,
        snapshots: Path | None = None,
        child: Child | None = None,
        backoff: Backoff | None = None,
        devices: Callable[[], protocol.DevicesResult] = probe.devices,
    ) -> None:
        self._config, self._ears = config, ears
        self._planner = Planner(config, snapshots, devices)
        self._house = Household(child or Child(MODULE), self._hear)
        self._backoff, self._breaker = backoff or Backoff(), CircuitBreaker()
        self._model: InstalledModel | None = None
        self._next: Succession | None = None
        self._parked: str | None = None
        self._resting = ""
        self._failure: IngleError | None = None
        self._refusal = ""
        self._twin: Twin | None = None
        self._no_twin = ""
        self._rung = Rung.ESTIMATED
        self._again, self._not_before = "", 0.0
        self._sizes: dict[str, int] = {}
        self._state, self._reason = EngineState.STARTING, ""
        self._told_at = 0.0

    # ---- what is wanted

    @property
    def model(self) -> InstalledModel | None:
        """The resident model, or the one that will be."""
        return self._model

    @property
    def answering(self) -> InstalledModel | None:
        """The model that would answer a request that begins now."""
        if not self._house.is_served and self._may_stand_in():
            assert self._twin is not None
            return self._twin.model
        return self._coming

    @property
    def _coming(self) -> InstalledModel | None:
        """The model that answers, or that requests wait for."""
        if self._house.heir is not None and not self._house.is_served:
            return self._house.heir.model
        return self._model

    def _may_stand_in(self) -> bool:
        is_wanted = self._model is not None and self._failure is None
        return is_wanted and self._twin is not None and self._twin.can_answer

    def n_ctx(self, model: InstalledModel | None) -> int:
        """Tokens of a model's longest prompt with its answer; 0 before it was loaded once."""
        return self._sizes.get(model.name, 0) if model else 0

    async def use(self, model: InstalledModel) -> Succession:
        """Make `model` the resident one; `wait` of what this gives says when and whether it is.

        The one that answers goes on until then, and stays if the other cannot be loaded. Raises
        `BadModelFile`, and then nothing has changed, except that an engine without any says why.
        """
        try:
            await asyncio.to_thread(read_header, model.path)
        except BadModelFile as error:
            if self._model is None:
                self.missing(error)
            raise
        wanted, former = Succession(model), self._next
        self._next, self._refusal, self._resting = wanted, "", ""
        if former is not None:
            former.call_off(EngineUnavailable(f"{model.name} was chosen instead"))
        if self._model is None or self._failure is not None or self._parked is not None:
            self._model = model
            self._try_anew()
        if self._parked is not None or (model == self._model and self._house.is_served):
            wanted.fulfil()
        self._house.announce()
        return wanted

    def stand_in(self, model: InstalledModel) -> None:
        """Have `model` answer from the CPU while the resident one cannot."""
        fit = self._planner.fit_on_cpu
        self._twin = Twin(model, lambda: self._house.take_in(model, fit, on_cpu=True))

    def no_stand_in(self, error: IngleError) -> None:
        """The one that was configured cannot be had."""
        self._no_twin = f"nobody stands in while the model is aside (engine.twin): {error.message}"

    def missing(self, error: IngleError) -> None:
        """There is no model that could be used; `error` says why and what to do."""
        self._failure = error
        self._reflect()

    async def park(self, reason: str) -> None:
        """Give the memory back until `unpark`; returns when the child is gone."""
        self._parked = reason
        await self._clear(Paused(f"the model stepped aside: {reason}"))

    async def unpark(self, resting: str = "") -> None:
        """Come back, also after having given up; with `resting`, a reason, by the next request.

        Does not wait for it. What was unloaded stays so.
        """
        self._parked = None
        if self._resting != RESTING:
            self._resting = resting
        if self._model is not None:
            self._try_anew()
        self._house.announce()

    async def unload(self) -> None:
        """Give the memory back until the next request; returns when the child is gone."""
        self._resting = RESTING
        await self._clear(EngineUnavailable("the model was unloaded", AGAIN))

    async def _clear(self, farewell: IngleError) -> None:
        if self._next is not None:
            self._next.call_off(farewell)
        await self._house.clear(farewell)

    def _try_anew(self) -> None:
        self._failure, self._again, self._not_before = None, "", 0.0
        self._rung = Rung.ESTIMATED
        if self._twin is not None:
            self._twin.failure = ""
        self._breaker.reset()
        self._backoff = Backoff(self._backoff.first_s, self._backoff.most_s)

    # ---- for requests

    async def call(
        self,
        method: str,
        params: Any,
        on_delta: Delta | None = None,
        model: InstalledModel | None = None,
    ) -> Any:
        """Ask the resident model once it is ready, or `model`, for which the request was made.

        Raises its errors, `EngineUnavailable` when it cannot be had or dies, `Paused`.
        """
        try:
            async with asyncio.timeout(WAIT_S):
                tenant = await self._tenant_for(model)
        except TimeoutError:
            raise EngineUnavailable(f"the model is not loaded after {WAIT_S:.0f} s") from None
        return await tenant.call(method, params, on_delta)

    async def _tenant_for(self, model: InstalledModel | None) -> Tenant:
        if self._resting:
            self._resting = ""
            self._house.announce()
        while (tenant := self._house.able(model)) is None:
            if self._twin is not None and self._is_for(self._twin, model):
                return await self._twin.ready()
            self._refuse_if_hopeless(model)
            await self._house.change()
        return tenant

    def _is_for(self, twin: Twin, model: InstalledModel | None) -> bool:
        return model == twin.model and (twin.is_there or self.answering == model)

    def _refuse_if_hopeless(self, model: InstalledModel | None) -> None:
        if self._failure is not None:
            raise EngineUnavailable(self._failure.message, self._failure.hint)
        if self._parked is not None:
            raise Paused(f"the model stepped aside: {self._parked}")
        if model not in (None, self._coming):
            raise EngineUnavailable("another model took over meanwhile", AGAIN)

    # ---- how it is

    async def status(self) -> EngineStatus:
        """The state with figures; asks nobody, wakes nobody."""
        return self._status()

    def _status(self) -> EngineStatus:
        heir, resident = self._house.heir, self._house.resident
        coming = heir or resident
        base = EngineStatus(
            state=self._state,
            reason=self._reason,
            progress=coming.progress if coming else None,
            model=self._model.name if self._model else None,
            tier=self._model.tier if self._model else None,
            next=heir.model.name if heir else None,
            twin=self._twin.model.name if self._twin and self._twin.is_there else None,
        )
        return report.with_figures(base, resident or heir)

    def warnings(self) -> list[str]:
        """What makes the engine slower or less than it could be."""
        found = [
            f"the engine gave up: {self._reason}" if self._state is EngineState.FAILED else "",
            *report.warnings(self._house.resident, self._config),
            self._refusal,
            self._twin.failure if self._twin else self._no_twin,
        ]
        return [warning for warning in found if warning]

    def _reflect(self) -> None:
        """Bring the state up to date with what is wanted and who is there."""
        is_aside = self._parked is not None or self._resting
        if not (is_aside and self._house.present()):
            self._set(*(self._why_nobody() or self._how_far()))

    def _why_nobody(self) -> tuple[EngineState, str] | None:
        if self._parked is not None:
            return EngineState.PARKED, self._parked
        if self._failure is not None:
            is_absent = self._model is None and not isinstance(self._failure, BadModelFile)
            return EngineState.ABSENT if is_absent else EngineState.FAILED, self._failure.message
        return (EngineState.PARKED, self._resting) if self._resting else None

    def _how_far(self) -> tuple[EngineState, str]:
        why = self._next.why if self._next else ""
        if self._house.is_served:
            return EngineState.READY, why
        coming = self._house.heir or self._house.resident
        if coming is not None and coming.stage is Stage.LOADING:
            return EngineState.LOADING, why
        return EngineState.STARTING, why or self._again

    def _set(self, state: EngineState, reason: str = "") -> None:
        if (state, reason) == (self._state, self._reason):
            return
        self._state, self._reason = state, reason
        log.info("engine %s%s", state, f": {reason}" if reason else "")
        self._ears.state(self._status())
        self._house.announce()

    def _hear(self, tenant: Tenant) -> None:
        """A tenant has come further."""
        if tenant.loaded is not None:
            trained = tenant.loaded.n_ctx_train or tenant.loaded.n_ctx
            self._sizes[tenant.model.name] = min(tenant.loaded.n_ctx, trained)
        if tenant is self._house.resident and tenant.is_ready:
            self._receive()
        if tenant.progress is not None:
            self._tell(tenant.model.name, tenant.progress)
        self._reflect()

    def _tell(self, model: str, share: float) -> None:
        now = time.monotonic()
        if now - self._told_at >= TELL_S or share == 1.0:
            self._told_at = now
            self._ears.loading(model, share)

    # ---- the one task

    async def run(self) -> None:
        """Keep the engine as it is wanted until cancelled; then every child is gone."""
        try:
            await self._house.run(self._keep())
        finally:
            self._set(EngineState.ABSENT, "ingle is stopping")

    async def _keep(self) -> None:
        while True:
            await self._turn()

    async def _turn(self) -> None:
        """The next thing to do, or a wait for a change."""
        resident, wanted = self._house.resident, self._next
        is_wanted = self._parked is None and not self._resting and self._failure is None
        if resident is not None and resident.has_ended:
            self._bury(resident)
        elif wanted is not None and not wanted.is_open:
            self._next = None
        elif is_wanted and wanted is not None and wanted.model != self._model:
            await self._succeed(wanted)
        elif is_wanted and self._model is not None and resident is None:
            await self._start(self._model)
        else:
            self._reflect()
            await self._house.change()

    async def _start(self, model: InstalledModel) -> None:
        """Take the model in, after the pause that a death is followed by."""
        pause_s = self._not_before - time.monotonic()
        if pause_s > 0:
            self._reflect()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._house.change()
            return
        rung = self._rung
        self._house.resident = self._house.take_in(
            model,
            lambda tenant, header: self._planner.fit(tenant, header, rung),
            on_cpu=self._planner.stays_on_cpu(rung),
        )
        self._reflect()

    async def _succeed(self, wanted: Succession) -> None:
        if await wanted.run(self._house, self._planner):
            self._model, self._rung, self._again = wanted.model, wanted.rung, ""
            self._receive()
        self._refusal = wanted.refusal

    def _receive(self) -> None:
        """The resident model answers."""
        if self._next is not None and self._next.model == self._model:
            self._next.fulfil()
        if self._twin is not None:
            self._house.begin(self._twin.leave())

    def _bury(self, gone: Tenant) -> None:
        """Its end, and what follows: less of it, another try after a pause, or none."""
        self._house.resident = None
        if may_fall(gone):
            self._rung = Rung(self._rung + 1)
            log.warning("the engine tries with less: %s", gone.failure or gone.death)
        elif gone.failure is not None:
            self._give_up(gone.failure)
        elif gone.death:
            self._mourn(gone)

    def _mourn(self, gone: Tenant) -> None:
        log.warning("the engine ended: %s", gone.death)
        if self._breaker.record(time.monotonic()):
            error = EngineUnavailable(
                f"the engine died {self._breaker.deaths} times in a row: {gone.death}",
                "`ingle resume` tries again, `ingle model use NAME` tries another model",
            )
            self._give_up(error)
            return
        self._again = f"starting again; it ended: {gone.death}"
        self._not_before = time.monotonic() + self._backoff.after_death(gone.lived_s)

    def _give_up(self, error: IngleError) -> None:
        self._failure = error
        if self._next is not None and self._next.model == self._model:
            self._next.call_off(error)
