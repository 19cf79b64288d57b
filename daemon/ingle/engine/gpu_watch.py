"""Whether the GPU that the model ran on is still there, asked when somebody wants to know: a GPU
may not come back from a suspend. Nothing is asked of a machine whose model is on the CPU."""

import asyncio
from collections.abc import Callable

from ingle.engine import probe
from ingle.engine.protocol import Device, DevicesResult, gpus
from ingle.errors import EngineUnavailable
from ingle.vocabulary import EngineState
from ingle.wire.calls.daemon import EngineStatus


class GpuWatch:
    """`hear` learns from the engine where the model is, `verify` looks whether that is still there."""

    def __init__(self, devices: Callable[[], DevicesResult] = probe.devices) -> None:
        self._devices = devices
        self._used = ""
        self._missing = ""

    def hear(self, engine: EngineStatus) -> None:
        """The engine's state has changed."""
        if engine.state is not EngineState.READY:
            return
        if engine.gpu_layers:
            self._used, self._missing = engine.device, ""
        elif not self._missing:
            self._used = ""

    async def verify(self) -> str | None:
        """Ask a process that ends at once; gives what is missing."""
        if not self._used:
            return None
        try:
            found = await asyncio.to_thread(self._devices)
        except EngineUnavailable as error:
            self._missing = f"{self._used} does not answer any more ({error.message})"
        else:
            gone = _without(self._used, gpus(found.devices))
            self._missing = f"{gone} is not there any more" if gone else ""
        return self._missing or None

    def warnings(self) -> list[str]:
        if not self._missing:
            return []
        return [
            f"{self._missing}: the model runs on the CPU until the driver or the machine is restarted"
        ]


def _without(used: str, present: list[Device]) -> str:
    """What is left of "NAME, NAME" once those that are there are taken out; a name may have commas."""
    for device in sorted(present, key=lambda device: -len(device.description)):
        used = used.replace(device.description, "", 1)
    return used.strip(", ")
