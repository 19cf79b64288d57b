"""The Wayland wire format: messages of 32-bit words to bytes and back. Pure.

A message is the object's id, its size and opcode in one word, and its arguments; strings and
arrays are padded to whole words. Descriptors travel beside the bytes (wayland.freedesktop.org,
"Wire Format").
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = struct.Struct("=II")
WORD = struct.Struct("=I")
MOST_BYTES = 0xFFFC
"""The size of a message has 16 bits."""


class Malformed(Exception):
    """These bytes are no Wayland messages."""


@dataclass(frozen=True)
class Message:
    """An event or a request; `arguments` are still bytes, as only the object knows their types."""

    object: int
    opcode: int
    arguments: bytes


def encode(object_: int, opcode: int, *arguments: int | str) -> bytes:
    """One message; a number is any argument of one word, object and new ids included."""
    body = b"".join(_encoded(argument) for argument in arguments)
    size = HEADER.size + len(body)
    if size > MOST_BYTES:
        raise ValueError("too long for a Wayland message")
    return HEADER.pack(object_, size << 16 | opcode) + body


def _encoded(argument: int | str) -> bytes:
    if isinstance(argument, int):
        return WORD.pack(argument)
    raw = argument.encode() + b"\0"
    return WORD.pack(len(raw)) + raw + bytes(-len(raw) % WORD.size)


def take(buffer: bytearray) -> Iterator[Message]:
    """Remove every whole message from `buffer`. Raises `Malformed`."""
    while len(buffer) >= HEADER.size:
        object_, word = HEADER.unpack_from(buffer)
        size, opcode = word >> 16, word & 0xFFFF
        if size < HEADER.size or size % WORD.size:
            raise Malformed(f"a message of {size} bytes")
        if len(buffer) < size:
            return
        arguments = bytes(buffer[HEADER.size : size])
        del buffer[:size]
        yield Message(object_, opcode, arguments)


def number(arguments: bytes, at: int = 0) -> int:
    """The word at byte `at`. Raises `Malformed`."""
    if len(arguments) < at + WORD.size:
        raise Malformed("a word is missing")
    return int(WORD.unpack_from(arguments, at)[0])


def string(arguments: bytes, at: int = 0) -> str:
    """The string at byte `at`. Raises `Malformed`."""
    length = number(arguments, at)
    start = at + WORD.size
    if not 0 < length <= len(arguments) - start:
        raise Malformed("a string is cut off")
    return arguments[start : start + length - 1].decode("utf-8", "replace")


def after_string(arguments: bytes, at: int = 0) -> int:
    """Where the argument behind the string at byte `at` begins."""
    length = number(arguments, at)
    return at + WORD.size + length + (-length % WORD.size)
