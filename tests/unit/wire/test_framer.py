"""Framing is a function of the bytes alone, however they arrive."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.errors import FrameTooLong
from ingle.wire.framer import LineFramer

LINES = st.lists(
    st.binary(min_size=1, max_size=40).filter(
        lambda line: b"\n" not in line and line.strip(b"\r \t\f\v")
    )
)


@given(lines=LINES, cuts=st.lists(st.integers(0, 500)))
def test_frames_do_not_depend_on_how_the_stream_was_cut(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    framer = LineFramer(max_bytes=100)
    got = [frame for a, b in itertools.pairwise(edges) for frame in framer.feed(stream[a:b])]
    assert got == [line.rstrip(b"\r") for line in lines]
    assert not framer.is_inside_frame


def test_an_unfinished_frame_is_kept_and_told() -> None:
    framer = LineFramer(100)
    assert list(framer.feed(b'{"a"')) == []
    assert framer.is_inside_frame
    assert list(framer.feed(b": 1}\r\n\n  \n")) == [b'{"a": 1}']


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 6, b"x" * 6], [b"x" * 11 + b"\n"]])
def test_a_line_over_the_limit_is_refused_before_its_end_is_seen(chunks: list[bytes]) -> None:
    framer = LineFramer(10)
    with pytest.raises(FrameTooLong):
        for chunk in chunks:
            list(framer.feed(chunk))


def test_a_line_of_exactly_the_limit_passes() -> None:
    assert list(LineFramer(10).feed(b"x" * 10 + b"\n")) == [b"x" * 10]
