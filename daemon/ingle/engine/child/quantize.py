"""`python -m ingle.engine.child.quantize SRC DST TYPE`: rewrite a model's weights in another type.

A program of its own, so that nobody has to import llama_cpp for it. SRC is checked before
llama.cpp opens it; DST appears whole or not at all: it is written as `DST.part` and renamed.
Standard output is for programs: lines such as {"progress": 0.25}. One line on standard error
tells why it could not be done. Exit codes: 0 done, 1 could not be done, 2 wrong usage.
"""

import fcntl
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from ingle.errors import BadModelFile, Busy, CallerError, IngleError, Unavailable
from ingle.models.gguf import read_header

PART = ".part"

_LOG_ERROR = 4
_TENSOR = re.compile(r"\[ *(\d+)/ *(\d+)\]")
"""llama.cpp has no callback for progress; it writes "[  12/ 272]" before each tensor."""

Report = Callable[[float], None]
"""Takes the share that is done."""


def requantize(source: Path, target: Path, kind: str, report: Report = lambda _: None) -> None:
    """Write `source` as `target` with weights of type `kind` ("Q8_0", "F16", "Q4_K_M", ...).

    Raises `BadModelFile` when the source cannot be read, `CallerError` for an unknown type,
    `Busy` when another process is writing the same target, `OSError` when it cannot be written.
    """
    read_header(source)
    part = target.with_name(target.name + PART)
    with part.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another process is writing {target.name}") from None
        try:
            _run(source, part, kind, report)
            os.fsync(lock.fileno())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    _sync_folder(target.parent)


def _run(source: Path, target: Path, kind: str, report: Report) -> None:
    try:
        import llama_cpp.llama_cpp as ll  # noqa: PLC0415 - 0.4 s; a usage error need not wait for it
    except ImportError as error:
        raise Unavailable(
            f"llama-cpp-python cannot be imported: {error}", "`make run` builds it"
        ) from None
    ftype = getattr(ll, f"LLAMA_FTYPE_MOSTLY_{kind.upper()}", None)
    if ftype is None:
        raise CallerError(f"{kind!r} is not a type of weights", "Q8_0, F16, Q4_K_M, ...")
    errors: list[str] = []

    def log(level: int, text: bytes, _: object) -> None:
        line = text.decode("utf-8", "replace").strip()
        if level == _LOG_ERROR:
            errors.append(line)
        elif counted := _TENSOR.search(line):
            report(int(counted[1]) / int(counted[2]))

    callback = ll.llama_log_callback(log)  # kept until the end: llama.cpp holds no reference
    ll.llama_log_set(callback, None)
    params = ll.llama_model_quantize_default_params()
    params.ftype = ftype
    params.allow_requantize = True
    code = ll.llama_model_quantize(os.fsencode(source), os.fsencode(target), params)
    if code:
        raise BadModelFile(f"llama.cpp cannot rewrite the model: {'; '.join(errors) or f'code {code}'}")


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _report(share: float) -> None:
    sys.stdout.write(json.dumps({"progress": round(share, 3)}) + "\n")
    sys.stdout.flush()


def main(argv: list[str]) -> int:
    # llama.cpp runs for seconds without returning to Python, where Ctrl-C would wait for it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if len(argv) != 3:
        sys.stderr.write("usage: python -m ingle.engine.child.quantize SRC DST TYPE\n")
        return 2
    try:
        requantize(Path(argv[0]), Path(argv[1]), argv[2], _report)
    except IngleError as error:
        sys.stderr.write(f"{error.message}{f' ({error.hint})' if error.hint else ''}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{argv[1]} cannot be written: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
