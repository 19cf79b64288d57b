"""A plugin host: `python -m ingle.sdk.runner`, started by `plughost` with inherited sockets.

It runs its plugins on one asyncio loop, each with a JSON-RPC connection of its own, and ends
when the control socket closes, on SIGTERM, or when a plugin does not stop. Plugins join and leave
while the others run. It decides nothing: what is enabled, restarted or given up is the daemon's
business.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from ingle.errors import IngleError, PluginFailed
from ingle.procs.child import end_with_parent, inherited_sockets
from ingle.rpc.descriptors import DescriptorStream
from ingle.rpc.dispatcher import Call, Dispatcher, Route
from ingle.rpc.peer import Peer
from ingle.rpc.streams import FrameStream
from ingle.sdk import protocol
from ingle.sdk.facade import Ingle
from ingle.sdk.loading import load, unload, where_it_broke
from ingle.sdk.plugin import CannotRun, Command, Plugin, commands_of, find_command

log = logging.getLogger(__name__)

STOP_S = 0.5
"""For `run` to end after it was cancelled; the daemon's stop ladder is longer (`procs.child`)."""
DID_NOT_STOP = 70
"""The exit status when a plugin clings to life (EX_SOFTWARE of sysexits.h)."""


class Guest:
    """One plugin in this process: absent → loaded → running ⇄ stopped → left."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._start: protocol.StartParams | None = None
        self._kind: type[Plugin] | None = None
        self._commands: dict[str, Command] = {}
        self._plugin = Plugin()
        self._ingle: Ingle | None = None
        self._life: asyncio.Task[None] | None = None
        self._is_paused = False
        """Between `host.pause` and `host.resume`."""
        self._awake = asyncio.Event()
        self._awake.set()
        """Cleared while it is paused, unless it is one that does not pause."""
        self._is_down = False
        """It has crashed or given up: only a new start brings it back."""
        self._turn = asyncio.Lock()
        """Starting and stopping one after the other: requests arrive side by side."""
        self.has_left = False
        peer.dispatcher = Dispatcher(
            {
                protocol.START: _route(self.start, protocol.StartParams),
                protocol.LEAVE: _route(self.leave, protocol.NoParams),
                protocol.CONFIGURE: _route(self.configure, protocol.ConfigureParams),
                protocol.CALL: _route(self.call, protocol.CallParams),
            }
        )
        peer.on_event = self._on_event

    async def start(self, params: protocol.StartParams) -> protocol.StartResult:
        async with self._turn:
            await self._end()
            self._start, self._is_down = params, False
            self._follow_pause()
            self._load(params)
            self._live()
        return protocol.StartResult(commands=sorted(self._commands))

    def _load(self, params: protocol.StartParams) -> None:
        if self._kind is not None:
            return
        try:
            kind = load(Path(params.folder), params.name)
            self._commands = commands_of(kind)
        except CannotRun as error:
            log.warning("plugin %s: %s", params.name, error, exc_info=error.__cause__)
            raise PluginFailed(str(error)) from None
        self._kind = kind

    async def configure(self, params: protocol.ConfigureParams) -> None:
        async with self._turn:
            if self._start is not None:
                self._start = msgspec.structs.replace(self._start, settings=params.settings)
                await self._end()
                self._live()

    async def pause(self) -> None:
        self._is_paused = True
        self._follow_pause()
        async with self._turn:
            if not self._awake.is_set():
                await self._end()

    async def resume(self) -> None:
        async with self._turn:
            self._is_paused = False
            if not self._awake.is_set():
                self._awake.set()
                self._live()

    def _follow_pause(self) -> None:
        pauses = self._start is None or self._start.pauses
        if self._is_paused and pauses:
            self._awake.clear()
        else:
            self._awake.set()

    async def call(self, params: protocol.CallParams) -> Any:
        """A call that finds the plugin paused has overtaken the resume on its other socket."""
        await self._awake.wait()
        async with self._turn:
            plugin = self._plugin
        wanted = find_command(self._commands, params.command)
        return await wanted.call(plugin, params.args)

    async def leave(self, params: protocol.NoParams) -> None:
        async with self._turn:
            await self._end()
            if self._start is not None:
                unload(self._start.name)
            self._kind, self._start, self.has_left = None, None, True

    async def stop(self) -> None:
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        """Cancel `run` and wait for its end; a plugin that does not end costs the process."""
        life, self._life = self._life, None
        if life is None:
            return
        life.cancel()
        _, alive = await asyncio.wait([life], timeout=STOP_S)
        if alive:
            log.error("plugin %s did not stop within %s s", self._name, STOP_S)
            _end_now(DID_NOT_STOP)

    @property
    def _name(self) -> str:
        return self._start.name if self._start else "?"

    def _live(self) -> None:
        if self._is_down or not self._awake.is_set() or self._kind is None or self._start is None:
            return
        start = self._start
        self._ingle = ingle = Ingle(self._peer, start.name, Path(start.folder), start.settings)
        with self._barrier(ingle):
            self._plugin = self._kind()
            self._life = asyncio.create_task(self._run(self._plugin, ingle), name=start.name)

    async def _run(self, plugin: Plugin, ingle: Ingle) -> None:
        with self._barrier(ingle):
            ingle.running()
            await plugin.run(ingle)

    @contextmanager
    def _barrier(self, ingle: Ingle) -> Iterator[None]:
        """A plugin's bug costs that plugin only, and is told without the exception's text."""
        try:
            yield
        except CannotRun as error:
            self._tell("failed", str(error))
        except IngleError as error:
            log.exception("plugin %s crashed", ingle.name)
            self._tell("crashed", f"{where_it_broke(error, ingle.folder)}: {error.message}")
        except Exception as error:
            log.exception("plugin %s crashed", ingle.name)
            self._tell("crashed", where_it_broke(error, ingle.folder))

    def _tell(self, state: str, reason: str) -> None:
        self._is_down = True
        self._peer.offer(protocol.STATE, {"state": state, "reason": reason})

    def _on_event(self, params: dict[str, Any]) -> None:
        if self._ingle is not None:
            self._ingle.take_event(params)


class Host:
    """The process: its guests and the control connection."""

    def __init__(self, stream: DescriptorStream) -> None:
        self._stream = stream
        self._guests: list[Guest] = []
        self._conversations: set[asyncio.Task[None]] = set()
        self._is_paused = False
        self._broken = asyncio.Event()
        """The connection of a guest that has not left has ended."""
        routes = {
            protocol.ADMIT: _route(self._admit, protocol.AdmitParams),
            protocol.PAUSE: _route(self._pause, protocol.NoParams),
            protocol.RESUME: _route(self._resume, protocol.NoParams),
        }
        self._control = Peer(stream, Dispatcher(routes), name="daemon")

    async def live(self) -> None:
        """Until the control socket closes or SIGTERM comes."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._control.abort)
        ends = [
            asyncio.ensure_future(self._control.run()),
            asyncio.ensure_future(self._broken.wait()),
        ]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*(guest.stop() for guest in self._guests))
        self._stream.release()

    async def admit(self, sock: socket.socket) -> None:
        """A plugin that is served from now on; the daemon says on its socket which one it is."""
        peer = Peer(await FrameStream.over(sock, protocol.HOST_LIMITS), name="daemon")
        guest = Guest(peer)
        self._guests.append(guest)
        if self._is_paused:
            await guest.pause()
        conversation = asyncio.ensure_future(self._converse(guest, peer))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)

    async def _converse(self, guest: Guest, peer: Peer) -> None:
        try:
            await peer.run()
        finally:
            if guest.has_left:
                self._guests.remove(guest)
            else:
                self._broken.set()

    async def _admit(self, params: protocol.AdmitParams) -> None:
        (number,) = self._stream.take(params.inode)
        await self.admit(socket.socket(fileno=number))

    async def _pause(self, params: protocol.NoParams) -> None:
        self._is_paused = True
        await asyncio.gather(*(guest.pause() for guest in self._guests))

    async def _resume(self, params: protocol.NoParams) -> None:
        self._is_paused = False
        await asyncio.gather(*(guest.resume() for guest in self._guests))


def _route(handler: Callable[[Any], Awaitable[Any]], params: type) -> Route:
    async def handle(bound: Any, call: Call) -> Any:
        return await handler(bound)

    return Route(handle, params)


async def serve(sockets: list[socket.socket]) -> None:
    """Live until the control socket closes or SIGTERM comes."""
    control, *guests = sockets
    host = Host(await DescriptorStream.over(control, protocol.HOST_LIMITS))
    for sock in guests:
        await host.admit(sock)
    await host.live()


def _end_now(status: int) -> None:
    """End without waiting for threads and tasks of plugins, which may never end."""
    sys.stderr.flush()
    os._exit(status)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    end_with_parent()
    sockets = inherited_sockets(os.environ)
    for sock in sockets:
        sock.set_inheritable(False)  # what a plugin starts, a viewer for example, must not hold them
    asyncio.run(_main(sockets))


async def _main(sockets: list[socket.socket]) -> None:
    await serve(sockets)
    _end_now(0)


if __name__ == "__main__":
    main()
