"""A GPU that does not come back from a suspend is said to be missing, and nothing else is asked."""

from ingle.engine.gpu_watch import GpuWatch
from ingle.engine.protocol import Device, DevicesResult
from ingle.errors import EngineUnavailable
from ingle.vocabulary import EngineState
from ingle.wire.calls.daemon import EngineStatus

CPU = Device("CPU", "a processor", "cpu")
BIG = Device("CUDA0", "Big GPU", "gpu")
SOFT = Device("Vulkan0", "llvmpipe (LLVM 15.0.6, 256 bits)", "gpu")


class Machine:
    """What the probe would find; `asked` counts."""

    def __init__(self, *devices: Device) -> None:
        self.devices = [CPU, *devices]
        self.error: EngineUnavailable | None = None
        self.asked = 0

    def __call__(self) -> DevicesResult:
        self.asked += 1
        if self.error:
            raise self.error
        return DevicesResult(devices=self.devices, offload=True, build="test")


def ready(device: str, gpu_layers: int = 30) -> EngineStatus:
    return EngineStatus(state=EngineState.READY, device=device, layers=30, gpu_layers=gpu_layers)


async def test_a_machine_whose_model_is_on_the_cpu_is_asked_nothing() -> None:
    machine = Machine(BIG)
    watch = GpuWatch(machine)
    watch.hear(ready("CPU", 0))
    assert await watch.verify() is None
    assert machine.asked == 0


async def test_a_gpu_that_is_still_there_is_no_warning() -> None:
    watch = GpuWatch(Machine(BIG, SOFT))
    watch.hear(ready(f"{BIG.description}, {SOFT.description}"))
    watch.hear(EngineStatus(state=EngineState.PARKED, reason="suspend"))
    assert await watch.verify() is None
    assert watch.warnings() == []


async def test_a_gpu_that_is_gone_is_named_until_it_is_back() -> None:
    machine = Machine(SOFT)
    watch = GpuWatch(machine)
    watch.hear(ready(f"{SOFT.description}, {BIG.description}"))
    assert await watch.verify() == "Big GPU is not there any more"
    assert "runs on the CPU" in watch.warnings()[0]
    watch.hear(ready("CPU", 0))
    assert watch.warnings()
    machine.devices = [CPU, SOFT, BIG]
    assert await watch.verify() is None
    assert watch.warnings() == []


async def test_a_model_on_a_gpu_again_takes_the_warning_back() -> None:
    watch = GpuWatch(Machine())
    watch.hear(ready(BIG.description))
    assert await watch.verify()
    watch.hear(ready(BIG.description))
    assert watch.warnings() == []


async def test_a_driver_that_does_not_answer_counts_as_missing() -> None:
    machine = Machine(BIG)
    machine.error = EngineUnavailable("no answer within 60 s")
    watch = GpuWatch(machine)
    watch.hear(ready(BIG.description))
    assert "no answer within 60 s" in (await watch.verify() or "")
