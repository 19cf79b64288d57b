"""A daemon that a graphical session can be attached to, and `ingle desktop` as a real process.

The session has a bus that only listens: what is tested is who starts what where, and when.
"""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fakes.plugin_daemon import PATIENCE_S, PluginDaemon, plugin_daemon
from fakes.running import environment
from ingle.config import LimitsConfig
from ingle.rpc.dispatcher import Dispatcher, Route
from ingle.server.listener import Listener
from ingle.server.methods import desktop
from ingle.wire.schema import METHODS

ATTACHED = "plugins run in this session"
WAITS = "waits for the daemon"


class Bus:
    """A session bus as far as its socket goes, in a runtime directory."""

    def __init__(self, runtime: Path) -> None:
        self.path = runtime / "bus"
        self._server: socket.socket | None = None

    def start(self) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.path))
        self._server.listen()

    def kill(self) -> None:
        """As a killed server does, it leaves its socket behind."""
        assert self._server is not None
        self._server.close()

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


class Desktop:
    """`ingle desktop`, as its person sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process, self.said = process, list[str]()

    @classmethod
    async def start(cls, socket_path: Path, root: Path, *arguments: str, **environ: str) -> "Desktop":
        command = [sys.executable, "-m", "ingle.cli.main", "--socket", str(socket_path), "desktop"]
        return cls(
            await asyncio.create_subprocess_exec(
                *command, *arguments, env=environment(root, **environ), cwd="/",
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )
        )  # fmt: skip

    async def says(self, words: str) -> str:
        """The next line with these words."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := (await self.process.stderr.readline()).decode().strip():
                self.said.append(line)
                if words in line:
                    return line
        raise AssertionError(f"it ended without {words!r}: {self.said}")

    async def attached(self) -> "Desktop":
        await self.says(ATTACHED)
        return self

    async def ends(self) -> int:
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            self.said += (await self.process.stderr.read()).decode().splitlines()
            return await self.process.wait()

    async def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        if self.process.returncode is None:
            self.process.send_signal(sign)
        return await self.ends()


@asynccontextmanager
async def daemon_on(
    path: Path, search: list[tuple[str, Path]], state: Path, **options: Any
) -> AsyncIterator[PluginDaemon]:
    """A daemon's plugin half that answers `desktop.*` on a socket."""
    with socket.socket(socket.AF_UNIX) as server:
        _clear(path)
        server.bind(str(path))
        server.listen()
        server.setblocking(False)
        async with plugin_daemon(search, state, **options) as daemon:
            handlers = desktop.handlers(daemon.hosts.places)
            routes = {name: Route(handler, METHODS[name].params) for name, handler in handlers.items()}
            listener = Listener(server, Dispatcher(routes), LimitsConfig())
            serving = asyncio.ensure_future(listener.run())
            try:
                yield daemon
            finally:
                serving.cancel()
                await asyncio.wait([serving])


def _clear(path: Path) -> None:
    path.unlink(missing_ok=True)
