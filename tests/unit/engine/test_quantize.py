"""Rewriting weights as a program: whole or not at all, one line on failure."""

import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest

import ingle
from ingle.models.gguf import read_header

SOURCES = Path(ingle.__file__).resolve().parent.parent
PATIENCE_S = 60


def quantize(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ingle.engine.child.quantize", *map(str, arguments)]
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SOURCES)},
        timeout=PATIENCE_S,
    )


@pytest.mark.engine
def test_a_model_is_rewritten_and_nothing_else_is_left(tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    target = tmp_path / "tiny-q8.gguf"
    done = quantize(tiny_model, target, "q8_0")
    assert (done.returncode, done.stderr) == (0, "")
    shares = [json.loads(line)["progress"] for line in done.stdout.splitlines()]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert read_header(target).quantization == "Q8_0"
    assert read_header(target).parameters == read_header(tiny_model).parameters
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.engine
def test_an_unknown_type_is_one_line(tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    done = quantize(tiny_model, tmp_path / "x.gguf", "Q99")
    assert done.returncode == 1
    assert "'Q99' is not a type" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_model_is_refused_before_llama_cpp_sees_it(tmp_path: Path) -> None:
    source = tmp_path / "no.gguf"
    source.write_bytes(b"GGUF, but not really")
    done = quantize(source, tmp_path / "x.gguf", "Q8_0")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == [source]


def test_a_target_that_cannot_be_written_is_one_line(tiny_model: Path, tmp_path: Path) -> None:
    done = quantize(tiny_model, tmp_path / "gone" / "x.gguf", "Q8_0")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


def test_two_at_a_time_do_not_write_one_file(tiny_model: Path, tmp_path: Path) -> None:
    with (tmp_path / "x.gguf.part").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = quantize(tiny_model, tmp_path / "x.gguf", "Q8_0")
    assert done.returncode == 1
    assert "another process" in done.stderr


def test_wrong_usage_is_said_with_its_own_code() -> None:
    done = quantize("only one")
    assert done.returncode == 2
    assert done.stderr.startswith("usage:")
