"""What every command gets: the output, the paths, and a connection when it asks for one."""

from collections.abc import Mapping
from functools import cached_property
from typing import TypeVar

from ingle.cli.output import Output
from ingle.cli.waiting import Waiting
from ingle.client import Ingle
from ingle.client.presence import is_served
from ingle.client.requests import FRAME_BYTES, Wanted
from ingle.errors import DaemonNotRunning
from ingle.paths import Paths
from ingle.wire.calls.base import Done

T = TypeVar("T")

TEXT_SHARE = 0.98
"""Of a frame for its text: the rest is for the envelope. JSON escapes are checked when it is sent."""


class Session:
    """One run of the command line."""

    def __init__(
        self,
        output: Output,
        environ: Mapping[str, str],
        *,
        socket: str | None = None,
        may_start: bool = True,
    ) -> None:
        self.output = output
        self.environ = environ
        self._socket, self._may_start = socket, may_start

    @cached_property
    def paths(self) -> Paths:
        """Raises `ConfigError` where the socket's path is too long."""
        given = {"INGLE_SOCKET": self._socket} if self._socket else {}
        return Paths.from_environment({**self.environ, **given})

    @cached_property
    def frame_bytes(self) -> int:
        """What the daemon takes in one message, by the configuration of both.

        Raises `ConfigError`.
        """
        if not self.paths.config_file.exists():
            return FRAME_BYTES
        from ingle import config  # noqa: PLC0415 - most commands do without

        return config.load(self.paths.config_file).limits.frame_bytes

    @property
    def text_bytes(self) -> int:
        """The longest text that is worth reading for one message."""
        return int(self.frame_bytes * TEXT_SHARE)

    def connect(
        self, *, start: bool = True, frame_bytes: int = FRAME_BYTES, shows_waiting: bool = True
    ) -> Ingle:
        """Connect; start the daemon if need be and if it is wanted. Raises `DaemonNotRunning`."""
        may_start = start and self._may_start
        if not may_start and not is_served(self.paths.socket):
            raise DaemonNotRunning(f"ingled is not running (nobody serves {self.paths.socket})")
        waiting = Waiting(self.output, self.paths.socket) if shows_waiting else None
        on_wait = waiting.tick if waiting and self.output.shows_progress else None
        try:
            return Ingle(self.paths.socket, frame_bytes=frame_bytes, on_wait=on_wait)
        except DaemonNotRunning:
            if not may_start:
                raise
        self._start()
        return Ingle(self.paths.socket, frame_bytes=frame_bytes, on_wait=on_wait)

    def ask(self, wanted: Wanted[T], *, start: bool = True) -> T:
        """One request on a connection of its own."""
        with self.connect(start=start) as ingle:
            return wanted.typed(ingle.call(wanted.method, **wanted.params))

    def do(self, wanted: Wanted[Done], message: str, *, start: bool = True) -> None:
        """A request that only does something, and what to say afterwards."""
        done = self.ask(wanted, start=start)
        if self.output.as_json:
            self.output.json(done)
        elif not self.output.is_quiet:
            self.output.line(message)

    def _start(self) -> None:
        from ingle.cli.starting import start_daemon  # noqa: PLC0415 - subprocess is slow to import

        self.output.note("starting ingled")
        start_daemon(self.paths.socket)
