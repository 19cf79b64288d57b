"""Keeps a graphical session on offer: daemons come and go, and each finds it attached.

The first attempt may start the daemon, where systemd holds its socket. Later ones only look
whether there is one: the person may have stopped it.
"""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from ingle.client.presence import is_served
from ingle.client.requests import not_running
from ingle.errors import IngleError
from ingle.plughost.launcher import Launcher
from ingle.procs.backoff import Backoff

WAITING = "waits for the daemon"


class Offering:
    """`tell` is called with a line for the person whenever something has changed."""

    def __init__(self, socket_path: Path, tell: Callable[[str], None]) -> None:
        self._path, self._tell = socket_path, tell
        self._told = ""

    async def keep(self) -> str:
        """Until a daemon sends us away; gives its reason."""
        clock = asyncio.get_running_loop().time
        backoff = Backoff(first_s=0.2, most_s=5.0, healthy_s=5.0)
        is_first = True
        while True:
            started = clock()
            if is_first or is_served(self._path):
                is_first = False
                try:
                    return await self._attach()
                except IngleError as error:
                    self._say(f"{WAITING}: {error.message}")
            await asyncio.sleep(backoff.after_death(clock() - started))

    async def _attach(self) -> str:
        """Raises `IngleError`."""
        launcher = Launcher()
        attached = f"plugins run in this session ({launcher.about})"
        return await launcher.serve(await _connected(self._path), lambda: self._say(attached))

    def _say(self, line: str) -> None:
        if line != self._told:
            self._told = line
            self._tell(line)


async def _connected(path: Path) -> socket.socket:
    """Raises `DaemonNotRunning`."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, str(path))
    except OSError as error:
        sock.close()
        raise not_running(path, error) from None
    except BaseException:
        sock.close()
        raise
    return sock
