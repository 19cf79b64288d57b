"""A connection's promises: every request ends once, whatever happens around it."""

import asyncio
import json
import socket
from typing import Any

import pytest

from fakes.connected import pair, served
from ingle.errors import Busy, ConnectionLost, EngineUnavailable, IngleError, MethodNotFound
from ingle.rpc.dispatcher import Call, Dispatcher, Route
from ingle.rpc.streams import StreamLimits
from ingle.vocabulary import Coverage
from ingle.wire import codes
from ingle.wire.calls.base import NoParams, Params


class EchoParams(Params, frozen=True):
    text: str = ""


class Scene:
    """Handlers whose progress a test can wait for."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def echo(self, params: EchoParams, call: Call) -> dict[str, str]:
        await call.delta("one ")
        await call.delta("two")
        return {"text": params.text}

    async def read(self, _: NoParams, call: Call) -> None:
        await call.delta("", Coverage(read=61, total=100, parts=2))
        await call.delta("")
        await call.delta("one ")
        await call.delta("two", Coverage(read=62, total=100, parts=2))

    async def lie(self, _: NoParams, call: Call) -> None:
        for coverage in ("most of it", {"read": "61"}, None):
            params = {"id": call.id, "text": "a", "coverage": coverage}
            await call.caller.notify(codes.DELTA, params)

    async def hang(self, _: NoParams, call: Call) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()

    async def bug(self, _: NoParams, call: Call) -> None:
        raise RuntimeError("the person's secret text")

    def dispatcher(self) -> Dispatcher:
        return Dispatcher(
            {
                "echo": Route(self.echo, EchoParams),
                "read": Route(self.read, NoParams),
                "lie": Route(self.lie, NoParams),
                "hang": Route(self.hang, NoParams),
                "bug": Route(self.bug, NoParams),
            }
        )


async def receive(raw: socket.socket) -> Any:
    """The next frame on a raw connection, decoded; b"" at its end."""
    data = b""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(5):
        while not data.endswith(b"\n"):
            chunk = await loop.sock_recv(raw, 65536)
            if not chunk:
                return b""
            data += chunk
    return [json.loads(line) for line in data.splitlines()]


async def send(raw: socket.socket, *messages: object) -> None:
    data = b"".join(m if isinstance(m, bytes) else json.dumps(m).encode() + b"\n" for m in messages)
    await asyncio.get_running_loop().sock_sendall(raw, data)


async def test_deltas_come_in_order_and_before_the_result() -> None:
    pieces: list[str] = []
    async with pair(Scene().dispatcher()) as (_, client):
        result = await client.call("echo", {"text": "hi"}, on_delta=pieces.append)
    assert (pieces, result) == (["one ", "two"], {"text": "hi"})


async def test_how_much_is_read_comes_beside_the_pieces_and_is_none() -> None:
    heard: list[Any] = []
    async with pair(Scene().dispatcher()) as (_, client):
        await client.call("read", on_delta=heard.append, on_coverage=heard.append)
        first, one, second, two = heard
        assert (one, two) == ("one ", "two")
        assert (first.read, first.total, second.read) == (61, 100, 62)
        pieces: list[str] = []
        await client.call("read", on_delta=pieces.append)
        assert pieces == ["one ", "two"]
        await client.call("read", on_coverage=heard.append)
        assert [each.read for each in heard[4:]] == [61, 62]


async def test_a_coverage_that_is_none_costs_nothing() -> None:
    pieces: list[str] = []
    covered: list[Coverage] = []
    async with pair(Scene().dispatcher()) as (_, client):
        await client.call("lie", on_delta=pieces.append, on_coverage=covered.append)
    assert (pieces, covered) == (["a", "a", "a"], [])


async def test_a_cancelled_request_stops_its_handler_and_is_answered_cancelled() -> None:
    scene = Scene()
    async with served(scene.dispatcher()) as (_, raw):
        await send(raw, {"jsonrpc": "2.0", "id": "a", "method": "hang"})
        await scene.started.wait()
        await send(raw, {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "a"}})
        [answer] = await receive(raw)
    assert (answer["id"], answer["error"]["code"]) == ("a", -32800)
    assert scene.cancelled.is_set()


async def test_cancelling_the_caller_cancels_the_request_on_the_other_side() -> None:
    scene = Scene()
    async with pair(scene.dispatcher()) as (_, client):
        call = asyncio.create_task(client.call("hang"))
        await scene.started.wait()
        call.cancel()
        async with asyncio.timeout(5):
            await scene.cancelled.wait()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_a_closed_connection_cancels_its_requests() -> None:
    scene = Scene()
    async with served(scene.dispatcher()) as (_, raw):
        await send(raw, {"jsonrpc": "2.0", "id": 1, "method": "hang"})
        await scene.started.wait()
        raw.shutdown(socket.SHUT_RDWR)
        async with asyncio.timeout(5):
            await scene.cancelled.wait()


async def test_a_call_fails_when_the_connection_is_lost() -> None:
    scene = Scene()
    async with pair(scene.dispatcher()) as (server, client):
        call = asyncio.create_task(client.call("hang"))
        await scene.started.wait()
        server.abort()
        with pytest.raises(ConnectionLost):
            await call
        with pytest.raises(ConnectionLost):
            await client.call("echo")


async def test_requests_can_be_ended_with_an_error_of_ours() -> None:
    scene = Scene()
    async with pair(scene.dispatcher()) as (server, client):
        call = asyncio.create_task(client.call("hang"))
        await scene.started.wait()
        server.end_requests(EngineUnavailable("ingle is stopping"))
        with pytest.raises(EngineUnavailable, match="stopping"):
            await call


async def test_a_bug_leaves_as_an_id_and_not_a_word_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async with pair(Scene().dispatcher()) as (_, client):
        with pytest.raises(IngleError) as caught:
            await client.call("bug")
    mark = caught.value.message.removeprefix("internal error ")
    assert caught.value.code == -32603
    assert "secret" not in caught.value.message + caught.value.hint
    assert mark in caplog.text


async def test_errors_of_ours_keep_their_type_message_and_hint() -> None:
    async with pair(Scene().dispatcher()) as (_, client):
        with pytest.raises(MethodNotFound, match="nope") as caught:
            await client.call("nope")
    assert "rpc.discover" in caught.value.hint


async def test_two_requests_with_one_id_and_one_too_many_are_refused() -> None:
    scene = Scene()
    async with served(scene.dispatcher(), max_requests=2) as (_, raw):
        await send(raw, {"jsonrpc": "2.0", "id": 1, "method": "hang"})
        await scene.started.wait()
        await send(raw, {"jsonrpc": "2.0", "id": 1, "method": "echo"})
        [doubled] = await receive(raw)
        assert doubled["error"]["code"] == -32600
        await send(raw, {"jsonrpc": "2.0", "id": 2, "method": "hang"})
        await send(raw, {"jsonrpc": "2.0", "id": 3, "method": "echo"})
        [refused] = await receive(raw)
        assert refused["error"]["code"] == Busy.code


async def test_an_oversized_frame_gets_one_error_and_the_end() -> None:
    limits = StreamLimits(frame_bytes=100)
    async with served(Scene().dispatcher(), limits) as (_, raw):
        await send(raw, b"x" * 200)
        [answer] = await receive(raw)
        assert (answer["error"]["code"], answer["id"]) == (-32600, None)
        assert await receive(raw) == b""


async def test_a_frame_that_is_never_finished_ends_the_connection() -> None:
    limits = StreamLimits(frame_deadline_s=0.05)
    async with served(Scene().dispatcher(), limits) as (_, raw):
        await send(raw, b'{"jsonrpc"')
        assert await receive(raw) == b""


async def test_whole_frames_keep_an_idle_connection_open_past_the_frame_deadline() -> None:
    limits = StreamLimits(frame_deadline_s=0.05)
    async with served(Scene().dispatcher(), limits) as (peer, raw):
        await send(raw, {"jsonrpc": "2.0", "id": 1, "method": "echo"}, b'{"jsonrpc":"2.0","id":2,')
        await receive(raw)
        await send(raw, b'"method":"echo"}\n')
        answers = await receive(raw)
        assert answers[-1]["id"] == 2
        assert peer.in_flight == 0


async def test_a_subscriber_that_does_not_read_is_dropped_and_the_daemon_does_not_grow() -> None:
    async with served(Scene().dispatcher()) as (peer, _):
        offers = 0
        while peer.offer("$/event", {"data": "x" * 100_000}):
            offers += 1
            assert offers < 1000
        assert peer.stream.backlog < 6 * 1024 * 1024


async def test_a_reader_that_is_too_slow_for_a_response_is_dropped() -> None:
    async def big(_: NoParams, call: Call) -> str:
        return "x" * 20_000_000

    limits = StreamLimits(write_deadline_s=0.05)
    async with served(Dispatcher({"big": Route(big, NoParams)}), limits) as (peer, raw):
        closed = asyncio.Event()
        peer.on_close(closed.set)
        await send(raw, {"jsonrpc": "2.0", "id": 1, "method": "big"})
        async with asyncio.timeout(5):
            await closed.wait()


async def test_events_reach_the_callback() -> None:
    async with served(Dispatcher()) as (peer, raw):
        got = asyncio.get_running_loop().create_future()
        peer.on_event = got.set_result
        await send(raw, {"jsonrpc": "2.0", "method": "$/event", "params": {"topic": "skill"}})
        async with asyncio.timeout(5):
            assert await got == {"topic": "skill"}


async def test_a_flood_of_notifications_starts_no_more_work_than_is_allowed() -> None:
    scene = Scene()
    async with served(scene.dispatcher(), max_requests=2) as (peer, raw):
        await send(raw, *[{"jsonrpc": "2.0", "method": "hang"}] * 50)
        await send(raw, {"jsonrpc": "2.0", "id": 1, "method": "no such"})
        [answer] = await receive(raw)
        assert answer["error"]["code"] in {Busy.code, -32601}
        assert peer.in_flight <= 2
