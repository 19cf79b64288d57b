"""The devices of this build of llama.cpp, told by a program that ends at once (`child.devices`).

Used where no engine child is at hand to be asked, or where asking would cost it memory of GPUs
that it will not use. It blocks: a loop calls it in a thread.
"""

import subprocess
import sys

import msgspec

from ingle.engine.life import GPU_VARIABLES
from ingle.engine.protocol import DevicesResult
from ingle.errors import EngineUnavailable
from ingle.procs.child import inherited_environment

MODULE = "ingle.engine.child.devices"

PROBE_S = 60.0
"""Loading llama.cpp's libraries from a cold disk, and waking a GPU that sleeps."""


def devices(module: str = MODULE) -> DevicesResult:
    """Every device, with the memory of all GPUs. Raises `EngineUnavailable`."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_S,
            check=False,
            env=inherited_environment(GPU_VARIABLES),
        )
    except subprocess.TimeoutExpired:
        raise EngineUnavailable(
            f"llama.cpp did not tell its devices within {PROBE_S:.0f} s", "look at the disk"
        ) from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise EngineUnavailable(
            f"llama.cpp cannot be loaded: {lines[-1]}", "`packaging/setup` builds it for this machine"
        )
    return msgspec.json.decode(done.stdout, type=DevicesResult)
