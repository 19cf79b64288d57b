"""The devices of this build: CPU, GPUs, accelerators. llama_cpp does not bind ggml's functions for them.

Listing them starts nothing. Asking CUDA or HIP how much memory is free makes a context on that
GPU, which takes some hundred MB of it until the process ends: only those that matter are asked.
"""

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from llama_cpp._ggml import libggml

from ingle.engine import protocol
from ingle.engine.protocol import Device

Kind = Literal["cpu", "gpu", "igpu", "accelerator"]

_KINDS: dict[int, Kind] = {0: "cpu", 1: "gpu", 2: "igpu", 3: "accelerator"}
"""`ggml_backend_dev_type`; 4 stands for several of the others."""


def _declare() -> None:
    for name, result, arguments in (
        ("count", ctypes.c_size_t, []),
        ("get", ctypes.c_void_p, [ctypes.c_size_t]),
        ("type", ctypes.c_int, [ctypes.c_void_p]),
        ("name", ctypes.c_char_p, [ctypes.c_void_p]),
        ("description", ctypes.c_char_p, [ctypes.c_void_p]),
        ("memory", None, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    ):
        function = getattr(libggml, f"ggml_backend_dev_{name}")
        function.restype, function.argtypes = result, arguments


_declare()


def devices() -> list[Device]:
    """All of them, in ggml's order; their memory is not asked for."""
    return [
        Device(name=_text("name", handle), description=_text("description", handle), kind=_KINDS[kind])
        for handle, kind in _handles()
    ]


def gpus() -> list[Device]:
    """The GPUs that layers can be put on."""
    return protocol.gpus(devices())


def measured(wanted: Iterable[Device]) -> list[Device]:
    """The same devices with their memory as it is now."""
    names = {device.name for device in wanted}
    return [
        msgspec.structs.replace(device, free_bytes=free, total_bytes=total)
        for device, (handle, _) in zip(devices(), _handles(), strict=True)
        if device.name in names
        for free, total in [_memory(handle)]
    ]


def pointers(chosen: Sequence[Device]) -> "ctypes.Array[ctypes.c_void_p]":
    """`llama_model_params.devices`: an empty list of them keeps llama.cpp off every GPU."""
    names = {device.name for device in chosen}
    found = [handle for handle, _ in _handles() if _text("name", handle) in names]
    return (ctypes.c_void_p * (len(found) + 1))(*found, None)


def _handles() -> list[tuple[int, int]]:
    """Each device's address and type."""
    found: list[tuple[int, int]] = []
    for index in range(libggml.ggml_backend_dev_count()):
        handle = libggml.ggml_backend_dev_get(index)
        kind = libggml.ggml_backend_dev_type(handle)
        if kind in _KINDS:
            found.append((handle, kind))
    return found


def _text(what: str, handle: Any) -> str:
    text: bytes = getattr(libggml, f"ggml_backend_dev_{what}")(handle) or b""
    return text.decode("utf-8", "replace")


def _memory(handle: Any) -> tuple[int, int]:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    libggml.ggml_backend_dev_memory(handle, ctypes.byref(free), ctypes.byref(total))
    return free.value, total.value
