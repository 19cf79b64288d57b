"""The Wayland wire format: what is encoded is taken apart again, however it is cut."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.sdk.wayland import wire

WORDS = st.integers(0, 2**32 - 1)
STRINGS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


def test_a_known_message_is_encoded_as_the_specification_says() -> None:
    raw = wire.encode(2, 0, 7, "wl_seat", 1, 3)
    assert raw == struct.pack("=IIII8sII", 2, 36 - 4 << 16, 7, 8, b"wl_seat\0", 1, 3)


@given(st.lists(st.tuples(WORDS, st.integers(0, 2**16 - 1), WORDS, STRINGS, WORDS)), st.integers(1, 9))
def test_messages_survive_being_cut_anywhere(
    rows: list[tuple[int, int, int, str, int]], cut: int
) -> None:
    raw = b"".join(wire.encode(object_, opcode, a, text, b) for object_, opcode, a, text, b in rows)
    buffer, taken = bytearray(), []
    for start in range(0, len(raw), cut):
        buffer += raw[start : start + cut]
        taken += wire.take(buffer)
    assert not buffer
    assert [_told(message) for message in taken] == rows


def _told(message: wire.Message) -> tuple[int, int, int, str, int]:
    words = message.arguments
    behind = wire.after_string(words, 4)
    return (
        message.object, message.opcode, wire.number(words), wire.string(words, 4),
        wire.number(words, behind),
    )  # fmt: skip


@given(st.binary(max_size=64))
def test_anything_else_is_malformed_or_waits_for_more(raw: bytes) -> None:
    try:
        for message in wire.take(bytearray(raw)):
            wire.number(message.arguments)
            wire.string(message.arguments)
    except wire.Malformed:
        return


@pytest.mark.parametrize("size", [0, 4, 10])
def test_a_size_that_cannot_be_is_malformed(size: int) -> None:
    with pytest.raises(wire.Malformed):
        list(wire.take(bytearray(struct.pack("=II", 1, size << 16) + bytes(16))))


def test_what_is_too_long_for_a_message_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        wire.encode(1, 0, "x" * 70_000)
