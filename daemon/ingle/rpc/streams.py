"""Frames over an asyncio stream: reading with a deadline a frame, writing with a deadline a write.

It knows framing and time, not JSON-RPC. A peer that never finishes a frame or never reads is
ended here, so that nothing above can grow on its account.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from ingle.errors import ConnectionLost
from ingle.wire.framer import LineFramer

READ_BYTES = 64 * 1024


@dataclass(frozen=True)
class StreamLimits:
    """What one connection may take; the defaults are those of `config.LimitsConfig`."""

    frame_bytes: int = 1024 * 1024
    frame_deadline_s: float | None = 10.0
    write_deadline_s: float = 10.0


class FrameStream:
    """One duplex connection cut into frames; exactly one task reads, any number may write."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: StreamLimits
    ) -> None:
        self._reader, self._writer, self._limits = reader, writer, limits
        self._framer = LineFramer(limits.frame_bytes)

    @classmethod
    async def over(cls, sock: socket.socket, limits: StreamLimits) -> "FrameStream":
        """Wrap a connected Unix socket; the stream owns it from then on."""
        reader, writer = await asyncio.open_unix_connection(sock=sock, limit=READ_BYTES)
        return cls(reader, writer, limits)

    async def frames(self) -> AsyncIterator[bytes]:
        """Give frames until the other side closes.

        Raises `FrameTooLong`, and `TimeoutError` for a frame that was begun and not finished.
        """
        deadline: float | None = None
        while chunk := await self._read(deadline):
            was_inside = self._framer.is_inside_frame
            for frame in self._framer.feed(chunk):
                was_inside = False
                yield frame
            deadline = self._next_deadline(deadline, was_inside)

    def _next_deadline(self, current: float | None, same_frame: bool) -> float | None:
        allowed = self._limits.frame_deadline_s
        if not self._framer.is_inside_frame or allowed is None:
            return None
        return current if same_frame else asyncio.get_running_loop().time() + allowed

    async def _read(self, deadline: float | None) -> bytes:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._reader.read(READ_BYTES)
        except ConnectionError:
            return b""

    async def write(self, frame: bytes) -> None:
        """Send a frame; waits while the other side is slow, then drops it.

        Raises `ConnectionLost`.
        """
        if self._writer.is_closing():
            raise ConnectionLost("the connection is closed")
        self._writer.write(frame)
        try:
            async with asyncio.timeout(self._limits.write_deadline_s):
                await self._writer.drain()
        except TimeoutError:
            self.abort()
            raise ConnectionLost("the other side does not read") from None
        except ConnectionError:
            raise ConnectionLost("the other side is gone") from None

    async def write_with(self, frame: bytes, descriptors: Sequence[int]) -> None:
        """Send a short frame, and with its bytes copies of open descriptors (SCM_RIGHTS, unix(7)).

        Raises `ConnectionLost`.
        """
        self._writer.transport.set_write_buffer_limits(high=0)
        await self.write(b"")
        while self.backlog:  # somebody else has written meanwhile; the order is that of the bytes
            await self.write(b"")
        try:
            with self._writer.get_extra_info("socket").dup() as sock:
                sent = socket.send_fds(sock, [frame], descriptors)
        except BlockingIOError:
            self.abort()
            raise ConnectionLost("the other side does not read") from None
        except OSError:
            raise ConnectionLost("the other side is gone") from None
        self.write_soon(frame[sent:])

    def write_soon(self, frame: bytes) -> None:
        """Send a frame without waiting: for small courtesies while being cancelled."""
        if not self._writer.is_closing():
            self._writer.write(frame)

    @property
    def backlog(self) -> int:
        """Bytes written that the other side has not taken."""
        return self._writer.transport.get_write_buffer_size()

    def abort(self) -> None:
        """Close at once and forget what was not sent."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Send what is left, for as long as a write may take, and close; also when cancelled
        (as in `procs.child`, no `asyncio.timeout`)."""
        self._writer.close()
        closed = asyncio.ensure_future(self._writer.wait_closed())
        closed.add_done_callback(_retrieve)
        await asyncio.wait([closed], timeout=self._limits.write_deadline_s)
        if not closed.done():
            self.abort()


def _retrieve(closed: "asyncio.Future[None]") -> None:
    """A connection that broke while it was closed is closed."""
    if not closed.cancelled():
        closed.exception()
