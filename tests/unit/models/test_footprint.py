"""What a header says of memory: by layer, by sort of layer, as llama.cpp counts it."""

from pathlib import Path

import gguf
import numpy as np
import pytest

from ingle.models.catalog import catalog
from ingle.models.footprint import footprint, rough_footprint
from ingle.models.gguf import read_header

Value = int | list[int] | list[bool]


def model(path: Path, architecture: str, **settings: Value) -> Path:
    """A header with those settings and four layers of one small tensor each."""
    writer = gguf.GGUFWriter(path, architecture)
    known: dict[str, Value] = {"block_count": 4, "embedding_length": 64, "attention.head_count": 4}
    for key, value in {**known, **{name.replace("__", "."): v for name, v in settings.items()}}.items():
        if isinstance(value, list):
            writer.add_array(f"{architecture}.{key}", value)
        else:
            writer.add_uint32(f"{architecture}.{key}", value)
    writer.add_tensor("token_embd.weight", np.ones((8, 64), np.float16))
    for layer in range(4):
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", np.ones((layer + 1, 64), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def rows(path: Path) -> list[tuple[int, int, int]]:
    found = footprint(read_header(path))
    return [(layer.keys, layer.values, layer.state) for layer in found.layers]


def test_weights_are_those_of_the_tensors(tmp_path: Path) -> None:
    found = footprint(read_header(model(tmp_path / "m.gguf", "llama")))
    assert [layer.weights for layer in found.layers] == [128, 256, 384, 512]
    assert (found.first_bytes, found.last_bytes, found.shared_bytes) == (1024, 0, 1024)
    assert found.weights_bytes == 1024 + 1280


def test_an_untied_output_needs_no_copy(tiny_model: Path) -> None:
    header = read_header(tiny_model)
    found = footprint(header)
    assert found.shared_bytes == 0
    assert found.last_bytes > found.n_embd
    assert found.weights_bytes == sum(tensor.size for tensor in header.tensors)


@pytest.mark.parametrize(
    ("architecture", "settings", "expected"),
    [
        ("llama", {}, [(64, 64, 0)] * 4),
        ("llama", {"attention__head_count_kv": 2}, [(32, 32, 0)] * 4),
        (
            "openelm",
            {"attention__head_count_kv": [1, 2, 2, 4]},
            [(16, 16, 0), (32, 32, 0), (32, 32, 0), (64, 64, 0)],
        ),
        (
            "gemma3",
            {"attention__key_length": 256, "attention__value_length": 256},
            [(1024, 1024, 0)] * 4,
        ),
        (
            "gemma4",
            {
                "attention__key_length": 512,
                "attention__value_length": 512,
                "attention__key_length_swa": 256,
                "attention__value_length_swa": 256,
                "attention__sliding_window_pattern": [True, False, True, False],
                "attention__head_count_kv": 1,
                "attention__shared_kv_layers": 2,
            },
            [(256, 256, 0), (512, 512, 0), (0, 0, 0), (0, 0, 0)],
        ),
        (
            "deepseek2",
            {
                "attention__head_count_kv": 1,
                "attention__key_length": 576,
                "attention__value_length": 512,
                "attention__key_length_mla": 192,
            },
            [(576, 0, 0)] * 4,
        ),
        (
            "mamba",
            {"ssm__conv_kernel": 4, "ssm__inner_size": 128, "ssm__state_size": 16},
            [(0, 0, (3 * 128 + 16 * 128) * 4)] * 4,
        ),
        ("rwkv7", {"wkv__head_size": 16}, [(0, 0, (2 * 64 + 64 * 16) * 4)] * 4),
        (
            "lfm2",
            {"shortconv__l_cache": 3, "attention__head_count_kv": [0, 2, 0, 2]},
            [(0, 0, 512), (32, 32, 0), (0, 0, 512), (32, 32, 0)],
        ),
        (
            "falcon-h1",
            {"ssm__conv_kernel": 1, "ssm__inner_size": 8, "ssm__state_size": 4},
            [(64, 64, 128)] * 4,
        ),
        (
            "qwen3next",
            {"ssm__conv_kernel": 1, "ssm__inner_size": 8, "ssm__state_size": 4},
            [(0, 0, 128)] * 3 + [(64, 64, 0)],
        ),
        ("bert", {}, [(0, 0, 0)] * 4),
    ],
)
def test_each_sort_of_layer_keeps_what_llama_cpp_keeps(
    tmp_path: Path,
    architecture: str,
    settings: dict[str, Value],
    expected: list[tuple[int, int, int]],
) -> None:
    assert rows(model(tmp_path / "m.gguf", architecture, **settings)) == expected


def test_a_setting_for_a_hundred_layers_is_read_whole(tmp_path: Path) -> None:
    counts = [1 + index % 2 for index in range(100)]
    path = model(tmp_path / "m.gguf", "deci", block_count=100, attention__head_count_kv=counts)
    assert [keys // 16 for keys, _, _ in rows(path)] == counts


def test_a_row_for_fewer_layers_than_there_are_is_as_good_as_none(tmp_path: Path) -> None:
    assert (
        rows(model(tmp_path / "m.gguf", "llama", attention__head_count_kv=[2, 2])) == [(64, 64, 0)] * 4
    )


@pytest.mark.parametrize("name", sorted(catalog()))
def test_the_catalog_is_estimated_by_its_figures(name: str) -> None:
    entry = catalog()[name]
    found = rough_footprint(entry)
    assert sum(layer.cache_bytes(1, "f16", 0) for layer in found.layers) == entry.kv_bytes
    assert found.is_rough
    assert found.takes("q8_0")
