"""The devices of this build; llama_cpp does not bind ggml's functions for them."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

from llama_cpp._ggml import libggml

_GPU_TYPES = (1, 2)
"""ggml_backend_dev_type: GPU and IGPU."""


@dataclass(frozen=True)
class Device:
    """A GPU as ggml sees it; memory in bytes."""

    name: str
    free: int
    total: int


def gpus() -> list[Device]:
    """The GPUs that this build can use."""
    return [_device(handle) for handle in _gpu_handles()]


def _gpu_handles() -> Iterator[ctypes.c_void_p]:
    libggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    libggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    libggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    libggml.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    for index in range(libggml.ggml_backend_dev_count()):
        handle = ctypes.c_void_p(libggml.ggml_backend_dev_get(index))
        if libggml.ggml_backend_dev_type(handle) in _GPU_TYPES:
            yield handle


def _device(handle: ctypes.c_void_p) -> Device:
    libggml.ggml_backend_dev_description.restype = ctypes.c_char_p
    libggml.ggml_backend_dev_description.argtypes = [ctypes.c_void_p]
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    libggml.ggml_backend_dev_memory(handle, ctypes.byref(free), ctypes.byref(total))
    name = libggml.ggml_backend_dev_description(handle).decode("utf-8", "replace")
    return Device(name, free.value, total.value)
