"""The event streams of llama-server, however the bytes arrive."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sse import BadAnswer, EventStream

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

events = st.lists(st.fixed_dictionaries({"content": st.text(), "stop": st.booleans()}), max_size=5)


def _chunked(payload: bytes, sizes: list[int]) -> bytes:
    body = b""
    for size in sizes:
        piece, payload = payload[:size], payload[size:]
        if piece:
            body += b"%x\r\n%s\r\n" % (len(piece), piece)
    if payload:
        body += b"%X\r\n%s\r\n" % (len(payload), payload)
    return HEAD + body + b"0\r\n\r\n"


@given(
    events,
    st.lists(st.integers(1, 40), max_size=6),
    st.lists(st.integers(1, 60), max_size=20),
)
def test_events_come_out_as_they_went_in(sent: list, chunks: list[int], reads: list[int]):
    payload = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in sent)
    data = _chunked(payload, chunks)
    stream, got = EventStream(), []
    for size in reads:
        got += stream.feed(data[:size])
        data = data[size:]
    got += stream.feed(data)
    assert got == sent


def test_an_event_is_given_as_soon_as_it_is_whole():
    stream = EventStream()
    list(stream.feed(HEAD))
    assert list(stream.feed(b'c\r\ndata: {"a":1')) == []
    assert list(stream.feed(b"\r\n3\r\n}\n\n\r\n")) == [{"a": 1}]


def test_pings_and_the_closing_mark_are_no_events():
    payload = b": ping\n\ndata: 1\n\ndata: [DONE]\n\n"
    assert list(EventStream().feed(_chunked(payload, []))) == [1]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_another_answer_than_a_stream_is_an_error_that_shows_it(answer: bytes):
    with pytest.raises(BadAnswer, match=r"HTTP/1\.1"):
        list(EventStream().feed(answer))
