"""What this machine can give the engine: cores, memory, and whether there is a GPU at all.

Reads /proc and /sys, starts nothing, and knows no GPU library: the daemon makes no GPU context.
"""

import os
from dataclasses import dataclass
from pathlib import Path

MOST_THREADS = 8
"""Small models gain nothing from more: their steps end waiting for memory, not for arithmetic."""

GPU_DRIVERS = frozenset({"amdgpu", "i915", "nouveau", "nvidia", "radeon", "xe"})


@dataclass(frozen=True)
class Held:
    """Resident bytes of a process: its own, and those of files, which the kernel counts as free."""

    own: int = 0
    mapped: int = 0


def threads() -> int:
    """The physical cores that this process may use. They do not spin, so a busy desktop stays
    usable (`child.__main__`); sharing one between two threads gains nothing."""
    cpus = os.sched_getaffinity(0)
    cores = {_siblings(cpu) for cpu in cpus}
    return max(1, min(len(cores), MOST_THREADS))


def _siblings(cpu: int) -> str:
    path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return str(cpu)


def available_memory() -> int:
    """Bytes that can be had without swapping; without /proc nothing is known to be."""
    return _sizes(Path("/proc/meminfo")).get("MemAvailable", 0)


def held(pid: int) -> Held:
    """What a process holds of the memory; nothing once it is gone."""
    sizes = _sizes(Path(f"/proc/{pid}/status"))
    return Held(sizes.get("RssAnon", 0), sizes.get("RssFile", 0))


def _sizes(path: Path) -> dict[str, int]:
    """The rows `Name:  123 kB` of a file, in bytes."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    rows = (line.split() for line in lines)
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if row[-1:] == ["kB"]}


def has_gpu(root: Path = Path("/")) -> bool:
    """Whether a GPU driver has a device, whatever llama.cpp was built for."""
    if (root / "dev/nvidia0").exists():
        return True
    nodes = (root / "sys/class/drm").glob("renderD*/device/driver")
    return any(node.resolve().name in GPU_DRIVERS for node in nodes)


def rss(pid: int) -> int:
    """Resident bytes of a process; 0 once it is gone."""
    return _sizes(Path(f"/proc/{pid}/status")).get("VmRSS", 0)
