"""Warnings about the device: each with its next step, and none where nothing is wrong."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ingle.config import EngineConfig
from ingle.engine import machine, report
from ingle.engine.fitting import Fitting
from ingle.engine.protocol import LoadParams, LoadResult
from ingle.engine.tenant import Tenant

PARAMS = LoadParams(path="m", n_ctx=1, slots=1, threads=1, gpu_layers=0)


def tenant(*, offload: bool, gpu_layers: int = 0, warnings: tuple[str, ...] = ()) -> Tenant:
    loaded = LoadResult(
        architecture="x", n_ctx=1, n_ctx_train=1, n_vocab=1, slots=1, threads=1, device="CPU",
        vram_bytes=0, rss_bytes=0, load_ms=1.0, build="", offload=offload, gpu_layers=gpu_layers,
    )  # fmt: skip
    fitting = Fitting(PARAMS, warnings=warnings)
    return cast(Tenant, SimpleNamespace(loaded=loaded, fitting=fitting, life=None))


@pytest.fixture(params=[True, False])
def has_gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(machine, "has_gpu", lambda: request.param)
    return bool(request.param)


@pytest.mark.parametrize(
    ("made", "config", "said"),
    [
        ({"offload": False}, {}, "packaging/setup --gpu auto"),
        ({"offload": True}, {}, "no GPU it can use"),
        ({"offload": True, "gpu_layers": 3}, {}, ""),
        ({"offload": False}, {"gpu_layers": 0}, ""),
    ],
)
def test_a_gpu_that_lies_idle_is_told_only_where_there_is_one(
    made: dict[str, Any], config: dict[str, Any], said: str, has_gpu: bool
):
    found = list(report.warnings(tenant(**made), EngineConfig(**config)))
    assert bool(found) == (has_gpu and bool(said))
    assert all(said in warning for warning in found)


def test_what_the_load_had_to_give_up_is_told_once(has_gpu: bool):
    found = list(report.warnings(tenant(offload=True, warnings=("it fell",)), EngineConfig()))
    assert found == ["it fell"]


def test_before_the_load_there_is_nothing_to_say():
    assert list(report.warnings(None, EngineConfig())) == []
