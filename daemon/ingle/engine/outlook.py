"""What a model would take here and how it would be loaded, told without loading it (`model.estimate`).

By the file's header, or roughly by the catalog's figures where there is no file yet. The model that
is resident counts as gone: another one would take its place. It blocks while llama.cpp's devices
are asked for in a process of their own.
"""

from dataclasses import replace
from pathlib import Path

from ingle.config import EngineConfig
from ingle.engine import fitting, machine, probe
from ingle.errors import BadModelFile, EngineUnavailable, ModelNotFound
from ingle.models.catalog import CatalogEntry, catalog
from ingle.models.estimate import Estimate, Memory, Need, Wish, estimate, estimate_entry
from ingle.models.gguf import Header, read_header
from ingle.models.library import Library
from ingle.wire.calls.model import Gpu, ModelEstimateParams, ModelEstimateResult, PlaceNeed


def outlook(
    params: ModelEstimateParams, library: Library, config: EngineConfig, memory: Memory
) -> ModelEstimateResult:
    """Raises `ModelNotFound`, `BadModelFile`."""
    wish = fitting.wish(config, memory.gpus)
    wish = replace(wish, n_ctx=params.n_ctx or wish.n_ctx, kv_type=params.kv_type or wish.kv_type)
    target = _found(params.name, library)
    return _told(params.name, _estimate(target, memory, wish), memory)


def memory_here(child: int | None = None, vram_bytes: int = 0) -> Memory:
    """What is free, and what the engine child of that process id would give back if it ended.

    Without llama.cpp there are no GPUs to speak of.
    """
    try:
        devices = probe.devices().devices
    except EngineUnavailable:
        devices = []
    held = machine.held(child) if child else machine.Held()
    return fitting.both_ways(devices, held, vram_bytes)[1]


def _found(name: str, library: Library) -> Header | CatalogEntry:
    path = Path(name)
    if path.is_absolute() and path.exists():
        header = read_header(path)
    else:
        try:
            header = read_header(library.find(name).path)
        except ModelNotFound:
            if name in catalog():
                return catalog()[name]
            raise
    if header.is_adapter:
        raise BadModelFile(
            f"{header.name} is an adapter: its model decides what is needed", "name a model"
        )
    return header


def _estimate(target: Header | CatalogEntry, memory: Memory, wish: Wish) -> Estimate:
    if isinstance(target, CatalogEntry):
        return estimate_entry(target, memory, wish)
    return estimate(target, memory, wish)


def _told(name: str, found: Estimate, memory: Memory) -> ModelEstimateResult:
    return ModelEstimateResult(
        name=name,
        n_ctx=found.n_ctx,
        kv_type=found.kv_type,
        n_gpu_layers=found.n_gpu_layers,
        layers=found.layers,
        device=found.device,
        gpu=_place(found.gpu),
        cpu=_place(found.cpu),
        ram_available=memory.ram_available,
        gpus=[Gpu(name=gpu.name, free=gpu.free, total=gpu.total) for gpu in memory.gpus],
        fits=found.fits,
        is_rough=found.is_rough,
        notes=list(found.notes),
    )


def _place(need: Need) -> PlaceNeed:
    return PlaceNeed(weights=need.weights, cache=need.cache, compute=need.compute)
