"""Which kind of llama.cpp to build here: for the CPU, or for a GPU and with which toolkit.

A guess never costs a working set-up: `auto` takes a GPU only where its compiler and its device
are both there, and says so loudly where a GPU would lie idle.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from command import SetupError, output

BASE_FLAGS = ("-DGGML_NATIVE=ON", "-DLLAVA_BUILD=OFF")
"""This machine's own instructions (the wheel stays here), and no vision: nothing uses it."""

NVIDIA = Path("/dev/nvidia0")
DISCRETE_VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD"}
"""PCI vendors whose cards beat the CPU; Intel's graphics share its memory and mostly do not."""


@dataclass(frozen=True)
class Backend:
    """One kind of build: its CMake flags and what it needs at hand."""

    name: str
    flags: tuple[str, ...] = ()
    packages: str | None = None
    """The list under `apt/` that has what it is compiled with, where the distribution has that."""
    gib_a_job: float = 1.5
    """Memory that one compiler takes; nvcc takes twice as much as g++."""
    takes: str = "4 to 16 minutes"
    """On two cores, measured; for toolkits that were not at hand, an expectation."""
    lacking: Callable[[], SetupError | None] = field(default=lambda: None)
    """What is missing for the build, and how to get it."""
    has_device: Callable[[], bool] = field(default=lambda: True)

    @property
    def cmake_flags(self) -> tuple[str, ...]:
        return BASE_FLAGS + self.flags

    @property
    def is_possible(self) -> bool:
        """Whether it can be built here, and used."""
        return self.has_device() and self.lacking() is None


def _lacks_cuda() -> SetupError | None:
    if not nvcc():
        return SetupError(
            "llama.cpp cannot be built for CUDA: there is no nvcc",
            "install NVIDIA's CUDA toolkit (Debian: nvidia-cuda-toolkit, from non-free), "
            "or take `packaging/setup --gpu vulkan`, which needs no toolkit",
        )
    if not NVIDIA.exists():  # nvcc's "native" architecture is the one of the card that is there
        return SetupError(
            f"llama.cpp cannot be built for CUDA: no NVIDIA card is to be seen ({NVIDIA})",
            "look whether NVIDIA's driver is loaded: `nvidia-smi`",
        )
    return None


def _lacks_rocm() -> SetupError | None:
    if shutil.which("hipcc") and shutil.which("hipconfig"):
        return None
    return SetupError(
        "llama.cpp cannot be built for ROCm: there is no hipcc",
        "install AMD's ROCm (hipcc, rocBLAS), or take `packaging/setup --gpu vulkan`",
    )


def _lacks_vulkan() -> SetupError | None:
    sdk = os.environ.get("VULKAN_SDK", "")
    if not (shutil.which("glslc") or shutil.which("glslc", path=f"{sdk}/bin")):
        return SetupError("llama.cpp cannot be built for Vulkan: there is no glslc", VULKAN_PACKAGES)
    header = Path(sdk or "/usr", "include/vulkan/vulkan_core.h")
    try:
        text = header.read_text(encoding="utf-8")
    except OSError:
        return SetupError(f"llama.cpp cannot be built for Vulkan: no {header}", VULKAN_PACKAGES)
    if VULKAN_NEEDS in text:
        return None
    found = re.search(r"^#define VK_HEADER_VERSION (\d+)", text, re.MULTILINE)
    return SetupError(
        f"llama.cpp cannot be built for Vulkan: its headers are too old ({header}: "
        f"1.x.{found[1] if found else '?'}; 1.3.272 is new enough, Debian 12 has 1.3.239)",
        "set VULKAN_SDK to LunarG's SDK (vulkan.lunarg.com), or use Debian 13 or Ubuntu 24.04",
    )


VULKAN_NEEDS = "VK_EXT_layer_settings"
"""What llama.cpp's code names unconditionally; the oldest headers with it are 1.3.272."""
VULKAN_PACKAGES = "`apt-get install glslc libvulkan-dev spirv-headers`, or set VULKAN_SDK"

BACKENDS = {
    backend.name: backend
    for backend in (
        Backend(
            "cuda", ("-DGGML_CUDA=ON",), gib_a_job=3.0, takes="up to an hour", lacking=_lacks_cuda,
            has_device=NVIDIA.exists,
        ),
        Backend(
            "rocm", ("-DGGML_HIP=ON",), gib_a_job=3.0, takes="up to an hour", lacking=_lacks_rocm,
            has_device=lambda: Path("/dev/kfd").exists(),
        ),
        Backend(
            "vulkan", ("-DGGML_VULKAN=ON",), "vulkan", takes="15 to 30 minutes", lacking=_lacks_vulkan,
            has_device=lambda: bool(graphics_cards()),
        ),
        Backend("cpu"),
    )
}  # fmt: skip


def choose(wanted: str) -> Backend:
    """The backend by its name; "auto" is the first that is possible here."""
    if wanted != "auto":
        return BACKENDS[wanted]
    return next(backend for backend in BACKENDS.values() if backend.is_possible)


def idle_card_warning(chosen: Backend) -> str | None:
    """What to say where a graphics card would not be used."""
    cards = graphics_cards()
    if chosen.name != "cpu" or not cards:
        return None
    return (
        f"there is a graphics card ({', '.join(cards)}), but llama.cpp is built for the CPU only.\n"
        "    `packaging/setup --gpu cuda`, `--gpu vulkan` or `--gpu rocm` say what each of them needs;\n"
        "    Vulkan needs the least."
    )


def toolkit_environment(backend: Backend) -> dict[str, str]:
    """Where the backend's compiler is, as CMake wants to be told."""
    if backend.name == "cuda" and (compiler := nvcc()):
        return {"CUDACXX": compiler}
    if backend.name == "rocm":
        clang = Path(output(["hipconfig", "-l"]).strip()) / "clang"
        return {"HIPCXX": str(clang), "HIP_PATH": output(["hipconfig", "-R"]).strip()}
    return {}


def graphics_cards(drm: Path = Path("/sys/class/drm")) -> list[str]:
    """The makers of the cards that would be worth a build of their own."""
    found = {_vendor(file) for file in _readable(drm.glob("card[0-9]*/device/vendor"))}
    if NVIDIA.exists():
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
