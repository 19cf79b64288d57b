"""The machine and the installation: Python, cores, disk, the build of llama.cpp."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import ingle
from ingle.cli import words
from ingle.cli.checkup.finding import Finding, Findings, fail, ok, warn
from ingle.cli.session import Session

OLDEST_PYTHON = (3, 11)
LEAST_DISK = 1_000_000_000
"""A small model and a log fit."""
ENGINE_S = 60.0
"""Loading llama.cpp's libraries from a cold disk."""

_ASK_ENGINE = (
    "import json, llama_cpp as l;"
    "print(json.dumps([l.__version__, bool(l.llama_supports_gpu_offload())]))"
)


def installation(session: Session) -> Findings:
    version = ".".join(map(str, sys.version_info[:3]))
    place = "virtual environment" if sys.prefix != sys.base_prefix else "system"
    text = f"ingle {ingle.__version__}, Python {version} ({place} {sys.prefix})"
    if sys.version_info < OLDEST_PYTHON:
        yield fail("python", text, "Ingle needs Python 3.11 or later")
    else:
        yield ok("python", text)


def cores(session: Session) -> Findings:
    usable = len(os.sched_getaffinity(0))
    text = f"{words.count(usable, 'core')} usable"
    yield ok("cores", text) if usable > 1 else warn("cores", text, "answers are slow on a single core")


def disk(session: Session) -> Findings:
    place = session.paths.data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    text = f"{words.size(free)} free for {session.paths.data}"
    if not os.access(place, os.W_OK):
        yield fail("disk", f"{place} is read-only", "make it writable, or set XDG_DATA_HOME")
    elif free < LEAST_DISK:
        yield warn("disk", text, "a model needs 0.2 to 5 GB")
    else:
        yield ok("disk", text)


def engine_build(session: Session) -> Findings:
    """Ask in a process of its own: this one never loads llama.cpp."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK_ENGINE],
            capture_output=True,
            text=True,
            timeout=ENGINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield fail("engine", f"llama.cpp did not load within {ENGINE_S:.0f} s", "look at the disk")
        return
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        yield fail(
            "engine", f"llama.cpp cannot be loaded: {last}", "`make run` builds it for this machine"
        )
        return
    yield judge_build(*json.loads(done.stdout), has_gpu=_has_gpu())


def judge_build(version: str, can_offload: bool, *, has_gpu: bool) -> Finding:
    """A CPU-only build beside a GPU is what people never notice by themselves."""
    if has_gpu and not can_offload:
        return warn(
            "engine",
            f"llama-cpp-python {version} uses the CPU only, but there is a GPU",
            "`make run` builds it anew for the GPU where the CUDA toolkit is installed",
        )
    device = "GPU" if can_offload else "CPU"
    return ok("engine", f"llama-cpp-python {version}, built for the {device}")


def _has_gpu() -> bool:
    return Path("/dev/nvidia0").exists()


CHECKS = (installation, cores, disk, engine_build)
