"""`AsyncIngle` against a scripted daemon on a real socket."""

import asyncio

import pytest

from fakes.daemon import STATUS, SUMMARY
from ingle.client import AsyncIngle
from ingle.errors import ConnectionLost, DaemonNotRunning, ModelTooSmall
from ingle.vocabulary import Coverage

WAIT_S = 10.0


async def test_typed_results(daemon):
    async with AsyncIngle(daemon.path) as ingle:
        status, summary, answer, text, tokens = await asyncio.gather(
            ingle.status(),
            ingle.summarize("long text"),
            ingle.ask("when?", "on Friday"),
            ingle.generate("hi", seed=1),
            ingle.tokenize("hi"),
        )
    assert (status, summary, tokens) == (STATUS, SUMMARY, [1, 2, 3])
    assert (answer.answer, text.text) == ("On Friday.", "Hello.")


async def test_a_stream_gives_pieces_and_then_the_result(daemon):
    daemon.deltas["assistant.generate"] = [Coverage(read=61, total=100, parts=2), "Hel", "lo."]
    async with AsyncIngle(daemon.path) as ingle:
        stream = ingle.stream("assistant.generate", prompt="hi")
        assert [piece async for piece in stream] == ["Hel", "lo."]
        assert (await stream.result())["text"] == "Hello."


async def test_pieces_go_to_a_callback(daemon):
    daemon.deltas["skill.run"] = [Coverage(read=61, total=100, parts=2), "a", "b"]
    pieces: list[str] = []
    async with AsyncIngle(daemon.path) as ingle:
        await ingle.run("summarize", "text", pieces.append)
    assert pieces == ["a", "b"]


async def test_the_daemons_error_is_raised_as_what_it_is(daemon):
    daemon.answers["skill.run"] = ModelTooSmall("too small", "pull another")
    async with AsyncIngle(daemon.path) as ingle:
        with pytest.raises(ModelTooSmall):
            await ingle.summarize("text")
        stream = ingle.stream("skill.run", skill="summarize", text="x")
        with pytest.raises(ModelTooSmall):
            await stream.result()
        await stream.aclose()


async def test_what_the_block_raises_leaves_it_unchanged(daemon):
    with pytest.raises(KeyError):
        async with AsyncIngle(daemon.path):
            raise KeyError("mine")


async def test_a_cancelled_wait_cancels_in_the_engine(daemon):
    daemon.hold.add("skill.run")
    async with AsyncIngle(daemon.path) as ingle:
        stream = ingle.stream("skill.run", skill="summarize", text="x")
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.to_thread(daemon.held.wait, WAIT_S)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await asyncio.to_thread(daemon.cancelled.wait, WAIT_S)
        assert await ingle.status() == STATUS


async def test_a_closed_stream_is_cancelled_in_the_engine(daemon):
    daemon.hold.add("skill.run")
    async with AsyncIngle(daemon.path) as ingle:
        stream = ingle.stream("skill.run", skill="summarize", text="x")
        await asyncio.to_thread(daemon.held.wait, WAIT_S)
        await stream.aclose()
        assert await asyncio.to_thread(daemon.cancelled.wait, WAIT_S)


async def test_events_come_until_the_connection_ends(daemon):
    async with AsyncIngle(daemon.path) as ingle:
        events = ingle.events("skill")
        coming = asyncio.ensure_future(anext(events))
        await ingle.status()
        daemon.publish("skill", "summary.ready", {"text": "one"})
        async with asyncio.timeout(WAIT_S):
            assert (await coming).data == {"text": "one"}
            daemon.drop()
            with pytest.raises(ConnectionLost):
                await anext(events)


async def test_no_daemon_is_an_error_with_a_next_step(tmp_path):
    with pytest.raises(DaemonNotRunning, match="not running"):
        async with AsyncIngle(tmp_path / "nobody.sock"):
            pass


async def test_a_client_that_was_not_entered_says_how(tmp_path):
    with pytest.raises(ConnectionLost) as raised:
        await AsyncIngle(tmp_path / "s").status()
    assert "async with" in raised.value.hint
