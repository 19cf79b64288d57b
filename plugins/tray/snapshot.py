"""What the tray knows of the daemon at a moment: plain values, and which icon stands for them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .drawing import State

Row = Mapping[str, Any]
"""A JSON object of the daemon's; what is missing in it is unknown."""


@dataclass(frozen=True)
class Snapshot:
    """`status`, `models` and `results` as the daemon answered `daemon.status`, `model.list` and
    `result.list`; `trouble` is what went wrong with what the person asked for last."""

    status: Row = field(default_factory=dict)
    models: Sequence[Row] = ()
    results: Sequence[Row] = ()
    trouble: str = ""
    is_busy: bool = False

    @property
    def engine(self) -> Row:
        return self.status.get("engine") or {}

    @property
    def plugins(self) -> Sequence[Row]:
        return self.status.get("plugins") or ()

    @property
    def is_paused(self) -> bool:
        return self.status.get("state") == "paused"

    @property
    def waiting(self) -> int:
        """Requests that run or wait."""
        return sum((self.status.get("queue") or {}).values())

    def plugin(self, name: str) -> Row:
        return next((each for each in self.plugins if each.get("name") == name), {})


def state_of(snapshot: Snapshot) -> State:
    """The one thing that the icon says: first what the person did, then what keeps it from working."""
    engine, state = snapshot.engine.get("state"), snapshot.status.get("state")
    if snapshot.is_paused:
        return "paused"
    if engine in {"failed", "absent"}:
        return "error"
    if state == "aside":
        return "aside"
    if snapshot.is_busy or engine in {"starting", "loading"}:
        return "busy"
    if state == "degraded" or any(each.get("state") == "failed" for each in snapshot.plugins):
        return "degraded"
    return "ready"
