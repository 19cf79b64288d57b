"""One host process from its start to its death, with the connections of its plugins.

It is not restarted: `plughost` makes another. A plugin speaks the public JSON-RPC on a
connection of its own, with the grants that were approved; `sdk.protocol` has the rest.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ingle.errors import ConnectionLost, IngleError, PluginFailed
from ingle.plughost import grants
from ingle.plughost.places import Place
from ingle.plughost.process import CannotStart, HostProcess, required
from ingle.plughost.tenant import STARTING, Tenant
from ingle.procs.child import how_it_ended
from ingle.rpc.dispatcher import Call, Dispatcher, Route
from ingle.rpc.peer import Peer
from ingle.rpc.streams import FrameStream
from ingle.sdk import protocol
from ingle.sdk.runner import DID_NOT_STOP
from ingle.vocabulary import PluginState
from ingle.wire.messages import Failure, Success

START_S = 20.0
"""To import a plugin on a machine that is busy; one that takes longer hangs."""
REAP_S = 0.5
"""Between the end of a connection and that of its process; then it has broken the protocol."""


@dataclass(frozen=True)
class Death:
    """Why a host ended, and by whose fault: of all where it cannot be told.

    `lost_ground`: what they require has ended, and to start again at once may be of no use.
    """

    reason: str
    culprits: tuple[Tenant, ...]
    lost_ground: bool = False


@dataclass(frozen=True)
class PluginDispatcher(Dispatcher):
    """The public dispatcher, and beside it the one notification that only a plugin sends."""

    public: Dispatcher = field(default_factory=Dispatcher)

    async def answer(self, method: str, params: Any, call: Call) -> Success | Failure:
        if method in self.routes:
            return await super().answer(method, params, call)
        return await self.public.answer(method, params, call)


class Host:
    """A process with its plugins. `run` is its life; cancelling it ends the process, bounded."""

    def __init__(
        self,
        name: str,
        tenants: tuple[Tenant, ...],
        public: Dispatcher,
        place: Place,
        paused_for: Callable[[], str | None],
    ) -> None:
        """`paused_for` gives the reason for as long as plugins are paused."""
        self.name, self._tenants, self._public = name, tenants, public
        self._place, self._paused_for = place, paused_for
        self._control: Peer | None = None
        self._process: HostProcess | None = None
        self._fault: Death | None = None
        self._errands: set[asyncio.Task[None]] = set()

    async def run(self) -> Death:
        """Start the process and serve it; gives how it died."""
        requires = required(tenant.requires for tenant in self._tenants)
        try:
            process = await self._place.start(self.name, requires, 1 + len(self._tenants))
        except CannotStart as error:
            culprits = () if error.is_excused else self._tenants
            return Death(str(error), culprits, lost_ground=error.is_excused)
        self._process = process
        try:
            death = await self._serve(process)
            excuse = await process.excuse()
            return death if excuse is None else Death(excuse, (), lost_ground=True)
        finally:
            self._control = self._process = None
            for tenant in self._tenants:
                tenant.is_gone()
            await process.stop()

    async def _serve(self, process: HostProcess) -> Death:
        sockets, process.sockets = process.sockets, []  # the streams own them from here on
        streams = [await FrameStream.over(sock, protocol.PLUGIN_LIMITS) for sock in sockets]
        async with asyncio.TaskGroup() as group:
            peers = [Peer(streams[0], name=f"plugin host {self.name}")]
            peers += [
                self._peer_of(tenant, stream, group)
                for tenant, stream in zip(self._tenants, streams[1:], strict=True)
            ]
            try:
                self._admit(peers, process.pid)
                dead = group.create_task(process.wait())
                connections = [group.create_task(peer.run()) for peer in peers]
                self._run_errand(group, self._start_all())
                await asyncio.wait([dead, *connections], return_when=asyncio.FIRST_COMPLETED)
                await self._see_to_its_end(process, dead, connections)
            finally:
                for peer in peers:
                    peer.abort()
                for errand in self._errands:
                    errand.cancel()
        if dead.result() == protocol.DISPLAY_GONE:
            return Death("the display has ended its connection", ())
        return self._fault or Death(_in_words(dead.result()), self._tenants)

    def _admit(self, peers: list[Peer], pid: int) -> None:
        self._control = peers[0]
        now = asyncio.get_running_loop().time()
        for tenant, peer in zip(self._tenants, peers[1:], strict=True):
            tenant.lives(peer, pid, self._place.title, now)

    async def _see_to_its_end(
        self, process: HostProcess, dead: asyncio.Task[int], connections: list[asyncio.Task[None]]
    ) -> None:
        """A connection that ends before its process does was ended by us: the plugin broke a rule."""
        first = [
            tenant for tenant, task in zip(self._tenants, connections[1:], strict=True) if task.done()
        ]
        await asyncio.wait([dead], timeout=REAP_S)
        if not dead.done():
            await process.stop()
            await asyncio.wait([dead])
            self._blame("it broke the protocol", *first)
        elif dead.result() == 0:  # the host's answer to a connection that we have closed
            self._blame("it broke the protocol", *first)

    def _blame(self, reason: str, *culprits: Tenant) -> None:
        self._fault = self._fault or Death(reason, culprits or self._tenants)

    # ---- plugins

    def _peer_of(self, tenant: Tenant, stream: FrameStream, group: asyncio.TaskGroup) -> Peer:
        async def take_state(params: protocol.StateParams, call: Call) -> None:
            self._take_state(tenant, params, group)

        return Peer(
            stream,
            PluginDispatcher({protocol.STATE: Route(take_state, protocol.StateParams)}, self._public),
            name=f"plugin {tenant.name}",
            grants=grants.of_the_wire(tenant.grants),
        )

    def _run_errand(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> None:
        """Something that ends with the host at the latest."""
        errand = group.create_task(work)
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    async def _start_all(self) -> None:
        """One after the other, so that it is known who hangs."""
        with suppress(ConnectionLost):
            if self._paused_for() is not None and self._control:
                await self._control.call(protocol.PAUSE)
            for tenant in self._tenants:
                await self._start(tenant)

    async def _see_to_crash(self, tenant: Tenant, reason: str) -> None:
        """With what it requires gone, its whole host starts anew when that is back."""
        excuse = await self._process.excuse() if self._process and tenant.requires else None
        if excuse is not None and self._process:
            self._fault = self._fault or Death(excuse, (), lost_ground=True)
            await self._process.stop()
            return
        delay_s = tenant.crashed(reason, asyncio.get_running_loop().time())
        if delay_s is not None:
            await self._start_again(tenant, delay_s)

    async def _start_again(self, tenant: Tenant, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        tenant.started = asyncio.get_running_loop().time()
        tenant.report(PluginState.WAITING, STARTING)
        with suppress(ConnectionLost):
            await self._start(tenant)

    async def _start(self, tenant: Tenant) -> None:
        """Raises `ConnectionLost`."""
        assert tenant.peer is not None
        params = protocol.StartParams(
            name=tenant.name,
            folder=str(tenant.found.folder),
            settings=tenant.settings,
            pauses=tenant.pauses,
        )
        try:
            async with asyncio.timeout(START_S):
                answer = await tenant.peer.call(protocol.START, params)
            tenant.commands = msgspec.convert(answer, protocol.StartResult).commands
        except TimeoutError:
            await self._end_hanging(tenant)
        except ConnectionLost:
            raise
        except PluginFailed as error:
            tenant.report(PluginState.FAILED, error.message)
        except (IngleError, msgspec.ValidationError):
            tenant.report(PluginState.FAILED, "its process answers nonsense")
        if tenant.is_starting:
            self._settle(tenant)

    async def _end_hanging(self, tenant: Tenant) -> None:
        """Nobody else in the process will get an answer either."""
        self._blame("it hangs while it starts", tenant)
        if self._process is not None:
            await self._process.stop()

    def _settle(self, tenant: Tenant) -> None:
        if self._is_paused(tenant):
            tenant.report(PluginState.WAITING, self._paused_for())
        else:
            tenant.report(PluginState.RUNNING)

    def _take_state(
        self, tenant: Tenant, params: protocol.StateParams, group: asyncio.TaskGroup
    ) -> None:
        match params.state:
            case "crashed":
                self._run_errand(group, self._see_to_crash(tenant, f"crashed ({params.reason})"))
            case "failed":
                tenant.report(PluginState.FAILED, params.reason)
            case _ if self._is_paused(tenant):
                pass  # said before it heard of the pause
            case state:
                tenant.report(PluginState(state), params.reason)

    def _is_paused(self, tenant: Tenant) -> bool:
        return tenant.pauses and self._paused_for() is not None

    def pause(self) -> None:
        """Have those stop that pause, or tell them another reason."""
        self._tell(protocol.PAUSE)
        for tenant in self._pausing():
            if tenant.state in {PluginState.RUNNING, PluginState.WAITING}:
                tenant.report(PluginState.WAITING, self._paused_for())

    def resume(self, former: str) -> None:
        """After a pause for the reason `former`."""
        self._tell(protocol.RESUME)
        for tenant in self._pausing():
            if tenant.reason == former:
                tenant.report(PluginState.RUNNING)

    def _pausing(self) -> list[Tenant]:
        return [tenant for tenant in self._tenants if tenant.pauses]

    def _tell(self, method: str) -> None:
        if self._control is not None:
            self._control.offer(method, {})


def _in_words(returncode: int) -> str:
    if returncode == DID_NOT_STOP:
        return "its process did not stop when it was asked to"
    return (
        f"its process was {how_it_ended(returncode)}"
        if returncode < 0
        else (f"its process {how_it_ended(returncode)}")
    )
