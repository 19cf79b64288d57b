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
from ingle.server.aside import Aside
from ingle.server.overview import Overview
from ingle.wire.calls.base import Done, NoParams
from ingle.wire.calls.daemon import HoldParams, ReleaseParams, ReloadResult, StatusResult
from ingle.wire.calls.plugin import PluginInfo


class Switches(Protocol):
    """What the daemon can be told to do as a whole; `app` implements it."""

    def plugins(self) -> list[PluginInfo]: ...
    def desktop(self) -> str | None:
        """The graphical session that is attached, in words."""

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
    aside: Aside
    overview: Overview

    def __post_init__(self) -> None:
        self._started = time.monotonic()

    def handlers(self) -> dict[str, Handler]:
        return {
            "daemon.status": self.status,
            "daemon.pause": self._doing(self.aside.pause),
            "daemon.resume": self._doing(self.aside.resume),
            "daemon.hold": self.hold,
            "daemon.release": self.release,
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
        warnings = self.overview.warnings()
        now = self.overview.now(engine, warnings)
        return StatusResult(
            version=self.version,
            pid=os.getpid(),
            uptime_s=round(time.monotonic() - self._started, 3),
            state=now.state,
            engine=engine,
            queue=self.engine.queue(),
            plugins=self.switches.plugins(),
            desktop=self.switches.desktop(),
            warnings=warnings,
            reason=now.reason,
            held=now.held,
            holds=self.aside.holds.list(),
        )

    async def hold(self, params: HoldParams, call: Call) -> Done:
        await self.aside.hold(params.what, params.reason, call.caller)
        return Done()

    async def release(self, params: ReleaseParams, call: Call) -> Done:
        await self.aside.release(params.what, params.reason, call.caller, params.after_s)
        return Done()

    async def reload(self, _: NoParams, call: Call) -> ReloadResult:
        return await self.switches.reload()

    async def stop(self, _: NoParams, call: Call) -> Done:
        asyncio.get_running_loop().call_soon(self.switches.stop)
        return Done()
