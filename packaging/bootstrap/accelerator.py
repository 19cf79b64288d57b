"""Which kind of llama.cpp to build here: for the CPU, or for a GPU and with which toolkit.

A guess never costs a working set-up: `auto` takes a GPU only where its compiler and its device
are both there, and says so loudly where a GPU would lie idle.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

BASE_FLAGS = ("-DGGML_NATIVE=ON", "-DLLAVA_BUILD=OFF")
"""This machine's own instructions (the wheel stays here), and no vision: nothing uses it."""

DISCRETE_VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD"}
"""PCI vendors whose cards beat the CPU; Intel's graphics share its memory and mostly do not."""


@dataclass(frozen=True)
class Backend:
    """One kind of build: its CMake flags and what it needs at hand."""

    name: str
    flags: tuple[str, ...] = ()
    needs: str = ""
    gib_a_job: float = 1.5
    """Memory that one compiler takes; nvcc takes twice as much as g++."""
    is_possible: Callable[[], bool] = field(default=lambda: True)

    @property
    def cmake_flags(self) -> tuple[str, ...]:
        return BASE_FLAGS + self.flags


def _has_cuda() -> bool:
    return nvcc() is not None and Path("/dev/nvidia0").exists()


def _has_rocm() -> bool:
    return shutil.which("hipcc") is not None and Path("/dev/kfd").exists()


def _has_vulkan() -> bool:
    headers = Path("/usr/include/vulkan/vulkan.h").exists()
    return headers and shutil.which("glslc") is not None and bool(graphics_cards())


BACKENDS = {
    backend.name: backend
    for backend in (
        Backend("cuda", ("-DGGML_CUDA=ON",), "nvcc (the CUDA toolkit)", 3.0, _has_cuda),
        Backend("rocm", ("-DGGML_HIP=ON",), "hipcc (ROCm)", 3.0, _has_rocm),
        Backend("vulkan", ("-DGGML_VULKAN=ON",), "glslc libvulkan-dev", 1.5, _has_vulkan),
        Backend("cpu"),
    )
}


def choose(wanted: str) -> Backend:
    """The backend by its name; "auto" is the first that is possible here."""
    if wanted != "auto":
        return BACKENDS[wanted]
    return next(backend for backend in BACKENDS.values() if backend.is_possible())


def idle_card_warning(chosen: Backend) -> str | None:
    """What to say where a graphics card would not be used."""
    cards = graphics_cards()
    if chosen.name != "cpu" or not cards:
        return None
    return (
        f"there is a graphics card ({', '.join(cards)}), but llama.cpp is built for the CPU only.\n"
        "    For CUDA install its toolkit (nvcc), for Vulkan `apt-get install glslc libvulkan-dev`,\n"
        "    then run `make run` again, or choose with `packaging/setup --gpu cuda|vulkan|rocm`."
    )


def graphics_cards(drm: Path = Path("/sys/class/drm")) -> list[str]:
    """The makers of the cards that would be worth a build of their own."""
    found = {_vendor(file) for file in _readable(drm.glob("card[0-9]*/device/vendor"))}
    if Path("/dev/nvidia0").exists():
        found.add("NVIDIA")
    return sorted(name for name in found if name)


def nvcc() -> str | None:
    """The CUDA compiler, also where its usual place is not on the PATH."""
    return shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")


def jobs(backend: Backend) -> int:
    """How many compilers at a time: as many as there are cores and memory for."""
    cores = len(os.sched_getaffinity(0))
    free_gib = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return max(1, min(cores, int(free_gib / backend.gib_a_job)))


def _vendor(file: Path) -> str:
    return DISCRETE_VENDORS.get(file.read_text(encoding="ascii").strip(), "")


def _readable(files: Iterable[Path]) -> list[Path]:
    return [file for file in files if os.access(file, os.R_OK)]
