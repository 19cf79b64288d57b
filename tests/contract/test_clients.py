"""Both clients keep the same promises, and the scripted daemon answers as the method table says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from fakes.daemon import ANSWERS, STATUS, FakeDaemon
from ingle.client import AsyncIngle, Ingle
from ingle.errors import DaemonNotRunning, ModelTooSmall
from ingle.vocabulary import Coverage
from ingle.wire.schema import METHODS

WAIT_S = 10.0


class Client(Protocol):
    """What both can do, as coroutines."""

    async def do(self, name: str, *args: Any, **options: Any) -> Any:
        """Call a method of the client."""

    async def pieces(self, method: str, **params: Any) -> tuple[list[str], Any]:
        """The pieces of a stream, and its result."""

    async def first_event(self, topic: str, then: Callable[[], None]) -> Any:
        """Subscribe, do something, and give the first event."""


class Blocking:
    def __init__(self, path: Path) -> None:
        self._client = Ingle(path)

    async def do(self, name: str, *args: Any, **options: Any) -> Any:
        return await asyncio.to_thread(getattr(self._client, name), *args, **options)

    async def pieces(self, method: str, **params: Any) -> tuple[list[str], Any]:
        def read() -> tuple[list[str], Any]:
            stream = self._client.stream(method, **params)
            return list(stream), stream.result

        return await asyncio.to_thread(read)

    async def first_event(self, topic: str, then: Callable[[], None]) -> Any:
        def listen() -> Any:
            events = self._client.events(topic)
            then()
            return next(events)

        return await asyncio.to_thread(listen)

    async def close(self) -> None:
        self._client.close()


class Asynchronous:
    def __init__(self, path: Path) -> None:
        self._client = AsyncIngle(path)

    async def do(self, name: str, *args: Any, **options: Any) -> Any:
        return await getattr(self._client, name)(*args, **options)

    async def pieces(self, method: str, **params: Any) -> tuple[list[str], Any]:
        stream = self._client.stream(method, **params)
        return [piece async for piece in stream], await stream.result()

    async def first_event(self, topic: str, then: Callable[[], None]) -> Any:
        coming = asyncio.ensure_future(anext(self._client.events(topic)))
        await self._client.status()  # answered after the subscription, which was sent before
        then()
        return await coming

    async def close(self) -> None:
        await self._client.__aexit__(None, None, None)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    with FakeDaemon(tmp_path / "ingle.sock") as fake:
        yield fake


@pytest.fixture(params=[Blocking, Asynchronous])
async def client(request: pytest.FixtureRequest, daemon: FakeDaemon) -> AsyncIterator[Client]:
    made = request.param(daemon.path)
    if isinstance(made, Asynchronous):
        await made._client.__aenter__()
    yield made
    await made.close()


@pytest.mark.parametrize("method", sorted(ANSWERS))
def test_the_scripted_answers_have_the_published_shape(method):
    answer = ANSWERS[method]
    if not callable(answer):
        msgspec.convert(msgspec.to_builtins(answer), METHODS[method].result)


def test_every_published_method_is_scripted():
    assert set(ANSWERS) == set(METHODS)


@pytest.mark.parametrize(
    ("name", "args", "method"),
    [
        ("status", (), "daemon.status"),
        ("generate", ("hi",), "assistant.generate"),
        ("ask", ("why?", "so"), "assistant.ask"),
        ("summarize", ("text",), "skill.run"),
        ("run", ("title", "text"), "skill.run"),
        ("embed", (["text"],), "engine.embed"),
    ],
)
async def test_a_typed_result(client, name, args, method):
    assert await client.do(name, *args) == ANSWERS[method]


async def test_tokens_are_numbers(client):
    assert await client.do("tokenize", "hi") == [1, 2, 3]


async def test_any_method_as_plain_json(client):
    assert (await client.do("call", "daemon.status"))["pid"] == STATUS.pid


async def test_a_stream_and_its_result(client, daemon):
    daemon.deltas["skill.run"] = [Coverage(read=61, total=100, parts=2), "a", "b", "c"]
    pieces, result = await client.pieces("skill.run", skill="summarize", text="x")
    assert (pieces, result["title"]) == (["a", "b", "c"], "A warm hearth")


async def test_an_error_is_what_the_daemon_raised(client, daemon):
    daemon.answers["skill.run"] = ModelTooSmall("too small", "pull another")
    with pytest.raises(ModelTooSmall) as raised:
        await client.do("summarize", "text")
    assert raised.value.hint == "pull another"
    assert (await client.do("status")) == STATUS


async def test_an_event(client, daemon):
    async with asyncio.timeout(WAIT_S):
        event = await client.first_event("skill", lambda: daemon.publish("skill", "done", {"n": 1}))
    assert event == ("skill", "done", {"n": 1})


@pytest.mark.parametrize("kind", [Ingle, AsyncIngle])
async def test_no_daemon(tmp_path, kind):
    with pytest.raises(DaemonNotRunning):
        if kind is Ingle:
            Ingle(tmp_path / "nobody")
        else:
            await AsyncIngle(tmp_path / "nobody").__aenter__()
