"""How everything is, in one word and the reason for it: for a tray icon, a bus, `ingle status`."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from ingle.server.aside import Aside
from ingle.vocabulary import DaemonState, EngineState, Topic
from ingle.wire.calls.daemon import EngineStatus


class Warns(Protocol):
    def warnings(self) -> list[str]:
        """What a person should know, each with its next step."""


class Now(msgspec.Struct, frozen=True):
    """`daemon.state` of the topic `engine`. `held`: why background work waits."""

    state: DaemonState
    reason: str
    held: str | None


class Overview:
    """Sums up what the parts say, and tells when the sum has changed."""

    def __init__(
        self, parts: list[Warns], aside: Aside, publish: Callable[[Topic, str, dict[str, Any]], None]
    ) -> None:
        self._parts, self._aside, self._publish = parts, aside, publish
        self._engine = EngineStatus(state=EngineState.STARTING)
        self._told: Now | None = None

    def warnings(self) -> list[str]:
        return [warning for part in self._parts for warning in part.warnings()]

    def hear(self, engine: EngineStatus) -> None:
        """The engine's state has changed."""
        self._engine = engine
        self.tell()

    def tell(self) -> None:
        """Publish how things are if that is news."""
        now = self.now(self._engine, self.warnings())
        if now != self._told:
            self._told = now
            self._publish("engine", "daemon.state", msgspec.to_builtins(now))

    def now(self, engine: EngineStatus, warnings: list[str]) -> Now:
        aside = self._aside.holds.why_firmly("model")
        state = state_of(engine, warnings, is_paused=self._aside.is_paused, is_aside=bool(aside))
        match state:
            case DaemonState.PAUSED:
                reason = self._aside.holds.why("watching")
            case DaemonState.ASIDE:
                reason = aside
            case DaemonState.DEGRADED:
                reason = engine.reason if engine.state in _BROKEN else warnings[0]
            case _:
                reason = engine.reason
        return Now(state, reason, self._aside.held)


_BROKEN = (EngineState.FAILED, EngineState.ABSENT)


def state_of(
    engine: EngineStatus, warnings: list[str], *, is_paused: bool = False, is_aside: bool = False
) -> DaemonState:
    """One word for the whole: what a tray icon would show."""
    if is_paused:
        return DaemonState.PAUSED
    if is_aside:
        return DaemonState.ASIDE
    if engine.state in _BROKEN or warnings:
        return DaemonState.DEGRADED
    if engine.state in (EngineState.STARTING, EngineState.LOADING):
        return DaemonState.STARTING
    return DaemonState.READY
