"""The tables agree with the `gguf` package, which its publisher keeps beside llama.cpp."""

import gguf
import pytest

from ingle.models.ggml import FILE_TYPES, REMOVED_TENSOR_TYPES, TENSOR_TYPES

Q8_1 = gguf.GGMLQuantizationType.Q8_1
"""The package gives its size before ggml.h shortened it to 36 bytes; no file has such tensors."""


@pytest.mark.parametrize("kind", [kind for kind in gguf.GGMLQuantizationType if kind != Q8_1])
def test_a_tensor_type_has_the_packages_name_and_sizes(kind: gguf.GGMLQuantizationType) -> None:
    ours = TENSOR_TYPES[int(kind)]
    assert (ours.name, (ours.block, ours.size)) == (kind.name, gguf.GGML_QUANT_SIZES[kind])


@pytest.mark.parametrize("kind", [kind for kind in gguf.LlamaFileType if kind.name != "GUESSED"])
def test_a_file_type_has_the_packages_name(kind: gguf.LlamaFileType) -> None:
    assert kind.name.removesuffix("_MOE").endswith(FILE_TYPES[int(kind)].name.removesuffix("_MOE"))


def test_a_file_type_names_a_tensor_type() -> None:
    names = {kind.name for kind in TENSOR_TYPES.values()}
    assert {kind.tensors for kind in FILE_TYPES.values()} <= names


def test_a_removed_type_is_no_type() -> None:
    assert not REMOVED_TENSOR_TYPES.keys() & TENSOR_TYPES.keys()
