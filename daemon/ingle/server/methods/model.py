"""`model.*`: the models there are and the one that is resident."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from ingle.assistant.assistant import Assistant
from ingle.config import EngineConfig
from ingle.engine.client import EngineClient
from ingle.engine.outlook import memory_here, outlook
from ingle.engine.supervisor import Supervisor
from ingle.errors import Cancelled
from ingle.models.catalog import catalog
from ingle.models.families import family_of
from ingle.models.gguf import read_header
from ingle.models.library import InstalledAdapter, InstalledModel, Library
from ingle.rpc.dispatcher import Call, Handler
from ingle.server.streaming import streamed
from ingle.wire.calls.base import Done, NoParams
from ingle.wire.calls.model import (
    ModelEstimateParams,
    ModelEstimateResult,
    ModelEvalResult,
    ModelInfo,
    ModelInspectParams,
    ModelInspectResult,
    ModelParkParams,
    ModelUseParams,
)


def handlers(
    library: Library,
    supervisor: Supervisor,
    engine: EngineClient,
    assistant: Assistant,
    config: EngineConfig,
    park_model: Callable[[str], Awaitable[None]],
) -> dict[str, Handler]:
    """`park_model` has the model step aside for a reason."""

    async def list_(_: NoParams, call: Call) -> list[ModelInfo]:
        return await asyncio.to_thread(_listed, library, engine.model)

    async def use(params: ModelUseParams, call: Call) -> Done:
        """Done once it is loaded; whoever stops waiting stops the change."""
        model = await asyncio.to_thread(library.find, params.name)
        succession = await supervisor.use(model)
        try:
            await succession.wait()
        except asyncio.CancelledError:
            succession.call_off(Cancelled("cancelled by the caller"))
            raise
        await asyncio.to_thread(library.choose, params.name)
        return Done()

    async def unload(_: NoParams, call: Call) -> Done:
        await supervisor.unload()
        return Done()

    async def park(params: ModelParkParams, call: Call) -> Done:
        await park_model(params.reason)
        return Done()

    async def inspect(params: ModelInspectParams, call: Call) -> ModelInspectResult:
        return await asyncio.to_thread(_inspected, library, params.name)

    async def estimate(params: ModelEstimateParams, call: Call) -> ModelEstimateResult:
        engine_now = await supervisor.status()
        memory = await asyncio.to_thread(memory_here, engine_now.pid, engine_now.vram_bytes)
        return await asyncio.to_thread(outlook, params, library, config, memory)

    async def evaluate(_: NoParams, call: Call) -> ModelEvalResult:
        return await streamed(call, True, assistant.evaluate)

    return {
        "model.list": list_,
        "model.use": use,
        "model.unload": unload,
        "model.park": park,
        "model.inspect": inspect,
        "model.estimate": estimate,
        "model.eval": evaluate,
    }


def _listed(library: Library, resident: InstalledModel | None) -> list[ModelInfo]:
    """What is here first, then what could be pulled."""
    here = library.list()
    names = {model.name for model in here}
    rows = [_installed(model, resident is not None and resident.name == model.name) for model in here]
    rows += [_adapter(adapter) for adapter in library.adapters()]
    return rows + [
        ModelInfo(
            name=entry.name, state="available", tier=entry.tier, size_bytes=entry.size_mb * 1_000_000,
            quantization="", licence=entry.licence, source=entry.source, summary=entry.summary,
            kind=entry.kind,
        )
        for entry in catalog().values()
        if entry.name not in names
    ]  # fmt: skip


def _installed(model: InstalledModel, is_resident: bool) -> ModelInfo:
    entry, header = catalog().get(model.name), read_header(model.path)
    return ModelInfo(
        name=model.name, state="resident" if is_resident else "installed", tier=model.tier,
        size_bytes=model.size_bytes, quantization=header.quantization,
        licence=model.licence, source=model.source, summary=entry.summary if entry else "",
        kind="embedder" if header.is_embedder else "model",
    )  # fmt: skip


def _adapter(adapter: InstalledAdapter) -> ModelInfo:
    return ModelInfo(
        name=adapter.name, state="installed", kind="adapter", tier=None,
        size_bytes=adapter.size_bytes, quantization=read_header(adapter.path).quantization,
        licence=adapter.licence, source=adapter.source,
        summary=f"for {adapter.base or adapter.architecture}",
    )  # fmt: skip


def _inspected(library: Library, name_or_path: str) -> ModelInspectResult:
    path = Path(name_or_path)
    if not (path.is_absolute() and path.exists()):
        path = library.file_of(name_or_path)
    header = read_header(path)
    return ModelInspectResult(
        name=header.name, architecture=header.architecture, parameters=header.parameters,
        quantization=header.quantization, n_ctx_train=header.n_ctx_train, n_vocab=header.n_vocab,
        n_layers=header.n_layers, size_bytes=header.size_bytes, tensors=len(header.tensors),
        family=family_of(header), metadata=header.metadata, trial=library.trial_of(path),
    )  # fmt: skip
