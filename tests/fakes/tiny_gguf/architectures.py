"""What each architecture of llama.cpp wants in a file: its numbers and the tensors of a layer.

The shapes are those of `llama_model_*::load_arch_tensors` in llama.cpp's `src/models/`. An
architecture here is a shape only; `models.MODELS` gives it a tokenizer and a chat template.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from fakes.tiny_gguf.weights import EMBEDDING, FEED_FORWARD, HEAD, HEADS, HIDDEN, TIED_SHARE, Weights

INNER, STATE, CONV = 2 * EMBEDDING, 16, 4
"""Of a state-space layer."""
LAYERS, EXPERTS = 2, 4

Fact = int | float | bool | list[int] | list[bool]


@dataclass(frozen=True)
class Architecture:
    """A decoder of transformer blocks, unless `layer` writes other ones.

    `norms` are a layer's norms over the whole stream; `head_norms` is the width of those over
    queries and keys, 0 for none. `biased` names the other tensors that have a bias.
    """

    name: str
    kv_heads: int = 2
    layers: int = LAYERS
    is_rms: bool = True
    is_tied: bool = False
    is_fused: bool = False
    """Queries, keys and values in one tensor."""
    is_gated: bool = True
    up_rows: int = FEED_FORWARD
    norms: tuple[str, ...] = ("attn_norm", "ffn_norm")
    has_norm_bias: bool = False
    head_norms: tuple[int, int] = (0, 0)
    biased: frozenset[str] = frozenset()
    experts: bool = False
    has_positions: bool = False
    rotates: bool = True
    output_norm: str = "output_norm"
    facts: Mapping[str, Fact] = field(default_factory=dict)
    layer: "Callable[[Weights, Architecture, int], None] | None" = None
    ends: "Callable[[Weights, Architecture, int], None] | None" = None
    """More tensors outside of the layers; gets the size of the vocabulary."""

    def write_layer(self, weights: Weights, index: int) -> None:
        (self.layer or transformer)(weights, self, index)


def transformer(weights: Weights, shape: Architecture, index: int) -> None:
    """Attention, then feeding forward, each behind its norm."""
    attention(weights, shape, index)
    feed_forward(weights, shape, index)


def attention(weights: Weights, shape: Architecture, index: int) -> None:
    block, keys = f"blk.{index}", shape.kv_heads * HEAD
    for norm in shape.norms:
        _norm(weights, shape, f"{block}.{norm}", EMBEDDING)
    for part, width in zip("qk", shape.head_norms, strict=True):
        if width:
            weights.filled(f"{block}.attn_{part}_norm.weight", 1, width)
    parts = {"qkv": EMBEDDING + 2 * keys} if shape.is_fused else {"q": EMBEDDING, "k": keys, "v": keys}
    for part, rows in parts.items():
        weights.matrix(f"{block}.attn_{part}.weight", rows, EMBEDDING)
        _bias(weights, shape, f"{block}.attn_{part}", rows)
    weights.into_stream(f"{block}.attn_output.weight", EMBEDDING, EMBEDDING)
    _bias(weights, shape, f"{block}.attn_output", EMBEDDING)


def feed_forward(weights: Weights, shape: Architecture, index: int) -> None:
    block = f"blk.{index}"
    if shape.experts:
        _experts(weights, shape, block)
        return
    if shape.is_gated:
        weights.matrix(f"{block}.ffn_gate.weight", FEED_FORWARD, EMBEDDING)
    weights.matrix(f"{block}.ffn_up.weight", shape.up_rows, EMBEDDING)
    _bias(weights, shape, f"{block}.ffn_up", shape.up_rows)
    weights.into_stream(f"{block}.ffn_down.weight", EMBEDDING, FEED_FORWARD)
    _bias(weights, shape, f"{block}.ffn_down", EMBEDDING)


def _experts(weights: Weights, shape: Architecture, block: str) -> None:
    weights.exact(f"{block}.ffn_gate_inp.weight", EXPERTS, EMBEDDING)
    for part in ("gate", "up"):
        weights.matrix(f"{block}.ffn_{part}_exps.weight", EXPERTS, FEED_FORWARD, EMBEDDING)
    weights.into_stream(f"{block}.ffn_down_exps.weight", EXPERTS, EMBEDDING, FEED_FORWARD)


def _norm(weights: Weights, shape: Architecture, name: str, width: int) -> None:
    weights.filled(f"{name}.weight", 1, width)
    if shape.has_norm_bias:
        weights.filled(f"{name}.bias", 0, width)


def _bias(weights: Weights, shape: Architecture, name: str, width: int) -> None:
    if name.rpartition(".")[2] in shape.biased:
        weights.filled(f"{name}.bias", 0, width)


def mamba(weights: Weights, shape: Architecture, index: int) -> None:
    """A selective state space instead of attention: a memory that cannot be cut at a position."""
    block, rank = f"blk.{index}", 4
    weights.filled(f"{block}.attn_norm.weight", 1, EMBEDDING)
    weights.matrix(f"{block}.ssm_in.weight", 2 * INNER, EMBEDDING)
    weights.exact(f"{block}.ssm_conv1d.weight", INNER, CONV)
    weights.filled(f"{block}.ssm_conv1d.bias", 0, INNER)
    weights.matrix(f"{block}.ssm_x.weight", rank + 2 * STATE, INNER)
    weights.matrix(f"{block}.ssm_dt.weight", INNER, rank)
    weights.filled(f"{block}.ssm_dt.bias", 0, INNER)
    decay = -np.tile(np.arange(1, STATE + 1, dtype=np.float32), (INNER, 1))
    weights.writer.add_tensor(f"{block}.ssm_a", decay)
    weights.filled(f"{block}.ssm_d", 1, INNER)
    weights.into_stream(f"{block}.ssm_out.weight", EMBEDDING, INNER)


def granite_hybrid(weights: Weights, shape: Architecture, index: int) -> None:
    """Mamba 2 in the first layer, attention in the second."""
    block, groups, heads = f"blk.{index}", 1, 4
    if index == 1:
        transformer(weights, shape, index)
        return
    mixed = INNER + 2 * groups * STATE
    weights.filled(f"{block}.attn_norm.weight", 1, EMBEDDING)
    weights.filled(f"{block}.ffn_norm.weight", 1, EMBEDDING)
    weights.matrix(f"{block}.ssm_in.weight", INNER + mixed + heads, EMBEDDING)
    weights.exact(f"{block}.ssm_conv1d.weight", mixed, CONV)
    weights.filled(f"{block}.ssm_conv1d.bias", 0, mixed)
    weights.filled(f"{block}.ssm_dt.bias", 0, heads)
    weights.filled(f"{block}.ssm_a", -1, heads, 1)
    weights.filled(f"{block}.ssm_d", 1, heads, 1)
    weights.filled(f"{block}.ssm_norm.weight", 1, groups, INNER // groups)
    weights.into_stream(f"{block}.ssm_out.weight", EMBEDDING, INNER)
    feed_forward(weights, shape, index)


def lfm2(weights: Weights, shape: Architecture, index: int) -> None:
    """A short convolution in the first layer, attention in the second."""
    block = f"blk.{index}"
    if index == 1:
        transformer(weights, shape, index)
        return
    weights.filled(f"{block}.attn_norm.weight", 1, EMBEDDING)
    weights.filled(f"{block}.ffn_norm.weight", 1, EMBEDDING)
    weights.exact(f"{block}.shortconv.conv.weight", EMBEDDING, 3)
    weights.matrix(f"{block}.shortconv.in_proj.weight", 3 * EMBEDDING, EMBEDDING)
    weights.into_stream(f"{block}.shortconv.out_proj.weight", EMBEDDING, EMBEDDING)
    feed_forward(weights, shape, index)


def qwen35(weights: Weights, shape: Architecture, index: int) -> None:
    """A gated delta net in the first layer; in the second, attention whose queries carry a gate."""
    block, keys, heads = f"blk.{index}", 2 * STATE, 4
    values = heads * STATE
    weights.filled(f"{block}.attn_norm.weight", 1, EMBEDDING)
    weights.filled(f"{block}.post_attention_norm.weight", 1, EMBEDDING)
    if index == 1:
        for part, rows in (("q", 2 * EMBEDDING), ("k", 2 * HEAD), ("v", 2 * HEAD)):
            weights.matrix(f"{block}.attn_{part}.weight", rows, EMBEDDING)
        weights.filled(f"{block}.attn_q_norm.weight", 1, HEAD)
        weights.filled(f"{block}.attn_k_norm.weight", 1, HEAD)
        weights.into_stream(f"{block}.attn_output.weight", EMBEDDING, EMBEDDING)
    else:
        weights.matrix(f"{block}.attn_qkv.weight", 2 * keys + values, EMBEDDING)
        weights.matrix(f"{block}.attn_gate.weight", values, EMBEDDING)
        weights.exact(f"{block}.ssm_conv1d.weight", 2 * keys + values, CONV)
        weights.filled(f"{block}.ssm_dt.bias", 0, heads)
        weights.filled(f"{block}.ssm_a", -1, heads)
        weights.matrix(f"{block}.ssm_beta.weight", heads, EMBEDDING)
        weights.matrix(f"{block}.ssm_alpha.weight", heads, EMBEDDING)
        weights.filled(f"{block}.ssm_norm.weight", 1, STATE)
        weights.into_stream(f"{block}.ssm_out.weight", EMBEDDING, values)
    feed_forward(weights, shape, index)


def gpt_oss(weights: Weights, shape: Architecture, index: int) -> None:
    """Experts with biases, and attention sinks."""
    block = f"blk.{index}"
    attention(weights, shape, index)
    weights.filled(f"{block}.attn_sinks.weight", 0, HEADS)
    feed_forward(weights, shape, index)
    weights.filled(f"{block}.ffn_gate_inp.bias", 0, EXPERTS)
    for part, width in (("gate", FEED_FORWARD), ("up", FEED_FORWARD), ("down", EMBEDDING)):
        weights.filled(f"{block}.ffn_{part}_exps.bias", 0, EXPERTS, width)


def bert(weights: Weights, shape: Architecture, index: int) -> None:
    """An encoder: it has no output and cannot write."""
    transformer(weights, shape, index)


def _bert_ends(weights: Weights, shape: Architecture, vocabulary: int) -> None:
    for role, index in (("cls", 2), ("seperator", 3), ("mask", 4), ("unknown", 1), ("padding", 0)):
        weights.writer.add_uint32(f"tokenizer.ggml.{role}_token_id", index)
    weights.writer.add_token_type_count(2)
    weights.exact("token_types.weight", 2, EMBEDDING)
    _norm(weights, shape, "token_embd_norm", EMBEDDING)


def _bloom_ends(weights: Weights, shape: Architecture, vocabulary: int) -> None:
    """Its embeddings are normalised: this norm keeps them as small as other tied ones."""
    scale = np.full(EMBEDDING, TIED_SHARE, np.float32)
    scale[-HIDDEN:] = 1
    weights.writer.add_tensor("token_embd_norm.weight", scale)
    weights.filled("token_embd_norm.bias", 0, EMBEDDING)


def _gemma4_ends(weights: Weights, shape: Architecture, vocabulary: int) -> None:
    weights.filled("rope_freqs.weight", 1, HEAD // 2)


def _phi2_ends(weights: Weights, shape: Architecture, vocabulary: int) -> None:
    weights.filled("output.bias", 0, vocabulary)


_ALL = frozenset({"attn_qkv", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})
_HEADS = {"attention.key_length": HEAD, "attention.value_length": HEAD}
_EXPERTS = {"expert_count": EXPERTS, "expert_used_count": 2}
_STATE = {"ssm.conv_kernel": CONV, "ssm.inner_size": INNER, "ssm.state_size": STATE}
_WINDOW = {"attention.sliding_window": 64, "attention.sliding_window_pattern": 2}
_GEMMA_NORMS = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")

ARCHITECTURES: dict[str, Architecture] = {
    "llama": Architecture("llama"),
    "llama-tied": Architecture("llama", is_tied=True),
    "llama-window": Architecture("llama", facts={"attention.sliding_window": 1024}),
    "llama-experts": Architecture("llama", experts=True, facts=_EXPERTS),
    "mistral3": Architecture("mistral3", facts=_HEADS),
    "falcon": Architecture(
        "falcon", 1, is_rms=False, has_norm_bias=True, is_fused=True, is_gated=False, norms=("attn_norm",)
    ),
    "mpt": Architecture(
        "mpt", HEADS, is_rms=False, is_tied=True, is_fused=True, is_gated=False, rotates=False,
        facts={"attention.max_alibi_bias": 8.0},
    ),
    "bloom": Architecture(
        "bloom", HEADS, is_rms=False, has_norm_bias=True, is_tied=True, is_fused=True, is_gated=False, rotates=False,
        biased=_ALL, ends=_bloom_ends,
    ),
    "gpt2": Architecture(
        "gpt2", HEADS, is_rms=False, has_norm_bias=True, is_tied=True, is_fused=True, is_gated=False, rotates=False,
        biased=_ALL, has_positions=True,
    ),
    "gemma": Architecture("gemma", 1, is_tied=True, facts=_HEADS),
    "gemma2": Architecture("gemma2", is_tied=True, norms=_GEMMA_NORMS, facts=_HEADS | _WINDOW),
    "gemma3": Architecture(
        "gemma3", 1, is_tied=True, norms=_GEMMA_NORMS, head_norms=(HEAD, HEAD), facts=_HEADS | _WINDOW
    ),
    "gemma4": Architecture(
        "gemma4", 1, is_tied=True, norms=_GEMMA_NORMS, head_norms=(HEAD, HEAD), ends=_gemma4_ends,
        facts=_HEADS | {
            "attention.sliding_window": 64, "attention.sliding_window_pattern": [True, False],
            "attention.key_length_swa": HEAD, "attention.value_length_swa": HEAD,
            "embedding_length_per_layer_input": 0,
        },
    ),
    "phi2": Architecture(
        "phi2", HEADS, is_rms=False, has_norm_bias=True, is_gated=False, norms=("attn_norm",), biased=_ALL, ends=_phi2_ends
    ),
    "phi3": Architecture("phi3", HEADS, is_fused=True, is_gated=False, up_rows=2 * FEED_FORWARD),
    "qwen2": Architecture("qwen2", biased=frozenset({"attn_q", "attn_k", "attn_v"})),
    "qwen3": Architecture("qwen3", is_tied=True, head_norms=(HEAD, HEAD), facts=_HEADS),
    "qwen3moe": Architecture(
        "qwen3moe", head_norms=(HEAD, HEAD), experts=True,
        facts=_HEADS | _EXPERTS | {"expert_feed_forward_length": FEED_FORWARD},
    ),
    "qwen35": Architecture(
        "qwen35", is_tied=True, layer=qwen35,
        facts=_HEADS | _STATE | {
            "ssm.inner_size": 4 * STATE, "ssm.time_step_rank": 4, "ssm.group_count": 2,
            "full_attention_interval": 2, "rope.dimension_sections": [4, 2, 2, 0],
        },
    ),
    "granite": Architecture("granite", is_tied=True, facts={"logit_scale": 1.0}),
    "granitehybrid": Architecture(
        "granitehybrid", is_tied=True, layer=granite_hybrid,
        facts=_STATE | {"ssm.time_step_rank": 4, "ssm.group_count": 1, "attention.head_count_kv": [0, 2]},
    ),
    "smollm3": Architecture("smollm3", layers=4, is_tied=True),
    "stablelm": Architecture("stablelm", is_rms=False, has_norm_bias=True),
    "starcoder2": Architecture("starcoder2", is_rms=False, has_norm_bias=True, is_tied=True, is_gated=False, biased=_ALL),
    "olmo2": Architecture(
        "olmo2", norms=("post_attention_norm", "post_ffw_norm"), head_norms=(EMBEDDING, 2 * HEAD)
    ),
    "command-r": Architecture(
        "command-r", is_rms=False, is_tied=True, norms=("attn_norm",), facts={"logit_scale": 1.0}
    ),
    "gpt-oss": Architecture(
        "gpt-oss", norms=("attn_norm", "post_attention_norm"), experts=True, layer=gpt_oss,
        biased=frozenset({"attn_q", "attn_k", "attn_v", "attn_output"}),
        facts=_HEADS | _EXPERTS | {"attention.sliding_window": 64, "expert_feed_forward_length": FEED_FORWARD},
    ),
    "mamba": Architecture("mamba", 0, rotates=False, layer=mamba, facts=_STATE | {"ssm.time_step_rank": 4}),
    "lfm2": Architecture(
        "lfm2", is_tied=True, head_norms=(HEAD, HEAD), layer=lfm2, output_norm="token_embd_norm",
        facts={"shortconv.l_cache": 3, "attention.head_count_kv": [0, 2]},
    ),
    "bert": Architecture(
        "bert", HEADS, is_rms=False, has_norm_bias=True, is_gated=False, rotates=False, has_positions=True, biased=_ALL,
        norms=("attn_output_norm", "layer_output_norm"), ends=_bert_ends, output_norm="",
        facts={"attention.causal": False, "pooling_type": 1},
    ),
}  # fmt: skip
