"""What a model takes of memory, layer by layer, told from its file's header.

Weights are the sizes of the tensors. What grows with the context follows llama.cpp's own rules
(`llama_kv_cache`, `llama_memory_recurrent` and `llama_hparams` at the pinned version): a layer of
attention keeps a row of keys and one of values for each token, a recurrent one keeps a state for
each sequence. Layers with a sliding window are counted with all tokens, as the engine keeps them:
a prefix can be shared only while it is there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ingle.models.catalog import CatalogEntry
from ingle.models.ggml import TENSOR_TYPES
from ingle.models.gguf import Header

KvType = Literal["f16", "q8_0", "q4_0"]
KV_TYPES: tuple[KvType, ...] = ("f16", "q8_0", "q4_0")

_BLOCKS = {kind.name.lower(): kind for kind in TENSOR_TYPES.values()}
_LAYER = re.compile(r"blk\.(\d+)\.")
_INPUT = ("token_embd", "position_embd", "token_types", "per_layer_token_embd")
_STATE_BYTES = 4
"""llama.cpp keeps recurrent states in f32."""
_RECURRENT = frozenset({"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"})
_BOTH = "falcon-h1"
"""Its every layer has attention beside a recurrent state."""
_NO_CACHE = re.compile(r"bert$|bert-|^gemma-embedding$")
"""Embedders read a text at once."""
_GEMMA3N_OWN_CACHES = 20
"""The later layers of that model reuse the caches of these (llama.cpp, models/gemma3n.cpp)."""
_INTERVAL = 4
"""Of hybrid models whose file does not say which layers are recurrent: each fourth is not."""

_ROUGH_VOCABULARY, _ROUGH_EMBEDDING = 128_000, 2048


@dataclass(frozen=True, slots=True)
class Layer:
    """`keys` and `values` are numbers for each token, `state` is bytes for each sequence."""

    weights: int
    keys: int = 0
    values: int = 0
    state: int = 0

    def cache_bytes(self, tokens: int, kind: KvType, sequences: int) -> int:
        """What the layer keeps in memory beside its weights."""
        block = _BLOCKS[kind]
        rows = block.bytes_of(self.keys) + block.bytes_of(self.values)
        return tokens * rows + sequences * self.state


@dataclass(frozen=True)
class Footprint:
    """`first_bytes` are the weights that stay in main memory (the token embeddings), `last_bytes`
    those of the output. `is_rough`: from the catalog, before there is a file."""

    layers: tuple[Layer, ...]
    first_bytes: int
    last_bytes: int
    shared_bytes: int
    """Of the first that the output uses too; on another device it needs a copy of them."""
    n_vocab: int
    n_embd: int
    n_feed_forward: int
    n_ctx_train: int
    head_sizes: tuple[int, ...] = ()
    """Numbers that a head of attention keeps as a key or a value."""
    is_rough: bool = False

    @property
    def weights_bytes(self) -> int:
        return self.first_bytes + self.last_bytes + sum(layer.weights for layer in self.layers)

    def takes(self, kind: KvType) -> bool:
        """Whether a cache of that type can hold this model's heads: they are whole blocks."""
        return not any(size % _BLOCKS[kind].block for size in self.head_sizes)


def footprint(header: Header) -> Footprint:
    """What the model of this file takes."""
    weights, first, last, rest = [0] * header.n_layers, 0, 0, 0
    for tensor in header.tensors:
        layer = _LAYER.match(tensor.name)
        if layer and int(layer[1]) < header.n_layers:
            weights[int(layer[1])] += tensor.size
        elif tensor.name.startswith(_INPUT):
            first += tensor.size
        elif tensor.name.startswith("output"):
            last += tensor.size
        else:
            rest += tensor.size
    embeddings = sum(t.size for t in header.tensors if t.name == "token_embd.weight")
    has_output = any(tensor.name == "output.weight" for tensor in header.tensors)
    cache = _Cache(header)
    return Footprint(
        layers=tuple(cache.layer(index, weights[index]) for index in range(header.n_layers)),
        first_bytes=first + rest,
        last_bytes=last,
        shared_bytes=0 if has_output else embeddings,
        n_vocab=header.n_vocab,
        n_embd=header.n_embd,
        n_feed_forward=max(header.per_layer("feed_forward_length"), default=0),
        n_ctx_train=header.n_ctx_train,
        head_sizes=cache.head_sizes,
    )


def rough_footprint(entry: CatalogEntry) -> Footprint:
    """What a model of the catalog will take; its layers are taken to be alike."""
    numbers = entry.kv_bytes // _BLOCKS["f16"].size // entry.layers
    layer = Layer(entry.size_mb * 1_000_000 // entry.layers, numbers // 2, numbers - numbers // 2)
    return Footprint(
        layers=(layer,) * entry.layers,
        first_bytes=0,
        last_bytes=0,
        shared_bytes=0,
        n_vocab=_ROUGH_VOCABULARY,
        n_embd=_ROUGH_EMBEDDING,
        n_feed_forward=4 * _ROUGH_EMBEDDING,
        n_ctx_train=entry.n_ctx,
        is_rough=True,
    )


class _Cache:
    """Which layers keep what, by the header's numbers."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._architecture = header.architecture
        self._heads = header.per_layer("attention.head_count_kv") or header.per_layer(
            "attention.head_count"
        )
        self._feed_forward = header.per_layer("feed_forward_length")
        self._windows = header.per_layer("attention.sliding_window_pattern")
        head = header.n_embd // header.n_head if header.n_head else 0
        self._key = header.number("attention.key_length") or head
        self._value = header.number("attention.value_length") or head
        self._is_latent = bool(header.number("attention.key_length_mla"))
        self._own = self._layers_with_a_cache_of_their_own()
        self._is_recurrent = self._recurrence()

    @property
    def head_sizes(self) -> tuple[int, ...]:
        return (self._key, self._value)

    def layer(self, index: int, weights: int) -> Layer:
        is_recurrent = self._is_recurrent(index)
        state = self._state() if is_recurrent else 0
        has_rows = not is_recurrent or self._architecture == _BOTH
        if not has_rows or index >= self._own or _NO_CACHE.search(self._architecture):
            return Layer(weights, state=state)
        heads = self._heads[index] if self._heads else 0
        key, value = self._head_sizes(index)
        return Layer(weights, heads * key, 0 if self._is_latent else heads * value, state)

    def _head_sizes(self, index: int) -> tuple[int, int]:
        is_window = bool(self._windows and self._windows[index])
        key = self._header.number("attention.key_length_swa") if is_window else 0
        value = self._header.number("attention.value_length_swa") if is_window else 0
        return key or self._key, value or self._value

    def _layers_with_a_cache_of_their_own(self) -> int:
        if self._architecture == "gemma3n":
            return _GEMMA3N_OWN_CACHES
        shared = self._header.number("attention.shared_kv_layers")
        return self._header.n_layers - shared

    def _recurrence(self) -> Callable[[int], bool]:
        if self._architecture in _RECURRENT or self._architecture == _BOTH:
            return lambda index: True
        if not self._state():
            return lambda index: False
        listed = self._header.per_layer("attention.recurrent_layers")
        if listed:
            return lambda index: bool(listed[index])
        if any(count == 0 for count in self._heads):
            is_mixed = self._architecture.startswith("nemotron_h")
            return lambda index: self._heads[index] == 0 and not (is_mixed and self._feed_forward[index])
        interval = self._header.number("full_attention_interval") or _INTERVAL
        return lambda index: (index + 1) % interval != 0

    def _state(self) -> int:
        """Bytes of a recurrent layer for one sequence (`n_embd_r` and `n_embd_s` of llama.cpp)."""
        number = self._header.number
        n_embd = self._header.n_embd
        if head := number("wkv.head_size"):
            return (n_embd * (number("token_shift_count") or 2) + n_embd * head) * _STATE_BYTES
        if kept := number("shortconv.l_cache"):
            return n_embd * (kept - 1) * _STATE_BYTES
        inner, size = number("ssm.inner_size"), number("ssm.state_size")
        width = inner + 2 * number("ssm.group_count") * size
        return (max(number("ssm.conv_kernel") - 1, 0) * width + size * inner) * _STATE_BYTES
