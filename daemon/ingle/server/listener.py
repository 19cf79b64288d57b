"""Accepts connections: credentials first, then a place, then a peer of its own for each.

A stranger's connection is closed without a byte read. Running out of file descriptors pauses
accepting; it never ends it.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from contextlib import suppress

from ingle.config import LimitsConfig
from ingle.errors import Busy, IngleError
from ingle.rpc.dispatcher import Dispatcher
from ingle.rpc.peer import Peer
from ingle.rpc.streams import FrameStream, StreamLimits
from ingle.server import credentials
from ingle.wire import codec
from ingle.wire.messages import as_json, failure_of

log = logging.getLogger(__name__)

OVERLOADED = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
"""The machine is short of something; connections wait in the backlog meanwhile."""
PAUSE_S = 0.2


class Listener:
    """The server half of the socket: `run` accepts, `drain` says goodbye."""

    def __init__(
        self,
        server: socket.socket,
        dispatcher: Dispatcher,
        limits: LimitsConfig,
        identify: Callable[[socket.socket], credentials.Credentials] = credentials.of,
    ) -> None:
        self._server, self._dispatcher, self._limits = server, dispatcher, limits
        self._identify = identify
        self._peers: set[Peer] = set()

    async def run(self) -> None:
        """Accept until cancelled; every connection ends with it."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    connection, _ = await loop.sock_accept(self._server)
                except OSError as error:
                    if error.errno not in OVERLOADED:
                        raise
                    log.warning("not accepting for a moment: %s", error.strerror)
                    await asyncio.sleep(PAUSE_S)
                    continue
                self._welcome(connection, group)

    def _welcome(self, connection: socket.socket, group: asyncio.TaskGroup) -> None:
        try:
            who = self._identify(connection)
        except OSError:
            connection.close()
            return
        if not who.is_allowed:
            log.warning("turned away: uid %d, pid %d", who.uid, who.pid)
            connection.close()
        elif len(self._peers) >= self._limits.connections:
            _refuse(connection, Busy(f"{self._limits.connections} connections are open"))
        else:
            group.create_task(self._serve(connection, f"pid {who.pid}"))

    async def _serve(self, connection: socket.socket, name: str) -> None:
        limits = StreamLimits(
            self._limits.frame_bytes, self._limits.frame_deadline_s, self._limits.write_deadline_s
        )
        peer = Peer(
            await FrameStream.over(connection, limits),
            self._dispatcher,
            name,
            max_requests=self._limits.requests_per_connection,
        )
        self._peers.add(peer)
        try:
            await peer.run()
        except Exception:  # the barrier: one connection's bug must not end the others
            log.exception("bug in the connection of %s", name)
        finally:
            self._peers.discard(peer)

    async def drained(self) -> None:
        """Wait until no request is in flight and every answer is written."""
        while self.in_flight:
            await asyncio.wait([each for peer in self._peers for each in peer.tasks()])

    def end_requests(self, error: IngleError) -> None:
        """End every request in flight with `error`; the connections stay."""
        for peer in self._peers:
            peer.end_requests(error)

    @property
    def in_flight(self) -> int:
        return sum(peer.in_flight for peer in self._peers)


def _refuse(connection: socket.socket, error: IngleError) -> None:
    connection.setblocking(False)
    with connection, suppress(OSError):
        connection.send(codec.encode(as_json(failure_of(None, error))))
