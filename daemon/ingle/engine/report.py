"""How the engine is, for a person: the figures of `daemon.status`, and its warnings in words."""

from collections.abc import Iterator
from typing import Any

import msgspec

from ingle.config import EngineConfig
from ingle.engine import machine
from ingle.engine.tenant import Tenant
from ingle.wire.calls.daemon import EngineStatus

_FIGURES = (
    "n_ctx",
    "slots",
    "device",
    "vram_bytes",
    "threads",
    "build",
    "layers",
    "gpu_layers",
    "kv_type",
)


def with_figures(base: EngineStatus, tenant: Tenant | None) -> EngineStatus:
    """The figures of a tenant's process and of its load, as far as there are any."""
    if tenant is None or tenant.life is None:
        return base
    figures: dict[str, Any] = {"pid": tenant.life.pid, "rss_bytes": machine.rss(tenant.life.pid)}
    if tenant.loaded is not None:
        figures |= {name: getattr(tenant.loaded, name) for name in _FIGURES}
    if tenant.fitting is not None:
        figures["notes"] = list(tenant.fitting.notes)
    return msgspec.structs.replace(base, **figures)


def warnings(tenant: Tenant | None, config: EngineConfig) -> Iterator[str]:
    """What makes the resident model slower or less than it could be, with the next step."""
    if tenant is None or tenant.loaded is None or tenant.fitting is None:
        return
    yield from tenant.fitting.warnings
    if tenant.loaded.gpu_layers or not config.gpu_layers or not machine.has_gpu():
        return
    if not tenant.loaded.offload:
        yield (
            "this machine has a GPU, but llama.cpp was built for the CPU only: "
            "`packaging/setup --gpu auto` builds it for the GPU"
        )
    elif not tenant.fitting.warnings:
        yield (
            "the model runs on the CPU: llama.cpp found no GPU it can use; "
            "`ingle doctor` shows the devices, its driver may be missing"
        )
