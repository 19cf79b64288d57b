"""The llama-cpp-python wheel: compiled once on this machine, then taken from the cache.

PyPI has the source only, and a wheel from elsewhere would lack this processor's instructions.
The source is unpacked and built in a place that stays until the wheel is there, so that a build
that was stopped goes on where it was. The finished wheel is renamed into the cache in one step.
"""

import fcntl
import hashlib
import platform
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import accelerator
from accelerator import Backend
from command import SetupError, run
from screen import Screen

PIN = Path(__file__).resolve().parent.parent / "llama-cpp-python.txt"
STEP = re.compile(r"^\s*\[(\d+)/(\d+)\]")


def version() -> str:
    """The pinned version."""
    found = re.search(r"^llama-cpp-python==(\S+)", PIN.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def key(backend: Backend) -> str:
    """Names a wheel by all that goes into it: a change of any of it is another wheel."""
    parts = [version(), *backend.cmake_flags, platform.machine(), _processor_flags()]
    return f"{version()}-{backend.name}-{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:12]}"


def cached(backend: Backend, cache: Path) -> Path | None:
    """The wheel, if it was built before."""
    return next((cache / "wheels" / key(backend)).glob("*.whl"), None)


def check_compiler() -> None:
    """Raises `SetupError` where nothing can be compiled."""
    if not shutil.which("g++"):
        raise SetupError("llama.cpp cannot be compiled: there is no g++", "install build-essential")


def build(backend: Backend, python: Path, cache: Path, log: Path, screen: Screen) -> Path:
    """Compile the wheel and put it into the cache. Raises `SetupError`."""
    with only_one(cache / "build", screen):
        return cached(backend, cache) or _build(backend, python, cache, log, screen)


def _build(backend: Backend, python: Path, cache: Path, log: Path, screen: Screen) -> Path:
    place = cache / "build" / key(backend)
    source = unpacked(python, place, log, screen)
    out = place / "out"
    shutil.rmtree(out, ignore_errors=True)
    run(
        [
            *(str(python), "-m", "pip", "wheel", "--no-deps", "--verbose"),
            *("--config-settings", f"build-dir={place / 'objects'}"),
            *("--wheel-dir", str(out), str(source)),
        ],
        log=log,
        screen=screen,
        doing="configuring",
        watch=ninja_step,
        env=_environment(backend),
    )
    home = cache / "wheels" / key(backend)
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    (out / "flags.txt").write_text("\n".join(backend.cmake_flags) + "\n", encoding="utf-8")
    out.rename(home)
    shutil.rmtree(place, ignore_errors=True)
    return next(home.glob("*.whl"))


def unpacked(python: Path, place: Path, log: Path, screen: Screen) -> Path:
    """The source tree, fetched by its hash; whole or not there at all."""
    source = place / "source"
    if source.is_dir():
        return source
    fetched, partial = place / "sdist", place / "unpacking"
    screen.progress("fetching the source")
    run(
        [
            *(str(python), "-m", "pip", "download", "--no-deps", "--no-binary", "llama-cpp-python"),
            *("--require-hashes", "--dest", str(fetched), "--requirement", str(PIN)),
        ],
        log=log,
        screen=screen,
    )
    screen.progress("unpacking the source")
    shutil.rmtree(partial, ignore_errors=True)
    with tarfile.open(next(fetched.glob("llama*.tar.gz"))) as archive:
        archive.extractall(partial)  # noqa: S202 - its hash was checked
    next(partial.iterdir()).rename(source)
    shutil.rmtree(partial)
    shutil.rmtree(fetched)
    return source


def _environment(backend: Backend) -> dict[str, str]:
    return {
        "CMAKE_ARGS": " ".join(backend.cmake_flags),
        "CMAKE_BUILD_PARALLEL_LEVEL": str(accelerator.jobs(backend)),
        **accelerator.toolkit_environment(backend),
    }


def ninja_step(line: str) -> tuple[str, float] | None:
    """Where a build is, by a line of ninja's output (a `command.Watch`)."""
    found = STEP.match(line)
    if not found:
        return None
    done, total = int(found[1]), int(found[2])
    return f"compiling {done}/{total}", done / total


def _processor_flags() -> str:
    """The instructions that GGML_NATIVE compiles for; empty where the kernel does not list them."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    found = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    return " ".join(sorted(found[1].split())) if found else ""


@contextmanager
def only_one(place: Path, screen: Screen) -> Iterator[None]:
    """Let one set-up at a time compile, whichever checkout it belongs to."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            screen.say("  another set-up is compiling llama.cpp; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
