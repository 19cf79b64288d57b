"""Loads that go wrong with the real llama.cpp: memory that runs out, files that change under it."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes import engine_child, poor_child
from fakes.supervised import Supervised, installed, prompt, supervised
from ingle.config import EngineConfig
from ingle.engine.fitting import Fitting
from ingle.engine.protocol import LoadParams
from ingle.engine.supervisor import MODULE
from ingle.engine.tenant import Child, Tenant
from ingle.errors import BadModelFile, EngineUnavailable, InvalidParams
from ingle.models.gguf import Header
from ingle.vocabulary import EngineState

pytestmark = pytest.mark.engine


@asynccontextmanager
async def poor(model: Path, mib: int, **config: int) -> AsyncIterator[Supervised]:
    environ = {
        **engine_child.environment(),
        "POOR_MIB": str(mib),
        "MALLOC_ARENA_MAX": "1",  # every thread that allocates while others do takes 64 MiB more
    }
    settings = EngineConfig(slots=1, threads=1, **config)
    async with supervised(config=settings, child_module=poor_child.MODULE, environ=environ) as engine:
        await engine.supervisor.use(installed(model))
        yield engine


async def test_a_model_without_memory_fails_with_a_reason_and_the_daemon_goes_on(tiny_model: Path):
    async with poor(tiny_model, 350, n_ctx=1 << 20) as engine:
        status = await engine.until(EngineState.FAILED)
        assert re.search("allocate|mmap failed", status.reason)
        assert engine.states.count("loading") >= 2
        with pytest.raises(EngineUnavailable, match=r"allocate|mmap failed"):
            await engine.engine.generate(prompt("hello"))
        await engine.supervisor.park("game")
        assert (await engine.until(EngineState.PARKED)).reason == "game"


async def test_a_context_without_memory_is_tried_smaller(tiny_model: Path):
    async with poor(tiny_model, 420, n_ctx=524288) as engine:
        status = await engine.until_heard(lambda: engine.states[-1:] in (["ready"], ["failed"]))
        assert status.state is EngineState.READY, status.reason
        assert status.n_ctx == 262144
        assert any("memory ran out" in warning for warning in engine.supervisor.warnings())
        assert (await engine.engine.generate(prompt("hello"))).usage.output_tokens


async def test_a_file_that_is_cut_while_it_is_mapped_costs_one_answer(tiny_model: Path, tmp_path: Path):
    path = tmp_path / "cut.gguf"
    shutil.copy(tiny_model, path)
    async with supervised(child_module=MODULE) as engine:
        await engine.supervisor.use(installed(path))
        await engine.until(EngineState.READY)
        os.truncate(path, 20_000)
        with pytest.raises(EngineUnavailable, match="SIGBUS"):
            await engine.engine.generate(prompt("hello"))
        status = await engine.until(EngineState.FAILED)
        assert "cut short" in status.reason or "truncated" in status.reason
        assert (await engine.supervisor.status()).pid is None


@pytest.mark.parametrize("size", [0, 100, 20_000])
async def test_a_file_that_is_cut_between_the_look_and_the_load_is_refused(
    tiny_model: Path, tmp_path: Path, size: int
):
    path = tmp_path / "cut.gguf"
    shutil.copy(tiny_model, path)

    async def plan(tenant: Tenant, header: Header) -> Fitting:
        os.truncate(path, size)
        return Fitting(LoadParams(path=str(path), n_ctx=512, slots=1, threads=1, gpu_layers=0))

    tenant = await failed(path, plan)
    assert isinstance(tenant.failure, BadModelFile)


async def test_a_file_that_is_gone_before_the_load_is_refused(tiny_model: Path, tmp_path: Path):
    path = tmp_path / "gone.gguf"
    shutil.copy(tiny_model, path)

    async def plan(tenant: Tenant, header: Header) -> Fitting:
        path.unlink()
        return Fitting(LoadParams(path=str(path), n_ctx=512, slots=1, threads=1, gpu_layers=0))

    tenant = await failed(path, plan)
    assert isinstance(tenant.failure, BadModelFile)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kv_type": "q8_0", "flash": "off"},
        {"device": "CUDA7", "gpu_layers": 1},
        {"n_ctx": 0},
        {"n_ctx": 1 << 40},
        {"slots": 0},
        {"threads": -1},
    ],
)
async def test_what_llama_cpp_could_not_do_is_refused_before_it_is_asked(tiny_model: Path, wrong):
    right = {"n_ctx": 512, "slots": 1, "threads": 1, "gpu_layers": 0}

    async def plan(tenant: Tenant, header: Header) -> Fitting:
        return Fitting(LoadParams(path=str(tiny_model), **{**right, **wrong}))

    tenant = await failed(tiny_model, plan)
    assert isinstance(tenant.failure, InvalidParams)


async def failed(path: Path, plan) -> Tenant:
    """A tenant whose load went wrong; its process is gone."""
    child = Child(MODULE, engine_child.environment())
    tenant = Tenant(installed(path), child, plan, lambda _: None)
    running = asyncio.ensure_future(tenant.run())
    await tenant.settled()
    assert tenant.loaded is None, "it was loaded"
    await running
    assert tenant.death == ""
    return tenant
