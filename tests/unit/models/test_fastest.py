"""Which types of weights a file is worth being tried in."""

from dataclasses import replace
from pathlib import Path

import pytest

from fakes import tiny_adapter, tiny_gguf
from ingle.models.fastest import candidates, part_of
from ingle.models.gguf import Header, read_header
from ingle.models.requantizing import KINDS, checked_kind, is_thrift_twice


@pytest.fixture
def header(tiny_model: Path) -> Header:
    return read_header(tiny_model)


@pytest.mark.parametrize(
    ("kind", "tried"),
    [
        ("Q4_1", ["Q8_0", "F16"]),
        ("Q4_K_M", ["Q8_0", "F16"]),
        ("Q6_K", ["Q8_0", "F16"]),
        ("Q8_0", ["F16"]),
        ("F16", ["Q8_0"]),
        ("BF16", ["Q8_0", "F16"]),
        ("F32", ["Q8_0", "F16"]),
    ],
)
def test_never_fewer_bits_than_eight(header: Header, kind: str, tried: list[str]) -> None:
    assert candidates(replace(header, quantization=kind)) == tried


@pytest.mark.parametrize(
    ("millions", "tried"), [(135, ["Q8_0", "F16"]), (600, ["Q8_0"]), (1500, ["Q8_0"]), (3000, [])]
)
def test_large_models_are_not_tried(header: Header, millions: int, tried: list[str]) -> None:
    parameters = millions * 1_000_000
    large = replace(
        header, quantization="Q4_K_M", parameters=parameters, size_bytes=parameters * 6 // 10
    )
    assert candidates(large) == tried


def test_a_large_file_is_left_alone_whatever_it_is(header: Header) -> None:
    assert candidates(replace(header, quantization="F16", size_bytes=3_000_000_000)) == []


def test_an_adapter_is_left_alone(tmp_path: Path) -> None:
    assert candidates(read_header(tiny_adapter.build(tmp_path / "a.gguf"))) == []


def test_an_embedder_is_left_alone(tmp_path: Path) -> None:
    assert candidates(read_header(tiny_gguf.build(tmp_path / "e.gguf", "bert", kind="f32"))) == []


def test_a_part_of_a_step_is_a_step() -> None:
    told: list[float] = []
    part_of(told.append, 0.5, 0.25)(0.5)
    assert told == [0.625]


def test_types_are_known_by_their_names() -> None:
    assert checked_kind("q4_k_m") == "Q4_K_M"
    assert {"Q8_0", "F16", "BF16", "Q4_0", "IQ4_NL"} <= set(KINDS)
    assert not {"F32", "IQ2_XXS", "Q2_K_S", "TQ1_0"} & set(KINDS)


def test_few_bits_from_few_bits_are_known() -> None:
    assert is_thrift_twice("Q4_1", "Q4_0")
    assert not is_thrift_twice("Q8_0", "Q4_0")
    assert not is_thrift_twice("Q4_1", "Q8_0")
