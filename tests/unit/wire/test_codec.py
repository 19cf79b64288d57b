"""Strict JSON: what is not valid is a ParseError and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.errors import ParseError
from ingle.wire import codec

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_a_value_survives_the_wire_on_one_line(value: object) -> None:
    frame = codec.encode(value)
    assert frame.endswith(b"\n")
    assert frame.count(b"\n") == 1
    assert codec.decode(frame) == value


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_parse_error(data: bytes) -> None:
    try:
        codec.decode(data)
    except ParseError:
        with pytest.raises(ValueError):  # noqa: PT011 - the standard library must refuse it too
            json.loads(data.decode("utf-8"), parse_constant=lambda name: int(name))


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"nul", b"NaN", b"[1,]", b'{"a":1}}', b'"\xff\xfe"', b"\xff", b"[" * 200_000, b'{"a":' * 100_000,
     b'"\\ud800"', b"'a'", b"1 2"],
)  # fmt: skip
def test_what_is_not_json_is_a_parse_error(line: bytes) -> None:
    with pytest.raises(ParseError):
        codec.decode(line)


def test_a_huge_integer_does_no_harm() -> None:
    try:
        codec.decode(b"9" * 5000)
    except ParseError:
        return
