"""How a model is loaded here: from its header, what is free just now and what the person set.

The sizes are `models.estimate`'s. What is decided here is what follows from them: the parameters
of the load, whether two models have room side by side, and what is tried when llama.cpp finds
less memory than was counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import msgspec

from ingle.config import EngineConfig
from ingle.engine import machine, protocol
from ingle.errors import NotEnoughMemory
from ingle.models.estimate import Estimate, GpuMemory, Memory, Wish, estimate
from ingle.models.footprint import KvType
from ingle.models.gguf import Header

SPARE_SEQUENCES = 1
"""Beside the slots; what matters is the state that a recurrent model keeps for each."""


class Rung(IntEnum):
    """What is tried, one after the other, when memory runs out while loading."""

    ESTIMATED = 0
    HALVED = 1
    """Half of the layers on the GPU, half of the context."""
    CPU = 2


@dataclass(frozen=True)
class Fitting:
    """How to load a model. `notes` say in words what was given up so that it fits, `warnings` what
    makes it slower or less than anybody would expect. `can_fall`: there is less to try."""

    params: protocol.LoadParams
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    can_fall: bool = False


def fitting(
    header: Header,
    base: protocol.LoadParams,
    config: EngineConfig,
    memory: Memory,
    rung: Rung = Rung.ESTIMATED,
) -> Fitting:
    """Complete `base` with what fits. Raises `NotEnoughMemory` where nothing does by far."""
    first = estimate(header, memory, wish(config, memory.gpus, rung))
    if not first.fits and first.cpu.total > memory.ram_available:
        raise NotEnoughMemory(first.notes[-1])
    found = _halved(first) if rung is Rung.HALVED else first
    is_worse = not first.fits or (bool(memory.gpus) and not first.n_gpu_layers)
    return Fitting(
        params=msgspec.structs.replace(
            base,
            n_ctx=found.n_ctx,
            gpu_layers=found.n_gpu_layers,
            device=found.device,
            kv_type=found.kv_type,
            flash=config.flash,
        ),
        notes=() if is_worse else first.notes,
        warnings=(
            *_missing_device(config, memory.gpus),
            *_other_type(config, found),
            *(first.notes if is_worse else ()),
            *_fallen(found, rung),
        ),
        can_fall=rung is Rung.ESTIMATED or found.n_gpu_layers > 0,
    )


def wish(config: EngineConfig, gpus: Sequence[GpuMemory], rung: Rung = Rung.ESTIMATED) -> Wish:
    """What the configuration leaves open. A GPU that is not there is none to wish for."""
    kv_type: KvType | None = None if config.kv_type == "auto" else config.kv_type
    if config.flash == "off":
        kv_type = "f16"
    return Wish(
        n_ctx=0 if rung is Rung.CPU else config.n_ctx,
        kv_type=kv_type,
        gpu_layers=0 if rung is Rung.CPU else config.gpu_layers,
        sequences=config.slots + SPARE_SEQUENCES,
        device="" if _missing_device(config, gpus) else _named(config),
    )


def memory(devices: Sequence[protocol.Device], *, taken: int = 0) -> Memory:
    """What is free just now, `taken` bytes less: those that the kernel would take from others."""
    gpus = [
        GpuMemory(gpu.name, gpu.free_bytes, gpu.total_bytes)
        for gpu in protocol.gpus(devices)
        if gpu.total_bytes
    ]
    return Memory(max(machine.available_memory() - taken, 0), gpus)


def both_ways(
    devices: Sequence[protocol.Device], other: machine.Held, other_vram: int
) -> tuple[Memory, Memory]:
    """What is free beside another process, and what would be once it has ended."""
    beside = memory(devices, taken=other.mapped)
    freed = [replace(gpu, free=min(gpu.free + other_vram, gpu.total)) for gpu in beside.gpus]
    return beside, Memory(beside.ram_available + other.mapped + other.own, freed)


def is_as_good(header: Header, config: EngineConfig, beside: Memory, alone: Memory) -> bool:
    """Whether a model fits into `beside`, and no worse than into `alone`."""
    one = estimate(header, beside, wish(config, beside.gpus))
    return one.fits and _same(one, estimate(header, alone, wish(config, alone.gpus)))


def _same(one: Estimate, other: Estimate) -> bool:
    return (one.n_ctx, one.kv_type, one.n_gpu_layers) == (other.n_ctx, other.kv_type, other.n_gpu_layers)


def _named(config: EngineConfig) -> str:
    return "" if config.device == "auto" else config.device


def _missing_device(config: EngineConfig, gpus: Sequence[GpuMemory]) -> tuple[str, ...]:
    names = [gpu.name for gpu in gpus]
    if not _named(config) or config.device in names:
        return ()
    there = f"there is {', '.join(names)}" if names else "there is none"
    return (f"engine.device names the GPU {config.device!r}, and {there}",)


def _other_type(config: EngineConfig, found: Estimate) -> tuple[str, ...]:
    if config.kv_type in ("auto", found.kv_type):
        return ()
    return (
        f"engine.kv_type = {config.kv_type!r} cannot hold this model's context: it is {found.kv_type}",
    )


def _halved(found: Estimate) -> Estimate:
    return replace(found, n_ctx=max(found.n_ctx // 2, 1), n_gpu_layers=found.n_gpu_layers // 2)


def _fallen(found: Estimate, rung: Rung) -> tuple[str, ...]:
    if rung is Rung.HALVED:
        layers = f", {found.n_gpu_layers} layers on the GPU" if found.n_gpu_layers else ""
        return (
            f"memory ran out while loading: tried again with {found.n_ctx:,} tokens of context{layers}",
        )
    if rung is Rung.CPU:
        return (
            "the GPU could not be used: the CPU does the work, much slower; `ingle log` says why, "
            "`ingle model park` and then `ingle resume` try it again",
        )
    return ()
