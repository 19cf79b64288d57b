"""A word when sockets appear and vanish, also when nobody listens on them yet."""

import asyncio
import errno
import socket
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ingle.plughost import watch
from ingle.plughost.facilities import listens
from ingle.plughost.watch import Watch

PATIENCE_S = 20


class Heard:
    """Looks at what has come about whenever there is a word, and only then."""

    def __init__(self, run: Path) -> None:
        self._news, self._run = asyncio.Event(), run
        self.watch = Watch({"XDG_RUNTIME_DIR": str(run)}, self._news.set)

    async def of(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await self._news.wait()
                self._news.clear()
                if is_so():
                    return

    def follows(self) -> bool:
        return self._run in self.watch._folders


@pytest.fixture
async def heard(tmp_path: Path) -> AsyncIterator[Heard]:
    """A watch on the bus of the runtime directory `tmp_path / "run"`, which is not there yet."""
    told = Heard(tmp_path / "run")
    told.watch.look()
    told.watch.look()
    yield told
    told.watch.rest()
    told.watch.rest()


def made(path: Path) -> socket.socket:
    """A socket on which nobody listens."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    return server


async def test_a_socket_is_told_of_when_it_comes_and_when_it_goes(heard: Heard, tmp_path: Path) -> None:
    run = tmp_path / "run"
    for _ in range(3):
        run.mkdir()
        await heard.of(heard.follows)
        with made(run / "bus") as bus:
            bus.listen()
            await heard.of(lambda: listens(run / "bus"))
        (run / "bus").unlink()
        await heard.of(lambda: not (run / "bus").exists())
        run.rmdir()
        await heard.of(lambda: not heard.follows())


async def test_a_server_that_listens_late_is_noticed(heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    await heard.of(heard.follows)
    with made(tmp_path / "run/bus") as bus:
        await heard.of((tmp_path / "run/bus").exists)
        bus.listen()
        await heard.of(lambda: listens(tmp_path / "run/bus"))


async def test_without_inotify_it_looks_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> None:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr(watch, "Observer", none_left)
    (tmp_path / "run").mkdir()
    told = Heard(tmp_path / "run")
    told.watch.look()
    with made(tmp_path / "run/bus") as bus:
        bus.listen()
        await told.of(lambda: listens(tmp_path / "run/bus"))
    await told.of(lambda: not listens(tmp_path / "run/bus"))
    told.watch.rest()


async def test_at_rest_there_is_no_thread(tmp_path: Path) -> None:
    before = threading.enumerate()
    looking = Watch({"XDG_RUNTIME_DIR": str(tmp_path)}, lambda: None)
    looking.look()
    started = [each for each in threading.enumerate() if each not in before]
    assert started
    looking.rest()
    for thread in started:
        await asyncio.to_thread(thread.join, PATIENCE_S)
        assert not thread.is_alive()
