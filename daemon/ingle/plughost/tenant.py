"""One plugin as the daemon sees it: what stands on disk, and how it fares.

It changes its state and tells; what the state should be is decided by `plughost` and `host`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ingle.plughost.discovery import Found
from ingle.plughost.settings import grants_of
from ingle.procs.backoff import Backoff, CircuitBreaker
from ingle.rpc.peer import Peer
from ingle.vocabulary import PluginState
from ingle.wire.calls.plugin import PluginInfo

log = logging.getLogger(__name__)

STARTING = "starting"


@dataclass(eq=False)
class Tenant:
    """Lives as long as its folder is there; `peer` only while its host lives."""

    found: Found
    settings: dict[str, Any]
    on_change: Callable[["Tenant"], None]
    fault: str | None = None
    """What is wrong with the person's settings; `settings` are the defaults then."""
    grants: frozenset[str] = frozenset()
    state: PluginState = PluginState.DISABLED
    reason: str | None = None
    pid: int | None = None
    place: str = ""
    commands: list[str] = field(default_factory=list)
    peer: Peer | None = None
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    backoff: Backoff = field(default_factory=Backoff)
    started: float = 0.0

    @property
    def name(self) -> str:
        return self.found.name

    @property
    def host_name(self) -> str:
        return self.found.manifest.host_name

    @property
    def asks_for(self) -> list[str]:
        """The grants of its manifest, and those that its settings need beside them."""
        manifest = self.found.manifest
        return sorted({*manifest.grants, *grants_of(manifest.settings, self.settings)})

    @property
    def pauses(self) -> bool:
        return self.found.manifest.pauses

    @property
    def requires(self) -> list[str]:
        return self.found.manifest.requires

    @property
    def is_starting(self) -> bool:
        return self.state is PluginState.WAITING and self.reason == STARTING

    def take(self, found: Found, settings: dict[str, Any], fault: str | None) -> None:
        """What stands on disk now. It has not failed any more when its settings are corrected."""
        self.found, self.settings = found, settings
        former, self.fault = self.fault, fault
        if fault is None and former is not None and self.state is PluginState.FAILED:
            self.report(PluginState.WAITING, STARTING)

    def report(self, state: PluginState, reason: str | None = None) -> None:
        """Take on a state; told only when it is another one."""
        if (state, reason) == (self.state, self.reason):
            return
        self.state, self.reason = state, reason
        log.info("plugin %s: %s%s", self.name, state, f": {reason}" if reason else "")
        self.on_change(self)

    def lives(self, peer: Peer, pid: int, place: str, now: float) -> None:
        """Its host has started; `place` is in words, and empty for a child of the daemon."""
        self.peer, self.pid, self.place, self.started = peer, pid, place, now
        self.report(PluginState.WAITING, STARTING)

    def is_gone(self) -> None:
        """Its host has ended."""
        self.peer = self.pid = None
        self.place, self.commands = "", []

    def crashed(self, reason: str, now: float) -> float | None:
        """Count a death; gives the seconds until the next start, None when it is given up."""
        if self.breaker.record(now):
            minutes = self.breaker.window_s / 60
            self.report(
                PluginState.FAILED,
                f"crashed {self.breaker.deaths} times in {minutes:g} minutes, at last: {reason}; "
                f"`ingle plugin enable {self.name}` tries again",
            )
            return None
        delay_s = self.backoff.after_death(now - self.started)
        self.report(PluginState.WAITING, f"{reason}; starts again in {delay_s:g} s")
        return delay_s

    def forgive(self) -> None:
        """The person asked to try again."""
        self.breaker.reset()
        self.backoff = Backoff()

    def info(self) -> PluginInfo:
        return PluginInfo(
            name=self.name,
            state=self.state,
            host=self.host_name,
            grants=self.asks_for,
            summary=self.found.manifest.summary,
            reason=self.reason,
            pid=self.pid,
            place=self.place,
            commands=self.commands,
            source=self.found.source,
        )
