"""Asks what is free, and fits a model into it: the effects around `fitting`.

The child that will load a model is asked for its devices, so that nothing else has to touch a
GPU; of several GPUs none is asked by it, for that would cost it memory on each of them.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from ingle.config import EngineConfig
from ingle.engine import fitting, machine, protocol
from ingle.engine.fitting import Fitting, Rung
from ingle.engine.tenant import Tenant
from ingle.models.gguf import Header
from ingle.models.library import InstalledModel


class Planner:
    """Plans loads by one configuration."""

    def __init__(
        self, config: EngineConfig, snapshots: Path | None, probe: Callable[[], protocol.DevicesResult]
    ) -> None:
        self._config, self._snapshots, self._probe = config, snapshots, probe
        self._cpu_only = msgspec.structs.replace(config, gpu_layers=0)

    def stays_on_cpu(self, rung: Rung) -> bool:
        """Whether the child needs no GPU, and gets none to see."""
        return rung is Rung.CPU or not self._config.gpu_layers

    async def fit(self, tenant: Tenant, header: Header, rung: Rung = Rung.ESTIMATED) -> Fitting:
        """How the tenant loads its model into what is free now. Raises `NotEnoughMemory`."""
        devices = [] if self.stays_on_cpu(rung) else (await self._devices(tenant)).devices
        return self._fitting(tenant.model, header, self._config, devices, rung)

    async def fit_on_cpu(self, tenant: Tenant, header: Header) -> Fitting:
        """The same without any GPU. Raises `NotEnoughMemory`."""
        return self._fitting(tenant.model, header, self._cpu_only, [], Rung.ESTIMATED)

    async def has_room_beside(self, tenant: Tenant, header: Header, other: Tenant) -> bool:
        """Whether the tenant loads as well beside the other as in its place.

        Raises `NotEnoughMemory` where it would load in neither.
        """
        found = await self._devices(tenant)
        held = machine.held(other.life.pid) if other.life else machine.Held()
        vram = other.loaded.vram_bytes if other.loaded else 0
        beside, alone = fitting.both_ways(found.devices, held, vram)
        fitting.fitting(header, self._base(tenant.model), self._config, alone)
        return fitting.is_as_good(header, self._config, beside, alone)

    def _fitting(
        self,
        model: InstalledModel,
        header: Header,
        config: EngineConfig,
        devices: list[protocol.Device],
        rung: Rung,
    ) -> Fitting:
        free = fitting.memory(devices)
        return fitting.fitting(header, self._base(model), config, free, rung)

    async def _devices(self, tenant: Tenant) -> protocol.DevicesResult:
        found = await tenant.devices("" if self._config.device == "auto" else self._config.device)
        gpus = protocol.gpus(found.devices)
        if len(gpus) > 1 and not any(gpu.total_bytes for gpu in gpus):
            return await asyncio.to_thread(self._probe)
        return found

    def _base(self, model: InstalledModel) -> protocol.LoadParams:
        """What does not follow from memory."""
        return protocol.LoadParams(
            path=str(model.path),
            n_ctx=0,
            slots=self._config.slots,
            threads=self._config.threads or machine.threads(),
            gpu_layers=0,
            tune_threads=not self._config.threads,
            check_tensors=not model.is_verified,
            snapshots=str(self._snapshots or ""),
            model_id=model.sha256,
        )
