"""What people read of models and sizes, wherever they read it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle import naming
from ingle.cli import words


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (98_000_000, "98 MB"),
        (245_000_000, "245 MB"),
        (1_130_000_000, "1.1 GB"),
        (26e12, "26 TB"),
        (26e15, "26000 TB"),
    ],
)
def test_sizes_are_decimal_and_short(count: float, said: str) -> None:
    assert naming.size(count) == words.size(count) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("smollm2-135m-instruct", "SmolLM2 135M"),
        ("qwen2.5-0.5b-instruct", "Qwen2.5 0.5B"),
        ("gemma-3-1b-it", "Gemma 3 1B"),
        ("TinyLlama-1.1B-Chat", "TinyLlama 1.1B"),
        ("my_own_model", "My_own_model"),
        ("instruct", "instruct"),
        ("", ""),
        ("--", "--"),
    ],
)
def test_a_model_is_called_as_its_makers_write_it(name: str, said: str) -> None:
    assert naming.model(name) == said


def test_two_that_would_be_called_the_same_keep_their_names() -> None:
    names = ["qwen3-4b", "qwen3-4b-instruct", "smollm2-135m-instruct"]
    assert naming.models(names) == {
        "qwen3-4b": "qwen3-4b",
        "qwen3-4b-instruct": "qwen3-4b-instruct",
        "smollm2-135m-instruct": "SmolLM2 135M",
    }


@given(st.lists(st.text(max_size=20), unique=True, max_size=6))
def test_no_two_models_are_called_the_same(names: list[str]) -> None:
    called = naming.models(names)
    assert list(called) == names
    shared = [words for name, words in called.items() if words != name]
    assert len(shared) == len(set(shared))


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ({"rss_bytes": 245_000_000}, "on the CPU, 245 MB"),
        ({"rss_bytes": 0}, "on the CPU"),
        ({}, "on the CPU"),
        ({"layers": 30, "gpu_layers": 30, "vram_bytes": 1_100_000_000}, "on the GPU, 1.1 GB"),
        ({"layers": 30, "gpu_layers": 30}, "on the GPU"),
        (
            {"layers": 37, "gpu_layers": 20, "vram_bytes": 3_100_000_000, "rss_bytes": 9},
            "on the GPU, 3.1 GB, 20 of 37 layers",
        ),
    ],
)
def test_where_the_weights_are_is_said_with_what_they_take_there(
    engine: dict[str, Any], said: str
) -> None:
    assert naming.place(engine) == said
