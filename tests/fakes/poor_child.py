"""The real engine child with little memory: `POOR_MIB` of address space beyond what it starts with."""

import os
import resource
import runpy
from pathlib import Path

import llama_cpp.llama_cpp  # its libraries are mapped before the limit is set

MODULE = "fakes.poor_child"
HELD = llama_cpp.llama_cpp


def poor(mib: int) -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + mib * (1 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    poor(int(os.environ["POOR_MIB"]))
    runpy.run_module("ingle.engine.child", run_name="__main__")
