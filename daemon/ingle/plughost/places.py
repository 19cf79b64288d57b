"""Where hosts run: as children of the daemon, or in a graphical session that somebody offers.

A session that is attached is asked for everything that a plugin can require; the daemon itself,
which may be in a sandbox, is the second choice. For what belongs to a desktop it is none at all
if it was told so (`ingled --no-desktop`).
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from ingle.plughost import facilities
from ingle.plughost.facilities import OF_THE_DESKTOP
from ingle.plughost.process import PASSED, RUNNER, CannotStart, HostProcess, OwnProcess
from ingle.plughost.session import Session
from ingle.plughost.watch import Watch
from ingle.procs.child import spawn
from ingle.rpc.peer import Peer

NO_SESSION = "no desktop session (`ingle desktop` offers one)"
EXPECTED_S = 8.0
"""A session that was on offer to an earlier daemon finds the new one within 5 s (`offering`)."""
TAKEN_OVER = "another `ingle desktop` took over: plugins run in its session now"


class Place(Protocol):
    """Starts hosts. Two places are the same only if they are the same object."""

    @property
    def title(self) -> str:
        """For a person; empty for the daemon's own."""

    def missing(self, requires: Iterable[str]) -> str | None:
        """What is not there, in words for a person."""

    async def start(self, name: str, requires: list[str], sockets: int) -> HostProcess:
        """Raises `CannotStart`."""


class Here:
    """The daemon's own environment."""

    title = ""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def missing(self, requires: Iterable[str]) -> str | None:
        return facilities.missing(requires, self._environ)

    async def start(self, name: str, requires: list[str], sockets: int) -> HostProcess:
        marks = facilities.marks(requires, self._environ)
        try:
            child = await spawn(f"plugin host {name}", RUNNER, sockets=sockets, passed_environ=PASSED)
        except OSError as error:
            raise CannotStart(f"its process cannot be started: {error.strerror}") from None
        return OwnProcess(child, self._environ, marks)


class Places:
    """The daemon's own place, and the session that is attached just now, if one is."""

    def __init__(
        self, environ: Mapping[str, str], on_change: Callable[[], None], *, hosts_desktop: bool = True
    ) -> None:
        self._here = Here(environ)
        self._session: Session | None = None
        self._hosts_desktop, self._on_change = hosts_desktop, on_change
        self._watch = Watch(environ, on_change)
        self._expected_until = 0.0 if hosts_desktop else time.monotonic() + EXPECTED_S

    @property
    def is_expecting(self) -> bool:
        """Whether a session may well be about to attach: right after the daemon's start."""
        return self._session is None and time.monotonic() < self._expected_until

    @property
    def session(self) -> str | None:
        """The attached session in words, None without one."""
        return self._session.about if self._session else None

    async def attach(self, launcher: Peer, about: str, missing: Mapping[str, str]) -> str:
        """Offer a session for as long as this is not cancelled; gives why it is not wanted any more."""
        former, session = self._session, Session(launcher, about, missing)
        self._session, self._expected_until = session, 0.0
        if former is not None:
            former.end(TAKEN_OVER)
        self._on_change()
        try:
            return await session.ended()
        finally:
            if self._session is session:
                self._session = None
                self._on_change()

    def changed(self, launcher: Peer, missing: Mapping[str, str]) -> None:
        """What an attached session lacks now; of one that was taken over nobody wants to know."""
        if self._session is not None and self._session.launcher is launcher:
            self._session.lacks = dict(missing)
            self._on_change()

    def missing(self, requires: Iterable[str]) -> str | None:
        """Why plugins that require this cannot run just now; None when they can."""
        wanted = [*requires]
        if self._session is not None:
            return self._session.missing(wanted)
        if self._hosts_desktop:
            return self._here.missing(wanted)
        is_elsewhere = not OF_THE_DESKTOP.isdisjoint(wanted) or self._here.missing(wanted)
        return NO_SESSION if is_elsewhere else None

    def place_for(self, requires: Iterable[str]) -> Place:
        """Where a host runs whose plugins require all this: with nothing, the daemon's own will do."""
        return self._session if self._session is not None and [*requires] else self._here

    def has(self, place: Place) -> bool:
        """Whether a place is still one."""
        return place is self._here or place is self._session

    def watch(self, *, is_waiting: bool) -> None:
        """Look out for what is missing here; a session looks out by itself."""
        if is_waiting and self._session is None and self._hosts_desktop:
            self._watch.look()
        else:
            self._watch.rest()
