"""Bytes to frames: one message per line. Sans-I/O: it is fed chunks and gives lines.

It knows nothing of JSON. A frame over the limit ends the stream, since resynchronising would
mean reading on for as long as the other side likes.
"""

from collections.abc import Iterator

from ingle.errors import FrameTooLong


class LineFramer:
    """Cuts a byte stream at newlines; a carriage return before one belongs to the line end."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._tail = bytearray()

    @property
    def is_inside_frame(self) -> bool:
        """Whether a frame was begun and its end is still missing."""
        return bool(self._tail)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Give every line that `chunk` completes; blank lines are skipped.

        Raises `FrameTooLong` once a line, whole or not, has more than `max_bytes` bytes.
        """
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            self._grow(piece)
            line = bytes(self._tail).rstrip(b"\r")
            self._tail.clear()
            if line.strip():
                yield line
        self._grow(rest)

    def _grow(self, piece: bytes) -> None:
        if len(self._tail) + len(piece) > self._max_bytes:
            self._tail.clear()
            raise FrameTooLong(f"a message may have {self._max_bytes} bytes at most")
        self._tail += piece
