"""What an adapter must be like for a model: the files are real, llama.cpp never sees them."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from gguf.quants import quantize
from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.lora import LARGEST, check_fit, check_weights
from ingle.errors import BadModelFile
from ingle.models.gguf import read_header

Q = "blk.0.attn_q.weight"
"""64 x 64 in the base that these tests write."""
EXPERTS = "blk.0.ffn_up_exps.weight"
EMBEDDING = "token_embd.weight"
BASE = {Q: (64, 64), EXPERTS: (4, 128, 64), EMBEDDING: (320, 64), "output.weight": (320, 64)}
"""As numpy has them: rows first."""
KINDS = gguf.GGMLQuantizationType

Tensors = Mapping[str, np.ndarray[Any, Any]]


def write(path: Path, tensors: Tensors, raw: Mapping[str, KINDS] | None = None, **said: Any) -> Path:
    writer = gguf.GGUFWriter(path, said.pop("arch", "llama"))
    for key, value in said.items():
        name = key.replace("__", ".")
        (writer.add_float32 if isinstance(value, float) else writer.add_string)(name, value)
    for name, values in tensors.items():
        writer.add_tensor(name, values, raw_dtype=(raw or {}).get(name))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def lora(path: Path, tensors: Tensors, **said: Any) -> Path:
    kind = {"general__type": "adapter", "adapter__type": "lora", "adapter__lora__alpha": 4.0}
    return write(path, tensors, **{**kind, **said})


def factors(name: str, a: tuple[int, ...], b: tuple[int, ...]) -> dict[str, np.ndarray[Any, Any]]:
    return {f"{name}.lora_a": np.ones(a, np.float32), f"{name}.lora_b": np.ones(b, np.float32)}


GOOD = factors(Q, (4, 64), (64, 4))


@pytest.fixture
def complaint(tmp_path: Path) -> Callable[..., str]:
    """What is said of an adapter with these tensors; "" when it fits."""
    base = write(
        tmp_path / "hearth.gguf", {name: np.ones(shape, np.float16) for name, shape in BASE.items()}
    )

    def complaint(tensors: Tensors = GOOD, base: Path = base, **said: Any) -> str:
        adapter = lora(tmp_path / "poet.gguf", tensors, **said)
        try:
            check_fit(read_header(adapter), adapter.stem, read_header(base), base.stem)
        except BadModelFile as error:
            return error.message
        return ""

    return complaint


@pytest.mark.parametrize(
    "tensors",
    [
        GOOD,
        factors(EXPERTS, (4, 8, 64), (4, 128, 8)),
        factors(EMBEDDING, (320, 4), (64, 4)),
        {**GOOD, "blk.0.attn_norm.weight": np.ones(64, np.float32)},
    ],
    ids=["a matrix", "experts", "the embedding, the other way around", "a norm, passed over"],
)
def test_factors_of_a_weight_that_the_model_has_fit(complaint: Callable[..., str], tensors: Tensors):
    assert complaint(tensors) == ""


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        (factors(Q, (4, 96), (64, 4)), "96 x 64, the model's 64 x 64"),
        (factors(Q, (4, 64), (32, 4)), "64 x 32, the model's 64 x 64"),
        (factors("blk.9.attn_q.weight", (4, 64), (64, 4)), "which the model does not have"),
        (factors(Q, (4, 64), (64, 8)), "ranks"),
        (factors(Q, (2, 4, 64), (2, 64, 4)), "64 x 64"),
        (factors(EXPERTS, (3, 8, 64), (3, 128, 8)), "64 x 128"),
        (factors(EMBEDDING, (320, 4), (64, 8)), "ranks"),
    ],
    ids=["columns", "rows", "no such weight", "ranks", "a third dimension", "experts", "embedding"],
)
def test_what_does_not_fit_is_told_with_both_names(
    complaint: Callable[..., str], tensors: Tensors, words: str
):
    said = complaint(tensors)
    assert words in said
    assert "poet" in said
    assert "hearth" in said


def test_another_architecture_is_told_with_both_names(complaint: Callable[..., str]):
    said = complaint(arch="qwen2")
    assert all(word in said for word in ("poet", "hearth", "qwen2", "llama"))


def test_an_embedding_that_is_the_output_too_cannot_be_changed(
    complaint: Callable[..., str], tmp_path: Path
):
    tied = write(tmp_path / "tied.gguf", {EMBEDDING: np.ones((320, 64), np.float16)})
    assert "output too" in complaint(factors(EMBEDDING, (320, 4), (64, 4)), tied)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"general__type": "model"}, "no LoRA adapter"),
        ({"adapter__type": "control_vector"}, "no LoRA adapter"),
        ({"adapter__lora__alpha": math.nan}, "alpha"),
        ({"adapter__lora__alpha": math.inf}, "alpha"),
        ({"adapter__lora__alpha": "16"}, "alpha"),
        ({"adapter__alora__invocation_tokens": "x"}, "aLoRA"),
    ],
)
def test_what_is_no_plain_adapter_is_refused(
    complaint: Callable[..., str], said: dict[str, Any], words: str
):
    assert words in complaint(**said)


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({f"{Q}.lora_a": np.ones((4, 64), np.float32)}, "one half"),
        ({**GOOD, Q: np.ones((64, 64), np.float32)}, "no part of an adapter"),
        (
            {f"{Q}.lora_a": np.ones((4, 64), np.int32), f"{Q}.lora_b": np.ones((64, 4), np.float32)},
            "I32",
        ),
        ({"blk.0.attn_norm.weight": np.ones(64, np.float32)}, "one half"),
    ],
)
def test_tensors_that_make_no_adapter_are_refused(
    complaint: Callable[..., str], tensors: Tensors, words: str
):
    assert words in complaint(tensors)


def in_file(path: Path, kind: str, values: list[float]) -> Path:
    """An adapter whose first factor holds `values`."""
    a = np.resize(np.array(values, np.float32), (4, 64))
    if kind == "F32":
        return lora(path, {**GOOD, f"{Q}.lora_a": a})
    with np.errstate(over="ignore", invalid="ignore"):
        data = a.astype(np.float16) if kind == "F16" else quantize(a, KINDS[kind])
    raw = None if kind == "F16" else {f"{Q}.lora_a": KINDS[kind]}
    return lora(path, {**GOOD, f"{Q}.lora_a": data}, raw=raw)


def is_refused(path: Path) -> bool:
    try:
        check_weights(path, read_header(path))
    except BadModelFile:
        return True
    return False


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30])
def test_a_weight_that_is_no_number_is_found_wherever_it_stands(tmp_path: Path, kind: str, value: float):
    assert is_refused(in_file(tmp_path / "bad.gguf", kind, [*[0.5] * 255, value]))


@given(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=256),
    st.sampled_from(["F32", "F16", "BF16", "Q8_0"]),
)
def test_weights_of_a_sensible_size_are_accepted(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], kind: str
):
    assert not is_refused(in_file(tmp_path_factory.getbasetemp() / "sane.gguf", kind, values))


@given(st.floats(width=32))
def test_the_bound_is_what_sixteen_bits_hold(tmp_path_factory: pytest.TempPathFactory, value: float):
    path = in_file(tmp_path_factory.getbasetemp() / "bound.gguf", "F32", [value])
    assert is_refused(path) == (not abs(value) <= LARGEST)


def test_a_file_that_is_cut_while_it_is_read_is_refused(tmp_path: Path):
    path = lora(tmp_path / "poet.gguf", GOOD)
    header = read_header(path)
    path.write_bytes(path.read_bytes()[: header.data_offset + 100])
    with pytest.raises(BadModelFile, match="shorter"):
        check_weights(path, header)
    path.unlink()
    with pytest.raises(BadModelFile, match="poet"):
        check_weights(path, header)
