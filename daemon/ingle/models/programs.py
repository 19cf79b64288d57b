"""The programs beside the engine that work on model files: started, followed, stopped with us.

`quantize`, `measure` and `devices` of `ingle.engine.child` run in processes of their own, for only
those may load llama.cpp. What they print is JSON, one value a line: how far they are, then results.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import msgspec

import ingle
from ingle.errors import Unavailable
from ingle.models.parts import Share

STOP_S = 5.0
"""A killed process is gone at once; only one in the middle of a disk's failure is not."""


def run(
    program: str, *arguments: str | Path, on_share: Share = lambda _: None, limit_s: float | None = None
) -> list[dict[str, Any]]:
    """Run `ingle.engine.child.<program>` to its end; gives the results that it printed.

    Raises `Unavailable` with its last words when it fails or takes longer than `limit_s`. When
    this call is interrupted the program is killed.
    """
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryFile() as words, _started(program, arguments, words) as process:
        timer = Timer(limit_s or 0, process.kill)
        if limit_s:
            timer.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                said = msgspec.json.decode(line, type=dict[str, Any])
                if "progress" in said:
                    on_share(float(said["progress"]))
                else:
                    results.append(said)
            code = process.wait()
        finally:
            timer.cancel()
        if code:
            raise Unavailable(_why(program, code, words, limit_s))
    return results


@contextmanager
def _started(
    program: str, arguments: tuple[str | Path, ...], words: Any
) -> "Iterator[subprocess.Popen[bytes]]":
    sources = str(Path(ingle.__file__).resolve().parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", f"ingle.engine.child.{program}", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=words,
        env={**os.environ, "PYTHONPATH": sources},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(STOP_S)
        assert process.stdout is not None
        process.stdout.close()


def _why(program: str, code: int, words: Any, limit_s: float | None) -> str:
    words.seek(0)
    lines = words.read().decode("utf-8", "replace").strip().splitlines()
    if code == -9 and limit_s:
        return f"{program} took longer than {limit_s:.0f} s"
    if code < 0:
        return f"{program} was ended by signal {-code}"
    return lines[-1] if lines else f"{program} ended with code {code}"
