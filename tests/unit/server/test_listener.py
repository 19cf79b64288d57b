"""Strangers are closed unread; a full house answers busy; a bug ends one connection."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ingle.config import LimitsConfig
from ingle.rpc.dispatcher import Call, Dispatcher, Route
from ingle.server import credentials
from ingle.server.credentials import Credentials
from ingle.server.listener import Listener
from ingle.server.socket import listening
from ingle.wire.calls.base import NoParams

OTHER_UID = os.getuid() + 12345
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'


async def ping(_: NoParams, call: Call) -> str:
    return call.caller.name


@asynccontextmanager
async def listener(path: Path, identify=credentials.of, **limits: int) -> AsyncIterator[Listener]:  # type: ignore[no-untyped-def]
    with listening(path) as server:
        serving = Listener(
            server, Dispatcher({"ping": Route(ping, NoParams)}), LimitsConfig(**limits), identify
        )
        task = asyncio.create_task(serving.run())
        yield serving
        task.cancel()
        await asyncio.wait([task])


async def connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(path)


@pytest.fixture
def path(private_dirs: Path) -> Path:
    return private_dirs / "runtime_dir/ingle/ingle.sock"


async def test_a_caller_is_known_by_its_pid(path: Path) -> None:
    async with listener(path):
        reader, writer = await connect(path)
        writer.write(PING)
        assert json.loads(await reader.readline())["result"] == f"pid {os.getpid()}"
        writer.close()


async def test_another_users_connection_is_closed_without_an_answer(path: Path) -> None:
    async with listener(path, identify=lambda _: Credentials(1, OTHER_UID, 1)):
        reader, writer = await connect(path)
        writer.write(PING)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_the_kernels_word_counts_even_where_the_file_mode_allows_it(path: Path) -> None:
    async with listener(path):
        for file in (path, path.parent, path.parent.parent, path.parent.parent.parent):
            file.chmod(0o777)
        program = f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({str(path)!r})\n"
        program += f"try: s.sendall({PING!r}); print(s.recv(100))\nexcept OSError: print(b'')"
        stranger = await asyncio.create_subprocess_exec(
            "setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c", program,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await stranger.communicate()
    assert said == b"b''\n"


async def test_one_connection_too_many_is_told_that_it_is_busy(path: Path) -> None:
    async with listener(path, connections=1):
        _, first = await connect(path)
        first.write(PING)
        await first.drain()
        reader, second = await connect(path)
        assert json.loads(await reader.readline())["error"]["code"] == -32005
        first.close()
        second.close()


async def test_connections_come_and_go_without_a_trace(path: Path) -> None:
    async with listener(path, connections=5) as serving:
        for _ in range(30):
            reader, writer = await connect(path)
            writer.write(PING)
            await reader.readline()
            writer.close()
            await reader.read()
            await writer.wait_closed()
        assert serving.in_flight == 0


def test_credentials_are_those_of_the_other_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert credentials.of(ours) == Credentials(os.getpid(), os.getuid(), os.getgid())
        assert credentials.of(ours).is_allowed
