"""A tenant by itself: dismissed at bad moments, drained within a bound, its file changed under it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes import engine_child
from fakes.supervised import WAIT_S, installed, prompt
from ingle.engine.fitting import Fitting
from ingle.engine.protocol import LoadParams
from ingle.engine.tenant import Child, Plan, Stage, Tenant
from ingle.errors import EngineUnavailable, Paused
from ingle.models.gguf import Header


def fitting(path: Path) -> Fitting:
    return Fitting(LoadParams(path=str(path), n_ctx=512, slots=1, threads=1, gpu_layers=0))


@asynccontextmanager
async def living(path: Path, plan: Plan | None = None) -> AsyncIterator[Tenant]:
    async def planned(tenant: Tenant, header: Header) -> Fitting:
        return fitting(path)

    child = Child(engine_child.MODULE, engine_child.environment())
    tenant = Tenant(installed(path), child, plan or planned, lambda _: None)
    running = asyncio.ensure_future(tenant.run())
    try:
        yield tenant
    finally:
        tenant.dismiss(Paused("the test is over"))
        async with asyncio.timeout(WAIT_S):
            await running


async def test_a_drain_is_bounded_and_says_what_happened(tiny_model: Path):
    async with living(tiny_model) as tenant:
        await tenant.settled()
        hanging = asyncio.ensure_future(tenant.call("generate", prompt("hang")))
        while (await tenant.call("status", {})).running != 1:
            pass
        await tenant.see_off(patience_s=0.01)
        assert tenant.has_ended
        with pytest.raises(EngineUnavailable, match="another model took over") as caught:
            await hanging
        assert "again" in caught.value.hint


async def test_a_drain_of_the_dead_returns(tiny_model: Path):
    async with living(tiny_model) as tenant:
        await tenant.settled()
        with pytest.raises(EngineUnavailable, match="SIGKILL"):
            await tenant.call("generate", prompt("die SIGKILL"))
        await tenant.see_off()
        assert (tenant.stage, tenant.failure) == (Stage.ENDED, None)
        assert "SIGKILL" in tenant.death


async def test_a_tenant_that_is_dismissed_before_it_started_never_loads(tiny_model: Path):
    async with living(tiny_model) as tenant:
        tenant.dismiss(Paused("game"))
        await tenant.ended()
        assert not tenant.has_served
        assert (tenant.failure, tenant.death) == (None, "")


async def test_a_tenant_that_is_dismissed_while_it_asks_for_devices_ends(tiny_model: Path):
    async def plan(tenant: Tenant, header: Header) -> Fitting:
        tenant.dismiss(Paused("game"))
        await tenant.devices("")
        return fitting(tiny_model)

    async with living(tiny_model, plan) as tenant:
        await tenant.ended()
        assert not tenant.has_served
        assert (tenant.failure, tenant.death) == (None, "")
        with pytest.raises(Paused, match="game"):
            await tenant.call("status", {})


async def test_a_file_that_is_gone_is_a_failure_with_its_reason(tiny_model: Path, tmp_path: Path):
    path = tmp_path / "gone.gguf"
    shutil.copy(tiny_model, path)
    path.unlink()
    async with living(path) as tenant:
        await tenant.ended()
        assert tenant.failure
        assert "no such file" in tenant.failure.message
