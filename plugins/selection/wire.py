"""Wayland's wire format: messages to bytes and back. Pure, but for the descriptors it carries along."""

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = 8
Argument = int | str | bytes


@dataclass(frozen=True)
class Message:
    """What the compositor says to one of our objects."""

    target: int
    opcode: int
    body: bytes

    def arguments(self, kinds: str) -> list[int | str]:
        """The arguments by kind: `u` a number or an object, `s` a string."""
        found: list[int | str] = []
        at = 0
        for kind in kinds:
            (number,) = struct.unpack_from("=I", self.body, at)
            at += 4
            if kind == "s":
                found.append(self.body[at : at + max(0, number - 1)].decode("utf-8", "replace"))
                at += -(-number // 4) * 4
            else:
                found.append(number)
        return found


def pack(target: int, opcode: int, *arguments: int | str) -> bytes:
    """One request; descriptors travel beside it."""
    body = b"".join(map(_packed, arguments))
    return struct.pack("=II", target, (HEADER + len(body)) << 16 | opcode) + body


def _packed(argument: int | str) -> bytes:
    if isinstance(argument, int):
        return struct.pack("=I", argument)
    raw = argument.encode() + b"\0"
    return struct.pack("=I", len(raw)) + raw + b"\0" * (-len(raw) % 4)


class Unpacker:
    """Bytes in any portions to whole messages; descriptors wait until somebody takes them."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.descriptors: deque[int] = deque()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Raises `ValueError` for a message that cannot be one."""
        self._buffer += data
        while len(self._buffer) >= HEADER:
            target, word = struct.unpack_from("=II", self._buffer)
            size = word >> 16
            if size < HEADER:
                raise ValueError("a message without its header")
            if len(self._buffer) < size:
                return
            body = bytes(self._buffer[HEADER:size])
            del self._buffer[:size]
            yield Message(target, word & 0xFFFF, body)
