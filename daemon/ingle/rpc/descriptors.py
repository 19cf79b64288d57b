"""A connection over which open descriptors arrive beside the bytes (SCM_RIGHTS, unix(7)).

asyncio's streams read without them, and the kernel then closes what was sent. So this stream
reads by itself, and leaves only the writing to asyncio.
"""

import array
import asyncio
import collections
import os
import socket
from contextlib import suppress
from typing import Self

from ingle.errors import ConnectionLost
from ingle.rpc.streams import READ_BYTES, FrameStream, StreamLimits

MOST_IN_A_FRAME = 64
"""The kernel allows 253; no request here comes with so many."""


class DescriptorStream(FrameStream):
    """As `FrameStream`; what came with a frame waits until it is taken.

    Whoever made it calls `release` in the end.
    """

    _incoming: socket.socket

    @classmethod
    async def over(cls, sock: socket.socket, limits: StreamLimits) -> Self:
        """Wrap a connected Unix socket on which the other side has not been asked for anything yet."""
        incoming = sock.dup()
        reader, writer = await asyncio.open_unix_connection(sock=sock, limit=READ_BYTES)
        writer.transport.pause_reading()  # type: ignore[attr-defined] # a duplex transport
        stream = cls(reader, writer, limits)
        stream._incoming, stream._arrived = incoming, collections.deque()
        return stream

    _arrived: collections.deque[list[int]]

    def take(self, inode: int) -> list[int]:
        """Those that came together, the last of which has this inode; the caller owns them.

        A request that is cancelled at once never takes its own: what came before is closed.
        Raises `ConnectionLost` when there are none.
        """
        while self._arrived:
            together = self._arrived.popleft()
            if os.fstat(together[-1]).st_ino == inode:
                return together
            _close(together)
        raise ConnectionLost("descriptors were announced and did not come")

    def release(self) -> None:
        """Close what was not taken."""
        self._incoming.close()
        while self._arrived:
            _close(self._arrived.popleft())

    async def _read(self, deadline: float | None) -> bytes:
        async with asyncio.timeout_at(deadline):
            while True:
                try:
                    return self._receive()
                except BlockingIOError:
                    await self._is_readable()
                except OSError:
                    return b""

    def _receive(self) -> bytes:
        numbers = array.array("i")
        space = socket.CMSG_SPACE(MOST_IN_A_FRAME * numbers.itemsize)
        data, messages, _, _ = self._incoming.recvmsg(READ_BYTES, space, socket.MSG_CMSG_CLOEXEC)
        for level, kind, content in messages:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
        if numbers:
            self._arrived.append(numbers.tolist())  # the kernel never joins two messages that have some
        return data

    async def _is_readable(self) -> None:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._incoming, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._incoming)

    def abort(self) -> None:
        """As in `FrameStream`; the reading ends too."""
        super().abort()
        with suppress(OSError):
            self._incoming.shutdown(socket.SHUT_RDWR)


def _close(numbers: list[int]) -> None:
    for number in numbers:
        os.close(number)
