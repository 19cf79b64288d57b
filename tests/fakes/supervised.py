"""A `Supervisor` over the scripted engine child, with every change of state written down."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from fakes import engine_child
from ingle.config import EngineConfig
from ingle.engine.admission import Admission
from ingle.engine.client import EngineClient
from ingle.engine.protocol import GenerateParams
from ingle.engine.supervisor import Ears, Supervisor
from ingle.engine.tenant import Child
from ingle.models.library import InstalledModel
from ingle.procs.backoff import Backoff
from ingle.vocabulary import EngineState, Priority, Span
from ingle.wire.calls.daemon import EngineStatus

NamedModel = Callable[[str], InstalledModel]

WAIT_S = 20
"""For a process to start on a busy machine."""


def installed(path: Path, name: str = "fake") -> InstalledModel:
    return InstalledModel(
        name=name, path=path, family="chatml", tier="tiny", is_measured=False, licence="MIT",
        source="file:", sha256="", size_bytes=path.stat().st_size if path.exists() else 0,
    )  # fmt: skip


def prompt(text: str, priority: Priority = "normal", *, stream: bool = False) -> GenerateParams:
    return GenerateParams(spans=[Span(text)], max_tokens=64, priority=priority, stream=stream)


@dataclass
class Supervised:
    """`heard` are the states in the order of `on_change`."""

    supervisor: Supervisor
    admission: Admission
    engine: EngineClient
    heard: list[EngineStatus]
    loading: list[tuple[str, float]] = field(default_factory=list)
    """Models and how far their loads were."""
    _changes: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, status: EngineStatus) -> None:
        self.heard.append(status)
        changes, self._changes = self._changes, asyncio.Event()
        changes.set()

    async def until(self, state: EngineState) -> EngineStatus:
        """Wait for a state; gives the status that was announced with it."""
        return await self.until_heard(lambda: self.heard[-1:] and self.heard[-1].state is state)

    async def until_heard(self, is_so: Callable[[], object]) -> EngineStatus:
        async with asyncio.timeout(WAIT_S):
            while not is_so():
                await self._changes.wait()
        return self.heard[-1]

    async def until_gone(self, pid: int) -> None:
        """Wait for the end of a process that nobody here is told of."""
        await asyncio.to_thread(
            psutil.wait_procs, [psutil.Process(pid)] if psutil.pid_exists(pid) else [], WAIT_S
        )
        assert not psutil.pid_exists(pid)

    @property
    def states(self) -> list[str]:
        return [str(status.state) for status in self.heard]

    async def pid(self) -> int:
        pid = (await self.supervisor.status()).pid
        assert pid
        return pid


@asynccontextmanager
async def supervised(
    load: str = "",
    config: EngineConfig | None = None,
    child_module: str = engine_child.MODULE,
    environ: Mapping[str, str] | None = None,
    snapshots: Path | None = None,
) -> AsyncIterator[Supervised]:
    """A running supervisor without a model; `load` is `FAKE_ENGINE_LOAD`, unless `environ` is all
    that the child gets."""
    told: list[EngineStatus] = []
    parts: list[Supervised] = []
    environ = engine_child.environment(load) if environ is None else environ
    supervisor = Supervisor(
        config or EngineConfig(),
        Ears(lambda status: parts[0].hear(status), lambda *told: parts[0].loading.append(told)),
        snapshots=snapshots,
        child=Child(child_module, environ),
        backoff=Backoff(first_s=0.01),
    )
    admission = Admission(16)
    parts.append(Supervised(supervisor, admission, EngineClient(supervisor, admission), told))
    running = asyncio.ensure_future(supervisor.run())
    try:
        yield parts[0]
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
