"""Rewriting a model's weights, as the pulls call it: a program that leaves a whole file or none."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingle.models.gguf import read_header

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[2]
BOUND_S = 60
"""It takes a second; a busy machine may take some more."""


def quantize(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ingle.engine.child.quantize", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "daemon")},
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )


def fails(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line that a failure says."""
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("kind", ["q8_0", "Q8_0", "q4_0", "f16"])
def test_a_model_is_rewritten_and_tells_how_far_it_is(
    tiny_model: Path, tmp_path: Path, kind: str
) -> None:
    done = quantize(tiny_model, tmp_path / "new.gguf", kind)
    assert (done.returncode, done.stderr) == (0, "")
    shares = [json.loads(line)["progress"] for line in done.stdout.splitlines()]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert names(tmp_path) == ["new.gguf"]
    before, after = read_header(tiny_model), read_header(tmp_path / "new.gguf")
    assert after.quantization == kind.upper()
    assert (after.parameters, after.n_vocab) == (before.parameters, before.n_vocab)
    assert after.chat_template == before.chat_template


def test_a_quantised_model_is_rewritten_again(tiny_model: Path, tmp_path: Path) -> None:
    assert quantize(tiny_model, tmp_path / "small.gguf", "q4_1").returncode == 0
    assert quantize(tmp_path / "small.gguf", tmp_path / "fast.gguf", "q8_0").returncode == 0
    assert read_header(tmp_path / "fast.gguf").quantization == "Q8_0"


def test_an_older_file_and_what_a_broken_run_left_are_replaced(tiny_model: Path, tmp_path: Path) -> None:
    for name in ("new.gguf", "new.gguf.part"):
        (tmp_path / name).write_bytes(b"left over" * 100_000)
    assert quantize(tiny_model, tmp_path / "new.gguf", "q8_0").returncode == 0
    assert names(tmp_path) == ["new.gguf"]
    assert read_header(tmp_path / "new.gguf").quantization == "Q8_0"


def test_an_unknown_type_is_named_and_nothing_is_left(tiny_model: Path, tmp_path: Path) -> None:
    assert "'q9_9'" in fails(quantize(tiny_model, tmp_path / "new.gguf", "q9_9"))
    assert names(tmp_path) == []


@pytest.mark.parametrize("end", [0, 4, 5000, -100])
def test_a_broken_model_never_reaches_llama_cpp(tiny_model: Path, tmp_path: Path, end: int) -> None:
    (tmp_path / "broken.gguf").write_bytes(tiny_model.read_bytes()[:end])
    assert "broken.gguf" in fails(quantize(tmp_path / "broken.gguf", tmp_path / "new.gguf", "q8_0"))
    assert names(tmp_path) == ["broken.gguf"]


def test_what_only_llama_cpp_can_refuse_is_told_in_its_words(tiny_model: Path, tmp_path: Path) -> None:
    unknown = tiny_model.read_bytes().replace(b"\5\0\0\0\0\0\0\0llama", b"\5\0\0\0\0\0\0\0drama")
    (tmp_path / "drama.gguf").write_bytes(unknown)
    assert read_header(tmp_path / "drama.gguf").architecture == "drama"
    assert "drama" in fails(quantize(tmp_path / "drama.gguf", tmp_path / "new.gguf", "q8_0"))
    assert names(tmp_path) == ["drama.gguf"]


def test_a_missing_source_and_a_missing_folder_are_named(tiny_model: Path, tmp_path: Path) -> None:
    assert "gone.gguf" in fails(quantize(tmp_path / "gone.gguf", tmp_path / "new.gguf", "q8_0"))
    assert "No such file" in fails(quantize(tiny_model, tmp_path / "gone" / "new.gguf", "q8_0"))


def test_two_do_not_write_the_same_file(tiny_model: Path, tmp_path: Path) -> None:
    with (tmp_path / "new.gguf.part").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another process" in fails(quantize(tiny_model, tmp_path / "new.gguf", "q8_0"))
    assert names(tmp_path) == ["new.gguf.part"]


def test_wrong_usage_is_told(tiny_model: Path) -> None:
    done = quantize(tiny_model)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
