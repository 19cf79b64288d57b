"""What a measurement says: a number, its unit, what was promised, and how it scattered."""

import math
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """`most` and `least` are promises; a figure without one is only shown."""

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None
    note: str = ""
    peer: float | None = None
    """The same of somebody else, measured in the same rounds."""
    peer_name: str = "llama-server"

    @property
    def holds(self) -> bool:
        above = self.most is None or self.value <= self.most
        return above and (self.least is None or self.value >= self.least)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds}


def median(name: str, values: Sequence[float], unit: str, **promises: Any) -> Figure:
    """The median of `values`, with the smallest and the largest as the note."""
    spread = f"{number(min(values))} to {number(max(values))} in {len(values)}"
    note = "; ".join(filter(None, (promises.pop("note", ""), spread)))
    return Figure(name, statistics.median(values), unit, note=note, **promises)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def row(figure: Figure) -> str:
    promise = ""
    if figure.most is not None:
        promise = f"at most {number(figure.most)}"
    elif figure.least is not None:
        promise = f"at least {number(figure.least)}"
    verdict = "" if not promise else "ok" if figure.holds else "MISSED"
    value = f"{number(figure.value)} {figure.unit}"
    peer = "" if figure.peer is None else f"{figure.peer_name} {number(figure.peer)}"
    note = "; ".join(filter(None, (peer, figure.note)))
    return f"  {figure.name:<44}{value:>14}  {promise:<15}{verdict:<8}{note}".rstrip()


def context() -> dict[str, str]:
    """What the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "load": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def number(value: float) -> str:
    """As many digits as mean something."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
