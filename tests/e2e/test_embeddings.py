"""Texts to vectors from the outside: by the person's configuration, through the socket."""

from pathlib import Path

import numpy as np
import pytest

from fakes import tiny_gguf
from fakes.running import daemon, install_model
from ingle.client import Ingle
from ingle.errors import BadModelFile, ContextTooLong, InvalidParams, NotFound

TEXTS = ["the sea", "fire and warm bread", "ships in the night"]

IMPOSSIBLE: list[dict[str, object]] = [
    {},
    {"texts": []},
    {"texts": [""]},
    {"texts": "one"},
    {"texts": ["x"] * 65},
    {"texts": [1]},
    {"texts": ["x"], "deadline_ms": -1},
    {"texts": ["x"], "priority": "first"},
    {"texts": ["x"], "path": "/etc/passwd"},
]


def choose(home: Path, name: str) -> None:
    folder = home / "config_home/ingle"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f'[model]\nembedder = "{name}"\n', encoding="utf-8")


def test_the_chosen_embedder_answers(home: Path) -> None:
    install_model(home, tiny_gguf.build(home / "vectors.gguf", "bert", n_ctx=128), "vectors")
    choose(home, "vectors")
    with daemon(home) as running, running.client() as client:
        found = client.embed(TEXTS)
        assert (found.model, found.dimensions) == ("vectors", tiny_gguf.EMBEDDING)
        np.testing.assert_allclose(np.linalg.norm(found.embeddings, axis=1), 1, atol=1e-6)
        with pytest.raises(ContextTooLong, match=r"texts\[1\]"):
            client.embed(["short", "long " * 100])
        assert client.embed(["short", "long " * 100], truncate=True).truncated == [1]
        assert client.generate("hello", max_tokens=2).usage.output_tokens


def test_a_model_that_writes_is_not_taken_for_one(home: Path) -> None:
    choose(home, "smollm2-135m-instruct")
    with daemon(home) as running, running.client() as client:
        with pytest.raises(BadModelFile, match="is no embedder"):
            client.embed(TEXTS)
        assert client.generate("hello", max_tokens=2).usage.output_tokens


def test_without_one_the_error_says_what_to_do(client: Ingle) -> None:
    with pytest.raises(NotFound) as caught:
        client.embed(TEXTS)
    assert "ingle model pull" in caught.value.hint


def test_impossible_parameters_are_refused(client: Ingle) -> None:
    for params in IMPOSSIBLE:
        with pytest.raises(InvalidParams):
            client.call("engine.embed", **params)
