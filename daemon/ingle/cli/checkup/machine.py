"""The machine and the installation: Python, cores, disk, the build of llama.cpp."""

import os
import shutil
import sys

import ingle
from ingle.cli import words
from ingle.cli.checkup.finding import Finding, Findings, fail, ok, warn
from ingle.cli.session import Session
from ingle.engine import machine, probe
from ingle.engine.protocol import DevicesResult, gpus
from ingle.errors import EngineUnavailable

OLDEST_PYTHON = (3, 11)
LEAST_DISK = 1_000_000_000
"""A small model and a log fit."""


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
    """Ask in a process of its own: this one never loads llama.cpp, nor touches a GPU."""
    try:
        found = probe.devices()
    except EngineUnavailable as error:
        yield fail("engine", error.message, error.hint)
        return
    yield judge_build(found, has_gpu=machine.has_gpu())
    for gpu in gpus(found.devices):
        text = f"{gpu.name}, {gpu.description}"
        if gpu.total_bytes:
            text += f", {words.size(gpu.free_bytes)} of {words.size(gpu.total_bytes)} free"
        yield ok("gpu", text)


def judge_build(found: DevicesResult, *, has_gpu: bool) -> Finding:
    """A GPU that lies idle is what people never notice by themselves."""
    if has_gpu and not found.offload:
        return warn(
            "engine",
            f"{found.build}: for the CPU only, but there is a GPU",
            "`packaging/setup --gpu auto` builds it for the GPU, and says what that needs",
        )
    if has_gpu and not gpus(found.devices):
        return warn(
            "engine",
            f"{found.build}: for a GPU, but it finds none that it can use",
            "look whether the GPU's driver is installed and whether you may use it (group render)",
        )
    return ok("engine", f"{found.build}: for the {'GPU' if found.offload else 'CPU'}")


CHECKS = (installation, cores, disk, engine_build)
