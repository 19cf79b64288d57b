"""One host process from its start to its death, with the connections of its plugins.

It is not restarted: `life` makes another. A plugin speaks the public JSON-RPC on a connection of
its own, with the grants that were approved; `sdk.protocol` has the rest.
"""

import asyncio
import os
import socket
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
"""To import a plugin on a machine that is busy; one that takes longer hangs. To take a further one
in, too: its process may just be starting itself."""
LEAVE_S = 2.0
"""More than a host gives a plugin to stop."""
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
        self.name, self._tenants, self._public = name, list(tenants), public
        self._place, self._paused_for = place, paused_for
        self._control: Peer | None = None
        self._process: HostProcess | None = None
        self._group: asyncio.TaskGroup | None = None
        self._fault: Death | None = None
        self._broken = asyncio.Event()
        self._broke: list[Tenant] = []
        """Whose connection has ended without a word, the first one first."""
        self._errands: dict[asyncio.Task[None], Tenant | None] = {}
        self._turn = asyncio.Lock()
        """One plugin after the other is started, so that it is known who hangs; and who comes or goes
        waits for it, as a process that loads a plugin answers nobody."""

    @property
    def is_open(self) -> bool:
        """Whether plugins can join and leave."""
        return self._control is not None and not self._broken.is_set()

    async def run(self) -> Death:
        """Start the process and serve it; gives how it died."""
        requires = required(tenant.requires for tenant in self._tenants)
        try:
            process = await self._place.start(self.name, requires, 1 + len(self._tenants))
        except CannotStart as error:
            culprits = () if error.is_excused else tuple(self._tenants)
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
        control, *streams = [await FrameStream.over(sock, protocol.PLUGIN_LIMITS) for sock in sockets]
        async with asyncio.TaskGroup() as self._group:
            try:
                self._control = Peer(control, name=f"plugin host {self.name}")
                for tenant, stream in zip(self._tenants, streams, strict=True):
                    self._lodge(tenant, stream)
                dead = self._group.create_task(process.wait())
                ends = [
                    dead,
                    self._group.create_task(self._control.run()),
                    self._group.create_task(self._broken.wait()),
                ]
                self._run_errand(self._pause_first())
                for tenant in self._tenants:
                    self._run_errand(self._start_one(tenant), tenant)
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                await self._see_to_its_end(process, dead)
            finally:
                self._break_up()
        if dead.result() == protocol.DISPLAY_GONE:
            return Death("the display has ended its connection", ())
        return self._fault or Death(_in_words(dead.result()), tuple(self._tenants))

    def _break_up(self) -> None:
        self._broken.set()
        for peer in [self._control, *(tenant.peer for tenant in self._tenants)]:
            if peer is not None:
                peer.abort()
        for errand in list(self._errands):
            errand.cancel()

    async def _see_to_its_end(self, process: HostProcess, dead: asyncio.Task[int]) -> None:
        """A connection that ends before its process does was ended by us: the plugin broke a rule."""
        first = self._broke[:]
        await asyncio.wait([dead], timeout=REAP_S)
        if not dead.done():
            await process.stop()
            await asyncio.wait([dead])
            self._blame("it broke the protocol", *first)
        elif dead.result() == 0:  # the host's answer to a connection that we have closed
            self._blame("it broke the protocol", *first)

    def _blame(self, reason: str, *culprits: Tenant) -> None:
        self._fault = self._fault or Death(reason, culprits or tuple(self._tenants))

    # ---- plugins that come and go

    async def join(self, tenant: Tenant) -> None:
        """Start one more beside those that run; a host that does not take it in is ended."""
        self._tenants.append(tenant)
        async with self._turn:
            stream = await self._taken_in(tenant)
        if stream is None:
            return
        if self.is_open:
            self._lodge(tenant, stream)
            self._run_errand(self._start_one(tenant), tenant)
        else:
            stream.abort()

    async def _taken_in(self, tenant: Tenant) -> FrameStream | None:
        """Our end of its connection; None where the host has ended or ends by this."""
        if self._control is None or self._broken.is_set():
            return None
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                async with asyncio.timeout(START_S):
                    params = protocol.AdmitParams(inode=os.fstat(theirs.fileno()).st_ino)
                    await self._control.call(protocol.ADMIT, params, descriptors=[theirs.fileno()])
                    return await FrameStream.over(ours, protocol.PLUGIN_LIMITS)
            except ConnectionLost:  # it has ended for a reason of its own
                ours.close()
            except (TimeoutError, IngleError):
                ours.close()
                await self._end(f"it did not take in plugin {tenant.name}")
            except BaseException:
                ours.close()
                raise
        return None

    async def leave(self, tenant: Tenant) -> None:
        """Stop one and forget its code; the others notice nothing unless it clings to life."""
        self._tenants.remove(tenant)  # from here on nothing that it says counts
        try:
            for errand in [each for each, whose in self._errands.items() if whose is tenant]:
                errand.cancel()
            async with self._turn:
                await self._see_off(tenant)
        finally:
            peer = tenant.peer
            tenant.is_gone()
            if peer is not None:
                peer.abort()

    async def _see_off(self, tenant: Tenant) -> None:
        if tenant.peer is None:
            return
        try:
            async with asyncio.timeout(LEAVE_S):
                await tenant.peer.call(protocol.LEAVE)
        except (TimeoutError, IngleError):
            await self._end(f"plugin {tenant.name} did not stop")

    async def _end(self, reason: str) -> None:
        """By nobody's fault who is still there."""
        self._fault = self._fault or Death(reason, ())
        if self._process is not None:
            await self._process.stop()

    def _lodge(self, tenant: Tenant, stream: FrameStream) -> None:
        assert self._group is not None
        assert self._process is not None
        peer = self._peer_of(tenant, stream)
        self._group.create_task(self._converse(tenant, peer))
        now = asyncio.get_running_loop().time()
        tenant.lives(peer, self._process.pid, self._place.title, now)

    async def _converse(self, tenant: Tenant, peer: Peer) -> None:
        await peer.run()
        if tenant.peer is peer:
            self._broke.append(tenant)
            self._broken.set()

    def _peer_of(self, tenant: Tenant, stream: FrameStream) -> Peer:
        async def take_state(params: protocol.StateParams, call: Call) -> None:
            if tenant in self._tenants and tenant.peer is call.caller:
                self._take_state(tenant, params)

        return Peer(
            stream,
            PluginDispatcher({protocol.STATE: Route(take_state, protocol.StateParams)}, self._public),
            name=f"plugin {tenant.name}",
            grants=grants.of_the_wire(tenant.grants),
        )

    # ---- starting

    def _run_errand(self, work: Coroutine[Any, Any, None], of: Tenant | None = None) -> None:
        """Something that ends with the host at the latest, or with the plugin that it is `of`."""
        assert self._group is not None
        errand = self._group.create_task(work)
        self._errands[errand] = of
        errand.add_done_callback(self._errands.pop)

    async def _pause_first(self) -> None:
        """During a pause nobody is started before the process knows of it."""
        with suppress(ConnectionLost):
            async with self._turn:
                if self._paused_for() is not None and self._control:
                    await self._control.call(protocol.PAUSE)

    async def _start_one(self, tenant: Tenant) -> None:
        with suppress(ConnectionLost):
            async with self._turn:
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
            await asyncio.sleep(delay_s)
            tenant.started = asyncio.get_running_loop().time()
            tenant.report(PluginState.WAITING, STARTING)
            await self._start_one(tenant)

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

    def _take_state(self, tenant: Tenant, params: protocol.StateParams) -> None:
        match params.state:
            case "crashed" if not self.is_open:
                pass  # the whole host starts anew, if anything does
            case "crashed":
                self._run_errand(self._see_to_crash(tenant, f"crashed ({params.reason})"), tenant)
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
