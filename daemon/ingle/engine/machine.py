"""What this machine can give the engine: cores, memory, and whether there is a GPU at all.

Reads /proc and /sys, starts nothing, and knows no GPU library: the daemon makes no GPU context.
"""

import os
from pathlib import Path

from ingle.models.gguf import Header

MOST_THREADS = 8
"""Small models gain nothing from more: their steps end waiting for memory, not for arithmetic."""

DEFAULT_CTX = 8192
LEAST_CTX = 1024

MEMORY_SHARE = 4
"""The context may take one part in so many of the memory that is available."""

KV_BYTES = 2
"""f16; a quantised cache reads prompts 3.4 times slower on a CPU."""

GPU_DRIVERS = frozenset({"amdgpu", "i915", "nouveau", "nvidia", "radeon", "xe"})


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


def n_ctx(header: Header) -> int:
    """Tokens shared by all slots: what the model was trained for, where memory allows."""
    trained = header.n_ctx_train or DEFAULT_CTX
    fits = _available_memory() // MEMORY_SHARE // max(_bytes_per_token(header), 1)
    return max(min(trained, DEFAULT_CTX, fits), min(LEAST_CTX, trained))


def _bytes_per_token(header: Header) -> int:
    head = header.n_embd // max(header.n_head, 1)
    return 2 * header.n_layers * header.n_head_kv * head * KV_BYTES


def _available_memory() -> int:
    """Bytes that can be had without swapping; without /proc nothing is known to be."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    sizes = {line.split(":")[0]: line.split()[1] for line in lines}
    return int(sizes.get("MemAvailable", 0)) * 1024


def has_gpu(root: Path = Path("/")) -> bool:
    """Whether a GPU driver has a device, whatever llama.cpp was built for."""
    if (root / "dev/nvidia0").exists():
        return True
    nodes = (root / "sys/class/drm").glob("renderD*/device/driver")
    return any(node.resolve().name in GPU_DRIVERS for node in nodes)


def rss(pid: int) -> int:
    """Resident bytes of a process; 0 once it is gone."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
