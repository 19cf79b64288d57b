"""What is asked before a load: the child for its only GPU, a program of its own for several."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fakes.supervised import installed
from ingle.config import EngineConfig
from ingle.engine.fitting import Rung
from ingle.engine.planning import Planner
from ingle.engine.protocol import Device, DevicesResult
from ingle.engine.tenant import Tenant
from ingle.models.gguf import Header, read_header

GIB = 1 << 30


def gpu(name: str, free: int = 0, total: int = 0) -> Device:
    return Device(
        name=name, description=name, kind="gpu", free_bytes=free * GIB, total_bytes=total * GIB
    )


def found(*devices: Device) -> DevicesResult:
    return DevicesResult(devices=list(devices), offload=True, build="")


class Asked:
    """A tenant that tells its devices, and what it was asked."""

    def __init__(self, model: Path, *devices: Device) -> None:
        self.model = installed(model)
        self._found = found(*devices)
        self.measured: list[str | None] = []

    async def devices(self, measure: str | None) -> DevicesResult:
        self.measured.append(measure)
        return self._found


def planner(*probed: Device, **config: Any) -> Planner:
    def probe() -> DevicesResult:
        assert probed, "nobody should be asked beside the child"
        return found(*probed)

    return Planner(EngineConfig(**config), None, probe)


@pytest.fixture(scope="module")
def header(tiny_model: Path) -> Header:
    return read_header(tiny_model)


async def test_the_only_gpu_is_asked_for_by_the_child_that_will_use_it(tiny_model: Path, header: Header):
    tenant = Asked(tiny_model, gpu("CUDA0", 9, 10))
    fitting = await planner().fit(cast(Tenant, tenant), header)
    assert tenant.measured == [""]
    assert (fitting.params.device, fitting.params.gpu_layers) == ("CUDA0", 3)


async def test_of_several_gpus_a_program_of_its_own_tells_the_one_with_most_room(
    tiny_model: Path, header: Header
):
    tenant = Asked(tiny_model, gpu("CUDA0"), gpu("CUDA1"))
    fitting = await planner(gpu("CUDA0", 3, 10), gpu("CUDA1", 9, 10)).fit(cast(Tenant, tenant), header)
    assert fitting.params.device == "CUDA1"


async def test_a_gpu_that_is_named_is_asked_for_alone(tiny_model: Path, header: Header):
    tenant = Asked(tiny_model, gpu("CUDA0"), gpu("CUDA1", 5, 10))
    fitting = await planner(device="CUDA1").fit(cast(Tenant, tenant), header)
    assert tenant.measured == ["CUDA1"]
    assert fitting.params.device == "CUDA1"


@pytest.mark.parametrize(("config", "rung"), [({"gpu_layers": 0}, Rung.ESTIMATED), ({}, Rung.CPU)])
async def test_a_load_that_stays_on_the_cpu_asks_nobody(
    tiny_model: Path, header: Header, config: dict[str, Any], rung: Rung
):
    tenant, made = Asked(tiny_model, gpu("CUDA0", 9, 10)), planner(**config)
    assert made.stays_on_cpu(rung)
    fitting = await made.fit(cast(Tenant, tenant), header, rung)
    assert (tenant.measured, fitting.params.gpu_layers) == ([], 0)


async def test_a_stand_in_is_fitted_without_any_gpu(tiny_model: Path, header: Header):
    tenant = Asked(tiny_model, gpu("CUDA0", 9, 10))
    fitting = await planner().fit_on_cpu(cast(Tenant, tenant), header)
    assert (tenant.measured, fitting.params.gpu_layers) == ([], 0)
    assert fitting.warnings == ()


async def test_room_is_counted_with_what_the_other_gives_back(tiny_model: Path, header: Header):
    other = SimpleNamespace(life=None, loaded=SimpleNamespace(vram_bytes=8 * GIB))
    for free, has_room in ((1, False), (5, True)):
        tenant = Asked(tiny_model, gpu("CUDA0", free, 14))
        found = await planner().has_room_beside(cast(Tenant, tenant), header, cast(Tenant, other))
        assert found is has_room
