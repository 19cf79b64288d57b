"""`daemon.*`: the state of the whole, and the switches a person has."""

from typing import Annotated

import msgspec

from ingle.vocabulary import DaemonState, EngineState, Holdable
from ingle.wire.calls.base import Params, Result
from ingle.wire.calls.plugin import PluginInfo


class EngineStatus(Result, frozen=True):
    """The engine child as the daemon sees it; `device` says where the weights are ("CPU", a GPU)."""

    state: EngineState
    reason: str = ""
    """Why it is parked or failed, in words for a person."""
    progress: float | None = None
    """Of loading, 0 to 1, where llama.cpp reports it."""
    pid: int | None = None
    model: str | None = None
    tier: str | None = None
    n_ctx: int = 0
    slots: int = 0
    device: str = ""
    vram_bytes: int = 0
    rss_bytes: int = 0
    threads: int = 0
    build: str = ""
    layers: int = 0
    gpu_layers: int = 0
    """Of `layers`, those on the GPU; the CPU does the rest."""
    kv_type: str = ""
    """What the context is kept in."""
    notes: list[str] = msgspec.field(default_factory=list)
    """What was given up so that it fits into the memory, in words."""
    next: str | None = None
    """The model that is being loaded to take over; `progress` is its, and `reason` says how."""
    twin: str | None = None
    """The model that answers from the CPU meanwhile."""


class QueueStatus(Result, frozen=True):
    """Requests waiting or running, by priority."""

    interactive: int = 0
    normal: int = 0
    background: int = 0


Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
"""In words for a person, short enough for a menu: "game", "on battery"."""


class HoldParams(Params, frozen=True):
    """Lasts until it is released, the connection ends, or the person says `daemon.resume`."""

    what: Holdable
    reason: Reason


class ReleaseParams(Params, frozen=True):
    """Of what the same caller holds. With `after_s` it lasts so many seconds more, in which the
    model comes back with the first request that needs it."""

    what: Holdable
    reason: Reason
    after_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0


class HoldInfo(Result, frozen=True):
    """`by`: "you", or who called `daemon.hold`."""

    what: Holdable
    reason: str
    by: str


class VerifyResult(Result, frozen=True):
    """`missing`: the GPU that the model was on and that is not there any more; null when all is well."""

    missing: str | None


class StatusResult(Result, frozen=True):
    version: str
    pid: int
    uptime_s: float
    state: DaemonState
    engine: EngineStatus
    queue: QueueStatus
    plugins: list[PluginInfo] = msgspec.field(default_factory=list)
    desktop: str | None = None
    """The graphical session that `ingle desktop` offers, in words."""
    warnings: list[str] = msgspec.field(default_factory=list)
    reason: str = ""
    """Why the state is what it is, where that is not as usual."""
    held: str | None = None
    """Why background work waits; null when it does not."""
    holds: list[HoldInfo] = msgspec.field(default_factory=list)


class ReloadResult(Result, frozen=True):
    """Which sections of the configuration changed; those that need a new start are named apart."""

    changed: list[str]
    restart_needed: list[str] = msgspec.field(default_factory=list)


class SubscribeParams(Params, frozen=True):
    """`topics` empty or missing means all of them."""

    topics: list[str] = msgspec.field(default_factory=list)


class SubscribeResult(Result, frozen=True):
    topics: list[str]
