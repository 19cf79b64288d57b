"""A llama with random weights in a GGUF of some 250 kB, for tests that need a model but no sense.

It has a ChatML template and a sentencepiece-like tokenizer: every byte, printable ASCII, a few
longer pieces. Read greedily it writes printable text and does not end by itself: only the rows of
its output that stand for such pieces are not zero. The same seed gives the same bytes.
"""

from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
EMBEDDING, LAYERS, HEADS, KV_HEADS, FEED_FORWARD = 64, 2, 4, 2, 128
HEAD = EMBEDDING // HEADS

SPACE = "\u2581"
"""Sentencepiece's word boundary."""
ROW_MULTIPLE = 32
"""The vocabulary is padded to a whole number of quantisation blocks."""


@dataclass(frozen=True)
class Tokens:
    """The tokenizer's three columns."""

    texts: list[str]
    scores: list[float]
    types: list[int]

    def add(self, text: str, kind: gguf.TokenType, score: float = 0.0) -> None:
        self.texts.append(text)
        self.scores.append(score)
        self.types.append(int(kind))


def vocabulary() -> Tokens:
    tokens = Tokens([], [], [])
    tokens.add("<unk>", gguf.TokenType.UNKNOWN)
    for text in ("<s>", "</s>", "<|im_start|>", "<|im_end|>"):
        tokens.add(text, gguf.TokenType.CONTROL)
    for byte in range(256):
        tokens.add(f"<0x{byte:02X}>", gguf.TokenType.BYTE)
    pieces = [SPACE, *map(chr, range(33, 127)), f"{SPACE}t", "he", f"{SPACE}the", "in", "er", "an"]
    for rank, text in enumerate(pieces):
        tokens.add(text, gguf.TokenType.NORMAL, -float(rank))
    while len(tokens.texts) % ROW_MULTIPLE:
        tokens.add(f"<pad{len(tokens.texts)}>", gguf.TokenType.UNUSED, -1e4)
    return tokens


def build(path: Path, *, seed: int = 0, n_ctx: int = 2048) -> Path:
    """Write the model to `path` and give it back; in some ten milliseconds."""
    tokens = vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    _describe(writer, n_ctx)
    _add_tokenizer(writer, tokens)
    _add_weights(writer, tokens, np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(writer: gguf.GGUFWriter, n_ctx: int) -> None:
    writer.add_name("tiny-random")
    writer.add_license("CC0-1.0")
    writer.add_file_type(int(gguf.LlamaFileType.MOSTLY_F16))
    writer.add_context_length(n_ctx)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(10000.0)


def _add_tokenizer(writer: gguf.GGUFWriter, tokens: Tokens) -> None:
    writer.add_vocab_size(len(tokens.texts))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens.texts)
    writer.add_token_scores(tokens.scores)
    writer.add_token_types(tokens.types)
    writer.add_unk_token_id(tokens.texts.index("<unk>"))
    writer.add_bos_token_id(tokens.texts.index("<s>"))
    writer.add_eos_token_id(tokens.texts.index("</s>"))
    writer.add_eot_token_id(tokens.texts.index("<|im_end|>"))
    writer.add_add_bos_token(True)
    writer.add_chat_template(CHATML)


def _add_weights(writer: gguf.GGUFWriter, tokens: Tokens, rng: np.random.Generator) -> None:
    def random(rows: int, columns: int) -> NDArray[np.float16]:
        scaled = rng.standard_normal((rows, columns)) / np.sqrt(columns)
        return scaled.astype(np.float16)

    ones = np.ones(EMBEDDING, np.float32)
    printable = np.array(tokens.types) == int(gguf.TokenType.NORMAL)
    writer.add_tensor("token_embd.weight", random(len(tokens.texts), EMBEDDING))
    writer.add_tensor("output.weight", random(len(tokens.texts), EMBEDDING) * printable[:, None])
    writer.add_tensor("output_norm.weight", ones)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        writer.add_tensor(f"{block}.attn_norm.weight", ones)
        writer.add_tensor(f"{block}.attn_q.weight", random(HEADS * HEAD, EMBEDDING))
        writer.add_tensor(f"{block}.attn_k.weight", random(KV_HEADS * HEAD, EMBEDDING))
        writer.add_tensor(f"{block}.attn_v.weight", random(KV_HEADS * HEAD, EMBEDDING))
        writer.add_tensor(f"{block}.attn_output.weight", random(EMBEDDING, HEADS * HEAD))
        writer.add_tensor(f"{block}.ffn_norm.weight", ones)
        writer.add_tensor(f"{block}.ffn_gate.weight", random(FEED_FORWARD, EMBEDDING))
        writer.add_tensor(f"{block}.ffn_up.weight", random(FEED_FORWARD, EMBEDDING))
        writer.add_tensor(f"{block}.ffn_down.weight", random(EMBEDDING, FEED_FORWARD))
