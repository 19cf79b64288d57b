"""Small tokenizers of each kind that llama.cpp has, with the control tokens of the real ones.

Every byte can be written, so that any text comes back from its tokens; a few longer pieces make
neighbours merge, as they do in a real vocabulary, across the boundaries of a chat template too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import gguf

ROW_MULTIPLE = 32
"""Vocabularies are padded to a whole number of quantisation blocks."""

SPACE = "\u2581"
"""Sentencepiece's word boundary."""

WORDS = ("the", "and", "ing", "on", "user", "assistant", "model", "system", "Hi", "INST", "is", "s>")
"""Pieces beside single characters; "s>" could merge with "<" into a control token."""

NORMAL = int(gguf.TokenType.NORMAL)
END_OF_TEXT = "<|endoftext|>"
IM_START, IM_END = "<|im_start|>", "<|im_end|>"


@dataclass(frozen=True)
class Tokens:
    """The tokenizer's three columns."""

    texts: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    types: list[int] = field(default_factory=list)

    def add(self, text: str, kind: gguf.TokenType, score: float = 0.0) -> None:
        if text not in self.texts:
            self.texts.append(text)
            self.scores.append(score)
            self.types.append(int(kind))

    def pad(self) -> None:
        while len(self.texts) % ROW_MULTIPLE:
            self.add(f"<pad{len(self.texts)}>", gguf.TokenType.UNUSED, -1e4)


@dataclass(frozen=True)
class Vocabulary:
    """`model` and `pre` are what the file calls the tokenizer and its pre-tokenizer. `begin`, `end` and
    `end_of_turn` are texts of tokens, "" where there is none."""

    model: str
    pre: str
    tokens: Tokens
    begin: str
    end: str
    end_of_turn: str = ""
    adds_begin: bool = False
    adds_space: bool | None = None
    merges: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return len(self.tokens.texts)

    @property
    def printable(self) -> list[bool]:
        """Which tokens are ordinary text that a terminal shows."""
        pairs = zip(self.tokens.texts, self.tokens.types, strict=True)
        return [
            kind == NORMAL
            and text.replace(SPACE, " ").replace("\u0120", " ").isascii()
            and text.isprintable()
            for text, kind in pairs
        ]

    def write(self, writer: gguf.GGUFWriter) -> None:
        writer.add_vocab_size(self.size)
        writer.add_tokenizer_model(self.model)
        writer.add_tokenizer_pre(self.pre)
        writer.add_token_list(self.tokens.texts)
        if self.model == "llama":
            writer.add_token_scores(self.tokens.scores)
        writer.add_token_types(self.tokens.types)
        if self.merges:
            writer.add_token_merges(list(self.merges))
        self._write_roles(writer)

    def _write_roles(self, writer: gguf.GGUFWriter) -> None:
        index = self.tokens.texts.index
        if "<unk>" in self.tokens.texts:
            writer.add_unk_token_id(index("<unk>"))
        if self.begin:
            writer.add_bos_token_id(index(self.begin))
        if self.end:
            writer.add_eos_token_id(index(self.end))
        if self.end_of_turn:
            writer.add_eot_token_id(index(self.end_of_turn))
        writer.add_add_bos_token(self.adds_begin)
        if self.adds_space is not None:
            writer.add_add_space_prefix(self.adds_space)


def sentencepiece(
    *controls: str,
    begin: str = "<s>",
    end: str = "</s>",
    end_of_turn: str = "",
    adds_begin: bool = True,
    adds_space: bool | None = None,
    user_defined: Sequence[str] = (),
) -> Vocabulary:
    """As LLaMA 1 and 2, Mistral, Phi 3 and Gemma have it: scored pieces, bytes as a last resort."""
    tokens = Tokens()
    tokens.add("<unk>", gguf.TokenType.UNKNOWN)
    for text in (begin, end, *controls):
        tokens.add(text, gguf.TokenType.CONTROL)
    for text in user_defined:
        tokens.add(text, gguf.TokenType.USER_DEFINED)
    for byte in range(256):
        tokens.add(f"<0x{byte:02X}>", gguf.TokenType.BYTE)
    merged = [text[:size] for text in WORDS for size in range(2, len(text) + 1)]
    words = [*merged, *(f"{SPACE}{text}" for text in ["t", "a", *merged])]
    for rank, text in enumerate([SPACE, *map(chr, range(33, 127)), SPACE * 2, *words]):
        tokens.add(text, gguf.TokenType.NORMAL, -float(rank))
    tokens.pad()
    return Vocabulary(
        "llama", "default", tokens, begin, end, end_of_turn, adds_begin, adds_space
    )  # fmt: skip


def byte_pairs(
    pre: str,
    *controls: str,
    begin: str = "",
    end: str = END_OF_TEXT,
    end_of_turn: str = "",
    adds_begin: bool = False,
    user_defined: Sequence[str] = (),
) -> Vocabulary:
    """As GPT 2 and most newer models have it: bytes and their merges behind a pre-tokenizer."""
    tokens = Tokens()
    for byte in range(256):
        tokens.add(_visible(byte), gguf.TokenType.NORMAL)
    merges = []
    for word in [*WORDS[:-1], *(f"\u0120{text}" for text in ("t", "a", *WORDS[:-1]))]:
        for size in range(2, len(word) + 1):
            if word[:size] not in tokens.texts:
                merges.append(f"{word[: size - 1]} {word[size - 1]}")
                tokens.add(word[:size], gguf.TokenType.NORMAL)
    for text in filter(None, (begin, end, *controls)):
        tokens.add(text, gguf.TokenType.CONTROL)
    for text in user_defined:
        tokens.add(text, gguf.TokenType.USER_DEFINED)
    tokens.pad()
    return Vocabulary(
        "gpt2", pre, tokens, begin, end, end_of_turn, adds_begin, merges=tuple(merges)
    )  # fmt: skip


def spaced_pairs(
    *controls: str, begin: str, end: str, end_of_turn: str, user_defined: Sequence[str] = ()
) -> Vocabulary:
    """As Gemma 4 has it: merges of sentencepiece's pieces, bytes as a last resort."""
    pieces = sentencepiece(*controls, begin=begin, end=end, user_defined=user_defined).tokens
    texts = [text for text, kind in zip(pieces.texts, pieces.types, strict=True) if kind == NORMAL]
    merges = [f"{text[:-1]} {text[-1]}" for text in texts if len(text) > 1 and text[:-1] in texts]
    return Vocabulary(
        "gemma4", "gemma4", pieces, begin, end, end_of_turn, adds_begin=True, merges=tuple(merges)
    )


def word_pieces() -> Vocabulary:
    """As BERT has it."""
    tokens = Tokens()
    for text in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"):
        tokens.add(text, gguf.TokenType.CONTROL)
    for char in map(chr, range(33, 127)):
        tokens.add(SPACE + char, gguf.TokenType.NORMAL)
        tokens.add(char, gguf.TokenType.NORMAL)
    tokens.pad()
    return Vocabulary("bert", "default", tokens, "[CLS]", "[SEP]", adds_begin=True)


def _visible(byte: int) -> str:
    """GPT 2's alphabet: a character that can be seen for each byte (`bytes_to_unicode`)."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    if byte in shown:
        return chr(byte)
    return chr(256 + [other for other in range(256) if other not in shown].index(byte))
