"""What is said before loading against what llama.cpp then allocates, for every architecture."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fakes import allocating, tiny_gguf
from ingle.engine.outlook import memory_here
from ingle.models.estimate import Memory, Wish, estimate
from ingle.models.footprint import KvType
from ingle.models.gguf import read_header

pytestmark = pytest.mark.engine

BOUND_S = 60
"""It takes seconds; a busy machine may take some more."""
N_CTX, SEQUENCES = 32_768, 16
PLENTY = Memory(1 << 40)


def allocated(files: Sequence[Path], n_ctx: int, kv_type: KvType) -> list[dict[str, int]]:
    done = subprocess.run(
        [sys.executable, allocating.__file__, str(n_ctx), str(SEQUENCES), kv_type, *map(str, files)],
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("architectures")
    return {name: tiny_gguf.build(folder / f"{name}.gguf", model=name) for name in tiny_gguf.MODELS}


def test_the_context_of_every_architecture_takes_what_was_said(everything: dict[str, Path]) -> None:
    wrong = {}
    for name, real in zip(everything, allocated(list(everything.values()), N_CTX, "f16"), strict=True):
        wish = Wish(n_ctx=N_CTX, sequences=SEQUENCES)
        said = estimate(read_header(everything[name]), PLENTY, wish).kv_bytes
        if said != pytest.approx(real["KV"] + real["RS"], rel=0.02, abs=20_000):
            wrong[name] = (said, real["KV"] + real["RS"])
    assert wrong == {}


@pytest.mark.parametrize("kv_type", ["f16", "q8_0", "q4_0"])
def test_the_embedded_model_takes_what_was_said(embedded_model: Path, kv_type: KvType) -> None:
    header = read_header(embedded_model)
    (real,) = allocated([embedded_model], 2048, kv_type)
    said = estimate(header, PLENTY, Wish(n_ctx=2048, kv_type=kv_type, sequences=SEQUENCES))
    assert said.kv_bytes == pytest.approx(real["KV"], rel=0.001)
    assert said.weights_bytes == pytest.approx(header.size_bytes, rel=0.02)
    buffers = real["compute"] + real["output"]
    assert buffers < said.compute_bytes < 10 * buffers


def test_what_is_free_is_asked_of_llama_cpp_in_a_process_of_its_own() -> None:
    free = memory_here()
    assert free.ram_available > 0
    assert all(0 <= gpu.free <= gpu.total for gpu in free.gpus)
    assert memory_here(os.getpid()).ram_available > 0
