"""Writing the files: a model by its name."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np

from fakes.tiny_gguf.architectures import ARCHITECTURES, Architecture, Fact
from fakes.tiny_gguf.models import MODELS
from fakes.tiny_gguf.vocabularies import Vocabulary
from fakes.tiny_gguf.weights import EMBEDDING, FEED_FORWARD, HEAD, HEADS, Weights

KINDS = {
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}


def build(
    path: Path,
    model: str = "llama",
    *,
    seed: int = 0,
    n_ctx: int = 2048,
    kind: str = "f16",
    ending: str = "",
    facts: Mapping[str, Fact] | None = None,
) -> Path:
    """Write the tiny `model` (a name in `MODELS`) to `path` and give it back; takes some 20 ms.

    `kind` is the type of its matrices: "f32", "f16" or "q8_0". With `ending`, the text of a token,
    that one is always the likeliest. `facts` are more of the architecture's numbers, or other ones.
    """
    made = MODELS[model]
    shape, vocabulary = ARCHITECTURES[made.architecture], made.vocabulary()
    shape = replace(shape, facts={**shape.facts, **(facts or {})})
    writer = gguf.GGUFWriter(path, shape.name)
    writer.add_name("tiny-random")
    writer.add_license("CC0-1.0")
    writer.add_file_type(int(KINDS[kind][1]))
    _describe(writer, shape, n_ctx)
    vocabulary.write(writer)
    if made.template:
        writer.add_chat_template(made.template)
    weights = Weights(writer, np.random.default_rng(seed), KINDS[kind][0])
    _write_ends(weights, shape, vocabulary, n_ctx, ending)
    for layer in range(shape.layers):
        shape.write_layer(weights, layer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(writer: gguf.GGUFWriter, shape: Architecture, n_ctx: int) -> None:
    writer.add_context_length(n_ctx)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(FEED_FORWARD)
    (writer.add_layer_norm_rms_eps if shape.is_rms else writer.add_layer_norm_eps)(1e-5)
    if shape.kv_heads:
        writer.add_head_count(HEADS)
    if shape.kv_heads and "attention.head_count_kv" not in shape.facts:
        writer.add_head_count_kv(shape.kv_heads)
    if shape.rotates:
        writer.add_rope_dimension_count(HEAD)
        writer.add_rope_freq_base(10000.0)
    for key, value in shape.facts.items():
        _add(writer, f"{shape.name}.{key}", value)


def _add(writer: gguf.GGUFWriter, key: str, value: Fact) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    else:
        writer.add_array(key, value)


def _write_ends(
    weights: Weights, shape: Architecture, vocabulary: Vocabulary, n_ctx: int, ending: str
) -> None:
    """What stands before the first layer and after the last."""
    if shape.output_norm:
        found = vocabulary.tokens.texts.index(ending) if ending else None
        weights.tokens(vocabulary.printable, found, is_tied=shape.is_tied, norm=shape.output_norm)
    else:
        weights.matrix("token_embd.weight", vocabulary.size, EMBEDDING)
    if shape.output_norm and shape.has_norm_bias:
        weights.filled(f"{shape.output_norm}.bias", 0, EMBEDDING)
    if shape.has_positions:
        weights.exact("position_embd.weight", n_ctx, EMBEDDING)
    if shape.ends is not None:
        shape.ends(weights, shape, vocabulary.size)
