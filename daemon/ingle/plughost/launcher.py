"""In the graphical session: offers it to the daemon, and starts plugin hosts for it.

The daemon runs in a sandbox, perhaps since before there was a screen; this process is a plain
program of the session. It holds no plugin code and decides nothing: which hosts there are is the
daemon's business, and with the connection they all end.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ingle.errors import IngleError, NotFound, PluginFailed
from ingle.plughost import attachment, facilities
from ingle.plughost.attachment import ExcuseResult, HostParams, SpawnParams, SpawnResult
from ingle.plughost.facilities import FACILITIES
from ingle.plughost.process import PASSED, RUNNER, OwnProcess
from ingle.plughost.watch import Watch
from ingle.procs.child import spawn_for
from ingle.rpc.descriptors import DescriptorStream
from ingle.rpc.dispatcher import Call, Dispatcher, Handler, Route
from ingle.rpc.peer import Peer
from ingle.wire.calls.base import Done, Params
from ingle.wire.calls.desktop import DesktopAttachParams, DesktopChangedParams, DesktopEnded

log = logging.getLogger(__name__)

MOST_EXCUSES = 16
"""Hosts that have ended and were not asked about; the daemon asks at once."""


@dataclass
class Launcher:
    """One attachment. `environ` is this process's own, which its hosts get an allow-list of."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def __post_init__(self) -> None:
        self._hosts: dict[int, OwnProcess] = {}
        self._ended: dict[int, OwnProcess] = {}
        self._changed = asyncio.Event()
        self._told: dict[str, str] = {}
        """What the daemon believes to be missing."""

    @property
    def about(self) -> str:
        """Which screen this is, for a person."""
        return facilities.in_words(self.environ)

    async def serve(self, sock: socket.socket, on_attached: Callable[[], None]) -> str:
        """Attach over a connected socket until the daemon sends us away; gives its reason.

        Raises `ConnectionLost`, or what the daemon answers. No host is left when it returns.
        """
        stream = await DescriptorStream.over(sock, attachment.LIMITS)
        peer = Peer(stream, Dispatcher(self._routes(stream)), "ingled")
        watch = Watch(self.environ, self._changed.set)
        serving = asyncio.ensure_future(peer.run())
        watch.look()
        try:
            return await self._attached(peer, on_attached)
        finally:
            watch.rest()
            peer.abort()
            await asyncio.wait([serving])
            stream.release()

    async def _attached(self, peer: Peer, on_attached: Callable[[], None]) -> str:
        self._told = self._missing()
        params = DesktopAttachParams(about=self.about, missing=self._told)
        attached = asyncio.ensure_future(peer.call("desktop.attach", params))
        telling = asyncio.ensure_future(self._keep_telling(peer, on_attached))
        try:
            await asyncio.wait([attached, telling], return_when=asyncio.FIRST_COMPLETED)
            if not attached.done():
                await telling
            return msgspec.convert(await attached, DesktopEnded).reason
        finally:
            attached.cancel()
            telling.cancel()
            with suppress(asyncio.CancelledError, IngleError):
                await telling

    async def _keep_telling(self, peer: Peer, on_attached: Callable[[], None]) -> None:
        """What has come and gone; the first answer shows that we are attached. Raises `IngleError`."""
        await peer.call("desktop.changed", DesktopChangedParams(missing=self._told))
        on_attached()
        while True:
            await self._changed.wait()
            self._changed.clear()
            missing = self._missing()
            if missing != self._told:
                self._told = missing
                await peer.call("desktop.changed", DesktopChangedParams(missing=missing))

    def _missing(self) -> dict[str, str]:
        found = {name: facilities.missing([name], self.environ) for name in FACILITIES}
        return {name: reason for name, reason in found.items() if reason}

    # ---- what the daemon asks for

    def _routes(self, stream: DescriptorStream) -> dict[str, Route]:
        async def spawn(params: SpawnParams, call: Call) -> SpawnResult:
            return await self._spawn(params, stream.take(params.stderr), call)

        return {
            attachment.SPAWN: Route(spawn, SpawnParams),
            attachment.STOP: _route(self._stop, HostParams),
            attachment.EXCUSE: _route(self._excuse, HostParams),
        }

    async def _spawn(self, params: SpawnParams, fds: list[int], call: Call) -> SpawnResult:
        marks = facilities.marks(params.requires, self.environ)
        try:
            child = await spawn_for(f"plugin host {params.host}", RUNNER, fds[:-1], fds[-1], PASSED)
        except OSError as error:
            reason = f"its process cannot be started: {error.strerror}"
            raise PluginFailed(reason, "see what the session's log says") from None
        finally:
            for number in fds:
                os.close(number)
        process = OwnProcess(child, self.environ, marks)
        log.info("plugin host %s: process %d", params.host, process.pid)
        self._hosts[process.pid] = process
        try:
            await call.delta(str(process.pid))
            returncode = await process.wait()
        finally:
            del self._hosts[process.pid]
            await process.stop()
        self._keep(process)
        return SpawnResult(returncode=returncode)

    def _keep(self, process: OwnProcess) -> None:
        self._ended[process.pid] = process
        while len(self._ended) > MOST_EXCUSES:
            del self._ended[next(iter(self._ended))]

    async def _stop(self, params: HostParams) -> Done:
        """Raises `NotFound`."""
        if params.pid not in self._hosts:
            raise NotFound(f"there is no host with process id {params.pid}")
        await self._hosts[params.pid].stop()
        return Done()

    async def _excuse(self, params: HostParams) -> ExcuseResult:
        process = self._hosts.get(params.pid) or self._ended.pop(params.pid, None)
        reason = await process.excuse() if process else None
        self._told = self._missing()
        return ExcuseResult(reason=reason, missing=self._told)


def _route(handler: Callable[[Any], Any], params: type[Params]) -> Route:
    async def handle(bound: Any, call: Call) -> Any:
        return await handler(bound)

    handle_: Handler = handle
    return Route(handle_, params)
