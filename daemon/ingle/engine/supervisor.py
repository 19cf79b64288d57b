"""Keeps the engine child as it is wanted: which model, or none for a reason that can be shown.

`run` is the only task. What a person or another part wants is a few fields (`_model`, `_parked`,
`_is_resting`, `_failure`); whoever changes one interrupts the life in progress, and `run` decides
anew. A death that nobody wanted is followed by a restart after a pause that doubles; three within
five minutes end in `failed` until somebody asks again. Nothing polls: an idle engine wakes nobody.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ingle.config import EngineConfig
from ingle.engine import machine, protocol
from ingle.engine.life import Life, living
from ingle.errors import BadModelFile, EngineUnavailable, IngleError, Paused
from ingle.models.gguf import Header, read_header
from ingle.models.library import InstalledModel
from ingle.procs.backoff import Backoff, CircuitBreaker
from ingle.vocabulary import EngineState
from ingle.wire.calls.daemon import EngineStatus

log = logging.getLogger(__name__)

WAIT_S = 120.0
"""A request waits so long for a model that is being loaded, from a slow disk too."""

GONE_S = 4.0
"""For a child to be gone after `park`: its stop ladder takes 3 s at most."""

MODULE = "ingle.engine.child"

RESTING = "given back; the next request loads it again"


class Supervisor:
    """The engine as the daemon has it; `on_change` hears of every change of state."""

    def __init__(
        self,
        config: EngineConfig,
        on_change: Callable[[EngineStatus], None],
        *,
        child_module: str = MODULE,
        environ: Mapping[str, str] | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._config, self._on_change = config, on_change
        self._child_module, self._environ = child_module, environ or {}
        self._backoff, self._breaker = backoff or Backoff(), CircuitBreaker()
        self._model: InstalledModel | None = None
        self._parked: str | None = None
        self._is_resting = False
        self._failure: IngleError | None = None
        self._life: Life | None = None
        self._loaded: protocol.LoadResult | None = None
        self._scope: asyncio.Timeout | None = None
        self._changed = asyncio.Event()
        self._state, self._reason = EngineState.STARTING, ""
        self._progress: float | None = None

    # ---- what is wanted

    @property
    def model(self) -> InstalledModel | None:
        """The resident model, or the one that will be."""
        return self._model

    @property
    def n_ctx(self) -> int:
        """Tokens of the longest prompt with its answer; 0 before the model was loaded once."""
        if self._loaded is None:
            return 0
        return min(self._loaded.n_ctx, self._loaded.n_ctx_train or self._loaded.n_ctx)

    async def use(self, model: InstalledModel) -> None:
        """Make `model` the resident one. Raises `BadModelFile`, and then nothing has changed,
        except that an engine without any model says why."""
        try:
            await asyncio.to_thread(read_header, model.path)
        except BadModelFile as error:
            if self._model is None:
                self.missing(error)
            raise
        self._model = model
        self._loaded, self._is_resting = None, False
        self._try_anew()
        self._interrupt(EngineUnavailable("another model is being loaded", "send the request again"))

    def missing(self, error: IngleError) -> None:
        """There is no model that could be used; `error` says why and what to do."""
        self._failure = error
        is_bad = isinstance(error, BadModelFile)
        self._set(EngineState.FAILED if is_bad else EngineState.ABSENT, error.message)

    async def park(self, reason: str) -> None:
        """Give the memory back until `unpark`; returns when the child is gone."""
        self._parked = reason
        self._interrupt(Paused(f"the model stepped aside: {reason}"))
        await self._until_gone()

    async def unpark(self) -> None:
        """Come back, also after having given up. Does not wait for it."""
        self._parked = None
        if self._model is not None:
            self._try_anew()
        self._announce()

    async def unload(self) -> None:
        """Give the memory back until the next request; returns when the child is gone."""
        self._is_resting = True
        self._interrupt(EngineUnavailable("the model was unloaded", "send the request again"))
        await self._until_gone()

    def _try_anew(self) -> None:
        self._failure = None
        self._breaker.reset()
        self._backoff = Backoff(self._backoff.first_s, self._backoff.most_s)

    def _interrupt(self, farewell: IngleError) -> None:
        """End the life or the pause in progress, so that `run` looks at what is wanted."""
        if self._life is not None:
            self._life.farewell = farewell
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())
        self._announce()

    async def _until_gone(self) -> None:
        async with asyncio.timeout(GONE_S):
            while self._life is not None:
                await self._changed.wait()

    # ---- for requests

    async def call(self, method: str, params: Any, on_delta: Callable[[str], None] | None = None) -> Any:
        """Ask the engine, once it is ready.

        Raises its errors, `EngineUnavailable` when it cannot be had or dies, `Paused`.
        """
        return await (await self._ready_life()).call(method, params, on_delta)

    async def _ready_life(self) -> Life:
        if self._is_resting:
            self._is_resting = False
            self._announce()
        try:
            async with asyncio.timeout(WAIT_S):
                while not (self._state is EngineState.READY and self._life and self._life.is_usable):
                    self._refuse_if_hopeless()
                    await self._changed.wait()
        except TimeoutError:
            raise EngineUnavailable(f"the model is not loaded after {WAIT_S:.0f} s") from None
        return self._life

    def _refuse_if_hopeless(self) -> None:
        if self._failure is not None:
            raise EngineUnavailable(self._failure.message, self._failure.hint)
        if self._parked is not None:
            raise Paused(f"the model stepped aside: {self._parked}")

    # ---- how it is

    async def status(self) -> EngineStatus:
        """The state with figures; asks nobody, wakes nobody."""
        return self._status()

    def _status(self) -> EngineStatus:
        life, loaded = self._life, self._loaded
        base = EngineStatus(
            state=self._state,
            reason=self._reason,
            progress=self._progress,
            model=self._model.name if self._model else None,
            tier=self._model.tier if self._model else None,
        )
        if life is None:
            return base
        return _with_figures(base, life, loaded)

    def warnings(self) -> list[str]:
        """What makes the engine slower or less than it could be."""
        found = []
        if self._state is EngineState.FAILED:
            found.append(f"the engine gave up: {self._reason}")
        if self._loaded is not None and self._config.gpu_layers != 0 and machine.has_gpu():
            if not self._loaded.offload:
                found.append("this machine has a GPU, but llama.cpp was built for the CPU only")
            elif self._loaded.device == "CPU":
                found.append("the model runs on the CPU: llama.cpp found no GPU it can use")
        return found

    def _set(self, state: EngineState, reason: str = "") -> None:
        is_new = (state, reason) != (self._state, self._reason)
        self._state, self._reason = state, reason
        if state is not EngineState.LOADING:
            self._progress = None
        if is_new:
            log.info("engine %s%s", state, f": {reason}" if reason else "")
            self._on_change(self._status())
        self._announce()

    def _announce(self) -> None:
        """Wake everyone who waits for something to change."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    # ---- the one task

    async def run(self) -> None:
        """Keep the child as it is wanted until cancelled; then it is gone."""
        try:
            while True:
                if self._is_wanted():
                    await self._live()
                else:
                    self._settle()
                    await self._changed.wait()
        finally:
            self._set(EngineState.ABSENT, "ingle is stopping")

    def _is_wanted(self) -> bool:
        aside = self._parked is not None or self._is_resting
        return self._model is not None and not aside and self._failure is None

    def _settle(self) -> None:
        """Say why there is no child."""
        if self._parked is not None:
            self._set(EngineState.PARKED, self._parked)
        elif self._failure is not None:
            is_absent = self._model is None and not isinstance(self._failure, BadModelFile)
            state = EngineState.ABSENT if is_absent else EngineState.FAILED
            self._set(state, self._failure.message)
        elif self._is_resting:
            self._set(EngineState.PARKED, RESTING)

    async def _live(self) -> None:
        """One life of the child, and what follows from its end."""
        began, death = time.monotonic(), None
        self._set(EngineState.STARTING, self._reason if self._state is EngineState.STARTING else "")
        try:
            async with asyncio.timeout(None) as self._scope:
                death = await self._child_life()
        except TimeoutError:  # `_interrupt`: something else is wanted
            return
        except OSError as error:
            self._failure = EngineUnavailable(f"the engine cannot be started: {error.strerror}")
        except IngleError as error:
            self._failure = error
        finally:
            self._life = self._scope = None
            self._announce()
        if death is not None:
            await self._mourn(death, time.monotonic() - began)

    async def _child_life(self) -> str:
        """Start, load and watch a child; how it died. Raises what makes another try pointless."""
        model = self._model
        assert model is not None
        header = await asyncio.to_thread(read_header, model.path)
        failure: IngleError | None = None
        async with living(self._child_module, self._environ) as life:
            self._life = life
            try:
                await self._load(life, model, header)
                await life.lost.wait()
            except IngleError as error:
                failure = error
            is_dead = life.lost.is_set()
            death = await life.how() if is_dead else ""
        if failure is not None and not is_dead:
            raise failure
        return f"{death} ({life.last_words})" if failure and life.last_words else death

    async def _load(self, life: Life, model: InstalledModel, header: Header) -> None:
        self._set(EngineState.LOADING)
        params = protocol.LoadParams(
            path=str(model.path),
            n_ctx=self._config.n_ctx or machine.n_ctx(header),
            slots=self._config.slots,
            threads=self._config.threads or machine.threads(),
            gpu_layers=self._config.gpu_layers,
            tune_threads=not self._config.threads,
            check_tensors=not model.is_verified,
        )
        self._loaded = await life.call("load", params, self._hear_progress)
        self._set(EngineState.READY)

    def _hear_progress(self, share: str) -> None:
        self._progress = float(share)

    async def _mourn(self, death: str, lived_s: float) -> None:
        """Start again after a pause, or give up."""
        log.warning("the engine ended: %s", death)
        if self._breaker.record(time.monotonic()):
            self._failure = EngineUnavailable(
                f"the engine died {self._breaker.deaths} times in a row: {death}",
                "`ingle resume` tries again, `ingle model use NAME` tries another model",
            )
            return
        self._set(EngineState.STARTING, f"starting again; it ended: {death}")
        try:
            async with asyncio.timeout(None) as self._scope:
                await asyncio.sleep(self._backoff.after_death(lived_s))
        except TimeoutError:  # `_interrupt`
            return
        finally:
            self._scope = None


def _with_figures(base: EngineStatus, life: Life, loaded: protocol.LoadResult | None) -> EngineStatus:
    figures: dict[str, Any] = {"pid": life.pid, "rss_bytes": machine.rss(life.pid)}
    if loaded is not None:
        names = ("n_ctx", "slots", "device", "vram_bytes", "threads", "build")
        figures |= {name: getattr(loaded, name) for name in names}
    return msgspec.structs.replace(base, **figures)
