"""Layers on a GPU, with llama.cpp's own Vulkan code and a driver that computes on the processor."""

import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from conftest import REAL_PATHS, missing
from fakes import software_gpu, tiny_gguf
from fakes.supervised import Supervised, installed, prompt, supervised
from ingle.config import EngineConfig
from ingle.engine.protocol import EmbedParams, ScoreParams
from ingle.engine.supervisor import MODULE
from ingle.vocabulary import EngineState, Span

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]

GPU = "llvmpipe"
WORDS = "one two three four five six seven eight"
"""Steps of 9 to 16 rows of a matrix as small as the tiny model's crash in lavapipe 22.3."""
PASSAGE = "The capital of France is Paris. The capital of Italy is"
CONFIG = {"slots": 2, "n_ctx": 1024, "threads": 1}


@pytest.fixture(scope="session")
def software_gpu_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    try:
        manifest = software_gpu.driver()
        unpacked = software_gpu.build(REAL_PATHS.cache, tmp_path_factory.mktemp("vulkan"))
    except software_gpu.NotToBeHad as reason:
        missing(str(reason))
    return software_gpu.environment(unpacked, manifest)


@asynccontextmanager
async def resident(model: Path, environ: dict[str, str], **config: object) -> AsyncIterator[Supervised]:
    settings = EngineConfig(**{**CONFIG, **config})
    async with supervised(config=settings, child_module=MODULE, environ=environ) as engine:
        await engine.supervisor.use(installed(model))
        await engine.until(EngineState.READY)
        yield engine


@pytest.mark.parametrize(
    ("config", "on_gpu"),
    [
        ({}, 3),
        ({"gpu_layers": 1}, 1),
        ({"gpu_layers": 2, "flash": "off"}, 2),
        ({"device": "Vulkan0", "flash": "on"}, 3),
        ({"gpu_layers": 0}, 0),
    ],
)
async def test_a_model_answers_from_the_gpu_from_half_of_it_and_from_none(
    tiny_model: Path, software_gpu_environment: dict[str, str], config, on_gpu: int
):
    async with resident(tiny_model, software_gpu_environment, **config) as engine:
        status = await engine.supervisor.status()
        assert (status.gpu_layers, status.layers) == (on_gpu, 3)
        assert status.device.startswith(GPU if on_gpu else "CPU")
        result = await engine.engine.generate(prompt(WORDS))
        assert result.usage.output_tokens > 0
        assert engine.supervisor.warnings() == []


async def test_the_gpu_computes_what_the_processor_does(
    embedded_model: Path, software_gpu_environment: dict[str, str]
):
    likelihoods = []
    for layers, kv_type in ((0, "f16"), (-1, "f16"), (10, "q8_0")):
        wanted = {"gpu_layers": layers, "kv_type": kv_type}
        async with resident(embedded_model, software_gpu_environment, **wanted) as engine:
            assert (await engine.supervisor.status()).kv_type == kv_type
            params = ScoreParams(spans=[Span(PASSAGE)], candidates=[" Rome", " Paris", " a banana"])
            result = await engine.engine.score(params)
            likelihoods.append([math.exp(score.logprob) for score in result.scores])
    rome, paris, banana = likelihoods[0]
    assert rome > 0.3 > paris > banana
    assert likelihoods[1] == pytest.approx(likelihoods[0], abs=0.1)
    assert likelihoods[2] == pytest.approx(likelihoods[0], abs=0.1)


async def test_parking_leaves_no_tie_to_the_gpu_in_any_process_of_ours(
    tiny_model: Path, software_gpu_environment: dict[str, str]
):
    async with resident(tiny_model, software_gpu_environment) as engine:
        child = psutil.Process(await engine.pid())
        assert any("libvulkan_lvp" in tie for tie in software_gpu.ties_to_a_gpu(child))
        await engine.supervisor.park("game")
        assert not child.is_running()
        ours = [psutil.Process(), *psutil.Process().children(recursive=True)]
        assert [tie for one in ours for tie in software_gpu.ties_to_a_gpu(one)] == []
        await engine.supervisor.unpark()
        await engine.until(EngineState.READY)
        assert (await engine.supervisor.status()).device.startswith(GPU)


async def test_the_stand_in_keeps_off_the_gpu(
    tiny_model: Path, software_gpu_environment: dict[str, str]
):
    async with resident(tiny_model, software_gpu_environment) as engine:
        engine.supervisor.stand_in(installed(tiny_model, "small"))
        await engine.supervisor.park("game")
        held = engine.engine.held()
        assert held.model
        assert held.model.name == "small"
        assert (await held.generate(prompt("hello"))).usage.output_tokens > 0
        (twin,) = psutil.Process().children()
        assert twin.pid != os.getpid()
        assert list(software_gpu.ties_to_a_gpu(twin)) == []


async def test_a_gpu_that_is_not_there_is_named_and_another_one_taken(
    tiny_model: Path, software_gpu_environment: dict[str, str]
):
    async with resident(tiny_model, software_gpu_environment, device="CUDA7") as engine:
        assert (await engine.supervisor.status()).device.startswith(GPU)
        assert engine.supervisor.warnings() == [
            "engine.device names the GPU 'CUDA7', and there is Vulkan0"
        ]


async def test_the_embedder_computes_on_the_gpu_what_it_does_on_the_processor(
    tiny_model: Path, tmp_path: Path, software_gpu_environment: dict[str, str]
):
    """It follows the generating model: there as a whole, or not at all."""
    embedder = tiny_gguf.build(tmp_path / "vectors.gguf", "bert", kind="f32")
    params = EmbedParams(path=str(embedder), texts=[PASSAGE * 2, WORDS])
    found = []
    for layers in (0, 1, -1):
        async with resident(tiny_model, software_gpu_environment, gpu_layers=layers) as engine:
            found.append((await engine.engine.embed(params)).embeddings)
    for vectors in found[1:]:
        assert np.array(vectors) == pytest.approx(np.array(found[0]), abs=0.01)
