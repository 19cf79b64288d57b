"""`python -m ingle.engine.child.devices`: prints what llama.cpp can compute on here, as JSON.

A program of its own that ends at once: the daemon and the command line never touch a GPU, and
what asking takes of its memory is given back.
"""

import sys
from collections.abc import Sequence

import msgspec

from ingle.engine.child.llama import devices, library
from ingle.engine.protocol import Device, DevicesResult


def listed(measure: str | None) -> DevicesResult:
    """The devices, with the memory of `DevicesParams.measure`'s."""
    gpus = devices.gpus()
    only = gpus if len(gpus) == 1 and measure is not None else []
    return _with_memory([gpu for gpu in gpus if gpu.name == measure] or only)


def _with_memory(wanted: Sequence[Device]) -> DevicesResult:
    known = {device.name: device for device in devices.measured(wanted)}
    return DevicesResult(
        devices=[known.get(device.name, device) for device in devices.devices()],
        offload=library.can_offload(),
        build=library.build(),
    )


def main() -> None:
    library.start()
    sys.stdout.buffer.write(msgspec.json.encode(_with_memory(devices.gpus())) + b"\n")


if __name__ == "__main__":
    main()
