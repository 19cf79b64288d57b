"""`python -m ingle.engine.child.devices [NAME]`: prints what llama.cpp can compute on here, as JSON.

A program of its own that ends at once: the daemon and the command line never touch a GPU, and
what asking takes of its memory is given back. NAME limits whose memory is asked for; without it
every GPU's is.
"""

import sys

import msgspec

from ingle.engine.child.llama import devices, library
from ingle.engine.protocol import DevicesResult


def listed(measure: str | None) -> DevicesResult:
    """The devices. `measure`: the GPU whose memory is wanted, "" for the one where there is but
    one, None for all."""
    everything, gpus = devices.devices(), devices.gpus()
    wanted = [gpu for gpu in gpus if measure in (None, gpu.name) or (measure == "" and len(gpus) == 1)]
    known = {device.name: device for device in devices.measured(wanted)}
    return DevicesResult(
        devices=[known.get(device.name, device) for device in everything],
        offload=library.can_offload(),
        build=library.build(),
    )


def main() -> None:
    library.start()
    sys.stdout.buffer.write(msgspec.json.encode(listed(sys.argv[1] if sys.argv[1:] else None)) + b"\n")


if __name__ == "__main__":
    main()
