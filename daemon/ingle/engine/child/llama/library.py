"""The library as a whole: its start, what it logs, how it was built."""

import re
import sys

import llama_cpp.llama_cpp as ll

_LOG_DEBUG, _LOG_ERROR = 1, 4

_NO_MEMORY = re.compile(
    r"alloc|out of memory|insufficient memory|mmap failed|temporarily unavailable", re.IGNORECASE
)
"""How llama.cpp and its backends say it; they have no code for it."""

last_errors: list[str] = []


def _write(level: int, text: bytes, _: object) -> None:
    """llama.cpp's messages go to standard error; the last errors are kept to explain a failure."""
    if level == _LOG_DEBUG:
        return
    sys.stderr.buffer.write(text)
    sys.stderr.buffer.flush()
    if level == _LOG_ERROR:
        last_errors.append(text.decode("utf-8", "replace").strip())
        del last_errors[:-3]


_log = ll.llama_log_callback(_write)
"""Kept as long as the library may call it."""


def start() -> None:
    """Initialise the library; once per process."""
    ll.llama_log_set(_log, None)
    ll.llama_backend_init()


def can_offload() -> bool:
    """Whether this build could use a GPU at all."""
    return bool(ll.llama_supports_gpu_offload())


def build() -> str:
    """The version and the instruction sets that this build uses."""
    features = ll.llama_print_system_info().decode("utf-8", "replace")
    on = [part.split("=")[0].strip() for part in features.replace(":", "|").split("|") if "= 1" in part]
    return f"llama.cpp {_version()} {' '.join(on)}".strip()


def _version() -> str:
    return str(getattr(ll, "__version__", "")) or _distribution_version()


def _distribution_version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - needed once, at load

    return "python " + version("llama-cpp-python")


def why() -> str:
    """The last errors, to explain a failure that has just happened."""
    return "; ".join(last_errors) or "no reason was given"


def is_short_of_memory() -> bool:
    """Whether the last errors tell of memory that could not be had."""
    return any(_NO_MEMORY.search(error) for error in last_errors)
