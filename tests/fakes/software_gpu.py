"""A GPU made of software: llama.cpp built for Vulkan, on Debian's lavapipe driver.

The build is the one that `packaging/setup --gpu vulkan` leaves in the cache; it is laid before the
environment's own, so that nothing is installed. Nothing here needs a graphics card.
"""

import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from fakes.engine_child import TESTS

DRIVERS = Path("/usr/share/vulkan/icd.d")
GPU_NODES = ("/dev/nvidia", "/dev/dri/", "/dev/kfd")
DRIVER_LIBRARIES = ("libvulkan_", "libcuda.so", "libnvidia-", "libamdhip64", "libhsa-runtime64")


class NotToBeHad(Exception):
    """The message names what is missing."""


def driver() -> Path:
    """lavapipe's manifest. Raises `NotToBeHad`."""
    found = next(DRIVERS.glob("lvp_icd*.json"), None)
    if found is None:
        raise NotToBeHad("lavapipe (apt-get install mesa-vulkan-drivers libvulkan1)")
    return found


def build(cache: Path, target: Path) -> Path:
    """The Vulkan build of llama.cpp, unpacked. Raises `NotToBeHad`."""
    wheel = next(cache.glob("wheels/*-vulkan-*/*.whl"), None)
    if wheel is None:
        raise NotToBeHad("llama.cpp for Vulkan in the cache (packaging/setup --gpu vulkan)")
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if name.startswith("llama_cpp/")]
        archive.extractall(target, members)
    return target


def environment(unpacked: Path, manifest: Path) -> dict[str, str]:
    """For an engine child: llama.cpp takes a processor for a GPU only where it is named."""
    return {
        "PYTHONPATH": f"{unpacked}:{TESTS.parent / 'daemon'}:{TESTS}",
        "VK_ICD_FILENAMES": str(manifest),
        "GGML_VK_VISIBLE_DEVICES": "0",
    }


def ties_to_a_gpu(process: psutil.Process) -> Iterator[str]:
    """What a process has open or mapped of GPUs: device nodes, and drivers in its memory."""
    folder = Path(f"/proc/{process.pid}")
    for descriptor in (folder / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile, this listing's own too
            target = str(descriptor.readlink())
            if target.startswith(GPU_NODES):
                yield target
    for line in (folder / "maps").read_text(encoding="utf-8").splitlines():
        if any(name in line for name in (*GPU_NODES, *DRIVER_LIBRARIES)):
            yield line.split()[-1]
