"""`model.*` over a library on disk: what is listed, inspected and estimated."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from fakes import tiny_adapter, tiny_gguf
from ingle.config import EngineConfig
from ingle.errors import BadModelFile, ModelNotFound
from ingle.models.catalog import catalog
from ingle.models.estimate import GpuMemory, Memory
from ingle.models.importing import Manner, add
from ingle.models.library import Library
from ingle.server.methods import model as methods
from ingle.vocabulary import EngineState
from ingle.wire.calls.base import NoParams
from ingle.wire.calls.daemon import EngineStatus
from ingle.wire.calls.model import ModelEstimateParams, ModelInspectParams, Trial

GB = 1 << 30


@pytest.fixture
def library(tmp_path: Path, tiny_model: Path) -> Library:
    library = Library(tmp_path / "models")
    add(tiny_model, library, "tiny", Manner(as_is=True))
    tiny_adapter.build(library.path_of("poet"))
    return library


def call(library: Library, method: str, params: Any = None) -> Any:
    """The handler's answer, beside an engine that holds nothing."""

    async def status() -> EngineStatus:
        return EngineStatus(state=EngineState.ABSENT)

    engine: Any = SimpleNamespace(model=None, status=status)
    handlers = methods.handlers(library, engine, engine, engine, EngineConfig(n_ctx=512), _park)
    return asyncio.run(handlers[method](params or NoParams(), None))  # type: ignore[arg-type]


async def _park(reason: str) -> None:
    """Nothing is resident."""


def test_adapters_are_listed_behind_models_and_before_the_catalog(library: Library) -> None:
    rows = call(library, "model.list")
    assert [(row.name, row.kind, row.state) for row in rows[:2]] == [
        ("tiny", "model", "installed"),
        ("poet", "adapter", "installed"),
    ]
    assert rows[1].summary == "for tiny-random"
    assert {row.state for row in rows[2:]} == {"available"}


def test_embedders_are_told_apart(library: Library) -> None:
    tiny_gguf.build(library.path_of("vectors"), "bert")
    kinds = {row.name: (row.kind, row.tier) for row in call(library, "model.list")}
    assert kinds["vectors"] == kinds["bge-small-en-v1.5"] == ("embedder", None)
    assert kinds["qwen3-4b"][0] == "model"


def test_inspect_tells_what_was_tried_at_import(library: Library) -> None:
    story = library.story("tiny")
    story.trial = Trial(kept="F16", reason="nothing is faster", tried=[])
    library.record("tiny", story)
    found = call(library, "model.inspect", ModelInspectParams(name="tiny"))
    assert found.trial == story.trial
    by_path = ModelInspectParams(name=str(library.path_of("tiny")))
    assert call(library, "model.inspect", by_path).trial == story.trial
    assert call(library, "model.inspect", ModelInspectParams(name="poet")).trial is None


def test_an_estimate_goes_by_what_is_free_and_configured(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(8 * GB, [GpuMemory("CUDA0", 7 * GB, 8 * GB)])
    monkeypatch.setattr(methods, "memory_here", lambda child, vram: memory)
    found = call(library, "model.estimate", ModelEstimateParams(name="tiny"))
    assert (found.n_ctx, found.kv_type, found.device, found.n_gpu_layers) == (512, "f16", "CUDA0", 3)
    assert [gpu.name for gpu in found.gpus] == ["CUDA0"]
    wished = ModelEstimateParams(name="qwen3-4b", n_ctx=1024, kv_type="q8_0")
    rough = call(library, "model.estimate", wished)
    assert (rough.n_ctx, rough.kv_type, rough.is_rough) == (1024, "q8_0", True)
    assert rough.gpu.weights + rough.cpu.weights == pytest.approx(
        catalog()["qwen3-4b"].size_mb * 1e6, rel=0.01
    )
    with pytest.raises(ModelNotFound):
        call(library, "model.estimate", ModelEstimateParams(name="nobody"))
    with pytest.raises(BadModelFile, match="adapter"):
        call(library, "model.estimate", ModelEstimateParams(name=str(library.path_of("poet"))))


@pytest.mark.parametrize("n_ctx", [-1, 0, 2**63, float("nan"), "many", True])
def test_an_impossible_context_is_refused_by_its_type(n_ctx: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "tiny", "n_ctx": n_ctx}, ModelEstimateParams)
