"""`daemon.*`: the state of the whole, and the switches that a person has."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from ingle.engine.client import EngineClient
from ingle.engine.supervisor import Supervisor
from ingle.rpc.dispatcher import Call, Handler
from ingle.vocabulary import DaemonState, EngineState
from ingle.wire.calls.base import Done, NoParams
from ingle.wire.calls.daemon import EngineStatus, ReloadResult, StatusResult
from ingle.wire.calls.plugin import PluginInfo


class Switches(Protocol):
    """What the daemon can be told to do as a whole; `app` implements it."""

    @property
    def is_paused(self) -> bool: ...
    def plugins(self) -> list[PluginInfo]: ...
    async def pause(self) -> None: ...
    async def resume(self) -> None: ...
    async def reload(self) -> ReloadResult:
        """Raises `ConfigError`, and then nothing has changed."""

    def stop(self) -> None: ...


@dataclass
class DaemonMethods:
    """The handlers of the family."""

    version: str
    switches: Switches
    supervisor: Supervisor
    engine: EngineClient

    def __post_init__(self) -> None:
        self._started = time.monotonic()

    def handlers(self) -> dict[str, Handler]:
        return {
            "daemon.status": self.status,
            "daemon.pause": self._doing(self.switches.pause),
            "daemon.resume": self._doing(self.switches.resume),
            "daemon.reload": self.reload,
            "daemon.stop": self.stop,
        }

    def _doing(self, act: Callable[[], Awaitable[None]]) -> Handler:
        async def handler(_: NoParams, call: Call) -> Done:
            await act()
            return Done()

        return handler

    async def status(self, _: NoParams, call: Call) -> StatusResult:
        engine = await self.supervisor.status()
        warnings = self.supervisor.warnings()
        return StatusResult(
            version=self.version,
            pid=os.getpid(),
            uptime_s=round(time.monotonic() - self._started, 3),
            state=state_of(engine, warnings, self.switches.is_paused),
            engine=engine,
            queue=self.engine.queue(),
            plugins=self.switches.plugins(),
            warnings=warnings,
        )

    async def reload(self, _: NoParams, call: Call) -> ReloadResult:
        return await self.switches.reload()

    async def stop(self, _: NoParams, call: Call) -> Done:
        asyncio.get_running_loop().call_soon(self.switches.stop)
        return Done()


def state_of(engine: EngineStatus, warnings: list[str], is_paused: bool) -> DaemonState:
    """One word for the whole: what a tray icon would show."""
    if is_paused:
        return DaemonState.PAUSED
    if engine.state in (EngineState.FAILED, EngineState.ABSENT) or warnings:
        return DaemonState.DEGRADED
    if engine.state in (EngineState.STARTING, EngineState.LOADING):
        return DaemonState.STARTING
    return DaemonState.READY
