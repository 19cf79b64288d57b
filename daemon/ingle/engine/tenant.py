"""One model in one child: started, loaded, asked, drained, ended.

A tenant never comes back: who wants the model again takes in another one. It decides nothing
about memory (`plan` does) and knows no other tenant.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ingle.engine import protocol
from ingle.engine.fitting import Fitting
from ingle.engine.life import Life, living
from ingle.errors import EngineUnavailable, IngleError, NotEnoughMemory
from ingle.models.gguf import Header, read_header
from ingle.models.library import InstalledModel

DRAIN_S = 30.0
"""For requests that were begun before the model was replaced."""
BETWEEN_CALLS_S = 0.5
"""A long text is many calls, one after the other: so long nobody calls, and all is done."""

_NO_MEMORY = re.compile(r"alloc|out of memory|insufficient memory", re.IGNORECASE)
"""In the last words of a child whose libraries abort instead of saying it to us."""

AGAIN = "send the request again"

Delta = Callable[[str], None]


class Stage(StrEnum):
    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    ENDED = "ended"


NO_GPU = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "HIP_VISIBLE_DEVICES": "-1",
    "ROCR_VISIBLE_DEVICES": "-1",
    "VK_DRIVER_FILES": "/nonexistent",
}
"""For a child that stays on the CPU: the libraries of a GPU build open no device then."""


@dataclass(frozen=True)
class Child:
    """How an engine child is started."""

    module: str
    environ: Mapping[str, str] = field(default_factory=dict)

    def without_gpu(self) -> "Child":
        return Child(self.module, {**self.environ, **NO_GPU})


Plan = Callable[["Tenant", Header], Awaitable[Fitting]]
"""How the tenant is to load its model; may ask it for its devices, and raise an `IngleError`."""


class Tenant:
    """`on_change` hears of each change of `stage` and of the progress of loading."""

    def __init__(
        self,
        model: InstalledModel,
        child: Child,
        plan: Plan,
        on_change: Callable[["Tenant"], None],
    ) -> None:
        self.model = model
        self._child, self._plan, self._on_change = child, plan, on_change
        self.stage = Stage.STARTING
        self.progress: float | None = None
        self.fitting: Fitting | None = None
        self.loaded: protocol.LoadResult | None = None
        self.life: Life | None = None
        self.failure: IngleError | None = None
        """Why it cannot be; None for one that died or was dismissed."""
        self.death = ""
        """How its process ended when nobody wanted that."""
        self.lived_s = 0.0
        self._farewell: IngleError | None = None
        self._began = time.monotonic()
        self._calls = 0
        self._called = asyncio.Event()
        self._settled, self._ended = asyncio.Event(), asyncio.Event()

    # ---- its life

    async def run(self) -> None:
        """From the start of the process to its end; raises nothing but cancellation."""
        try:
            await self._live()
        except OSError as error:
            self.failure = EngineUnavailable(f"the engine cannot be started: {error.strerror}")
        except IngleError as error:
            self.failure = error
        finally:
            self.life = None
            self.lived_s = time.monotonic() - self._began
            self._become(Stage.ENDED)
            self._settled.set()
            self._ended.set()

    async def _live(self) -> None:
        failure: IngleError | None = None
        async with living(self._child.module, self._child.environ) as life:
            self.life = life
            if self._farewell is not None:  # dismissed while the process was started
                life.drop(self._farewell)
            try:
                # while the process starts: each takes a tenth of the way to the first token
                header = await asyncio.to_thread(read_header, self.model.path)
                await self._load(life, header)
                await life.lost.wait()
            except OSError as error:
                failure = EngineUnavailable(f"the model cannot be read: {error.strerror}")
            except IngleError as error:
                failure = error
            is_dead = life.lost.is_set()
            how = await life.how() if is_dead and self._farewell is None else ""
        if self._farewell is not None:
            return
        if failure is not None and not is_dead:
            self.failure = failure
        elif is_dead:
            self.death = f"{how} ({life.last_words})" if failure and life.last_words else how

    async def _load(self, life: Life, header: Header) -> None:
        self.fitting = await self._plan(self, header)
        self._become(Stage.LOADING)
        self.loaded = await life.call("load", self.fitting.params, self._hear_progress)
        self._become(Stage.READY)
        self._settled.set()

    def _hear_progress(self, share: str) -> None:
        self.progress = float(share)
        self._on_change(self)

    def _become(self, stage: Stage) -> None:
        self.stage = stage
        if stage is not Stage.LOADING:
            self.progress = None
        self._on_change(self)

    async def devices(self, measure: str) -> protocol.DevicesResult:
        """What its build can compute on. Raises as `call` does."""
        if self.life is None:
            raise EngineUnavailable("the engine is not running")
        found = await self.life.call("devices", protocol.DevicesParams(measure=measure))
        assert isinstance(found, protocol.DevicesResult)
        return found

    # ---- how it is

    @property
    def is_ready(self) -> bool:
        return self.stage is Stage.READY and self.life is not None and self.life.is_usable

    @property
    def has_ended(self) -> bool:
        return self.stage is Stage.ENDED

    @property
    def has_served(self) -> bool:
        """Whether it was ever ready."""
        return self.loaded is not None

    async def settled(self) -> None:
        """Wait until it is ready or has ended."""
        await self._settled.wait()

    async def ended(self) -> None:
        await self._ended.wait()

    # ---- its end

    def dismiss(self, farewell: IngleError) -> None:
        """End it; those who wait for an answer are told `farewell`."""
        if self._farewell is None:
            self._farewell = farewell
            if self.life is not None:
                self.life.drop(farewell)

    async def see_off(self, patience_s: float = DRAIN_S) -> None:
        """Let what was begun here finish, then end it; returns when it has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._unused()
        self.dismiss(
            EngineUnavailable(
                f"another model took over, and this answer was not finished {patience_s:.0f} s later",
                AGAIN,
            )
        )
        await self.ended()

    async def _unused(self) -> None:
        """Return once nobody has called it for a moment."""
        while not self.has_ended:
            self._called.clear()
            if self._calls:
                await self._called.wait()
                continue
            try:
                async with asyncio.timeout(BETWEEN_CALLS_S):
                    await self._called.wait()
            except TimeoutError:
                return

    # ---- requests

    async def call(self, method: str, params: Any, on_delta: Delta | None = None) -> Any:
        """Ask it. Raises its errors, and `EngineUnavailable` when it ends meanwhile."""
        if self.life is None:
            raise self._farewell or EngineUnavailable("the model is gone", AGAIN)
        self._calls += 1
        self._called.set()
        try:
            return await self.life.call(method, params, on_delta)
        finally:
            self._calls -= 1
            self._called.set()


def may_fall(tenant: Tenant) -> bool:
    """Whether it ended while loading for what less might cure: no memory, or a GPU that fails."""
    if tenant.has_served or tenant.fitting is None or not tenant.fitting.can_fall:
        return False
    if tenant.failure is not None:
        return isinstance(tenant.failure, NotEnoughMemory)
    is_on_gpu = tenant.fitting.params.gpu_layers != 0
    return bool(tenant.death) and (is_on_gpu or bool(_NO_MEMORY.search(tenant.death)))
