"""llama-server and llama-bench, compiled from the source and with the flags of the wheel in use.

Both come from the llama.cpp that the pinned llama-cpp-python carries, so that a difference in the
figures is one of the programs around it and not of its version or its kernels. Once they are built
they stay in the person's cache, named by all that went into them.
"""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

from place import ROOT, CannotMeasure, Programs

from ingle.paths import Paths

sys.path.insert(0, str(ROOT / "packaging" / "bootstrap"))
import accelerator
import environment
import llama
from command import SetupError, run
from screen import Screen

PROGRAMS = ("llama-server", "llama-bench")
FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    "-DCMAKE_BUILD_RPATH_USE_ORIGIN=ON",  # the programs find their libraries wherever they lie
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",  # would be downloaded
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
)
"""Beside the wheel's own: as llama-cpp-python's CMakeLists.txt has them, and nothing from the network."""


def build(cache: Path | None = None) -> Programs:
    """The programs, from the cache or compiled now (10 to 30 minutes on two cores).

    Raises `CannotMeasure` where they cannot be had.
    """
    cache = cache or Paths.from_environment().cache
    backend = _backend()
    home = cache / "peer" / llama.key(backend)
    if not all((home / name).is_file() for name in PROGRAMS):
        try:
            llama.check_compiler()
            _check_tools()
            _compile(backend, cache, home)
        except SetupError as error:
            raise CannotMeasure(f"llama-server cannot be built: {error.message}") from None
    return Programs(*(home / name for name in PROGRAMS))


def _backend() -> accelerator.Backend:
    """What the wheel in `.venv` was compiled for, with the flags that the programs need besides."""
    contents = environment.present()
    name = contents.wheel.removeprefix(f"{llama.version()}-").rpartition("-")[0] if contents else ""
    wheel = accelerator.BACKENDS.get(name) or accelerator.choose("auto")
    return replace(wheel, flags=(*wheel.flags, *FLAGS))


def _check_tools() -> None:
    missing = [name for name in ("cmake", "ninja") if not shutil.which(name)]
    if missing:
        raise SetupError(f"there is no {' and no '.join(missing)}; `apt-get install cmake ninja-build`")


def _compile(backend: accelerator.Backend, cache: Path, home: Path) -> None:
    place, log, screen = cache / "build" / f"peer-{home.name}", cache / "setup" / "peer.log", Screen()
    with llama.only_one(cache / "build", screen):
        screen.step("llama-server")
        source = llama.unpacked(Path(sys.executable), place, log, screen) / "vendor" / "llama.cpp"
        objects = place / "objects"
        configure = ["cmake", "-G", "Ninja", "-S", str(source), "-B", str(objects), *backend.cmake_flags]
        run(configure, log=log, screen=screen, doing="configuring", env=_compiler(backend))
        run(
            [
                *("cmake", "--build", str(objects), "--parallel", str(accelerator.jobs(backend))),
                *("--target", *PROGRAMS),
            ],
            log=log,
            screen=screen,
            doing="compiling",
            watch=llama.ninja_step,
        )
        shutil.rmtree(home, ignore_errors=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        (objects / "bin").replace(home)
        shutil.rmtree(place, ignore_errors=True)
        screen.done(f"of llama.cpp in llama-cpp-python {llama.version()}, compiled")


def _compiler(backend: accelerator.Backend) -> dict[str, str]:
    compiler = accelerator.nvcc()
    return {"CUDACXX": compiler} if backend.name == "cuda" and compiler else {}
