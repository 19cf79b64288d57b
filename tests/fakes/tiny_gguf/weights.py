"""Random tensors for a model that is to be read greedily by tests.

Random weights alone give bad company: they repeat one token, write control tokens, or end at once.
So the last dimensions of the residual stream are kept apart. No layer writes them and the output
does not read them: there the embeddings of tokens that are not to be written have all their
weight. One dimension of them is the same for all tokens; where a model is to end at once, the
output reads that one into the token that ends.
"""

from dataclasses import dataclass

import gguf
import numpy as np
from numpy.typing import NDArray

EMBEDDING, FEED_FORWARD, HEADS = 64, 128, 4
HEAD = EMBEDDING // HEADS

HIDDEN = 4
"""Dimensions that layers and the output leave alone."""
CONSTANT = EMBEDDING - 1
"""The one that is the same for all tokens."""
SHARE, TIED_SHARE = 1.0, 0.01
"""Of a token's own embedding beside what the layers add; a tied model with more repeats itself. What
its output loses by that, the norm before gives back."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """Writes tensors. Matrices get `kind`; vectors and what llama.cpp wants so stay F32."""

    writer: gguf.GGUFWriter
    rng: np.random.Generator
    kind: gguf.GGMLQuantizationType

    def matrix(self, name: str, *shape: int) -> None:
        """Rows by columns, as numpy has it; a layer's input is its columns."""
        self.put(name, self._random(shape))

    def into_stream(self, name: str, *shape: int) -> None:
        """A matrix whose rows are added to the residual stream."""
        values = self._random(shape)
        values[..., -HIDDEN:, :] = 0
        self.put(name, values)

    def exact(self, name: str, *shape: int) -> None:
        """A matrix that is F32 in every file."""
        self.writer.add_tensor(name, self._random(shape))

    def filled(self, name: str, value: float, *shape: int) -> None:
        self.writer.add_tensor(name, np.full(shape, value, np.float32))

    def put(self, name: str, values: Array) -> None:
        if self.kind == gguf.GGMLQuantizationType.F32:
            self.writer.add_tensor(name, values)
        elif self.kind == gguf.GGMLQuantizationType.F16:
            self.writer.add_tensor(name, values.astype(np.float16))
        else:
            self.writer.add_tensor(name, gguf.quantize(values, self.kind), raw_dtype=self.kind)

    def _random(self, shape: tuple[int, ...]) -> Array:
        scaled = self.rng.standard_normal(shape) / np.sqrt(shape[-1])
        return scaled.astype(np.float32)

    def tokens(self, printable: list[bool], ending: int | None, *, is_tied: bool, norm: str) -> None:
        """Embeddings, output and the norm between; `ending` is a token to write at once."""
        shown = np.array(printable)[:, None]
        embedding = self.rng.standard_normal((len(printable), EMBEDDING)).astype(np.float32)
        visible, hidden = embedding[:, :-HIDDEN], embedding[:, -HIDDEN:]
        visible *= np.where(shown, TIED_SHARE, 0.0) if is_tied else SHARE
        hidden[:, :] = np.where(shown, 0, hidden)
        loudness = 1 / (TIED_SHARE * np.sqrt(EMBEDDING - HIDDEN)) if is_tied else 1
        scale = np.full(EMBEDDING, loudness, np.float32)
        scale[-HIDDEN:] = 0
        if ending is not None:
            embedding[:, CONSTANT] = 2.0
            scale[CONSTANT] = 1.0
        if not is_tied:
            output = self._random(embedding.shape) * shown
            output[:, -HIDDEN:] = 0
            if ending is not None:
                output[ending, CONSTANT] = 20.0
            self.put("output.weight", output.astype(np.float32))
        elif ending is not None:
            embedding[ending, CONSTANT] = 6.0
        self.put("token_embd.weight", embedding)
        self.writer.add_tensor(f"{norm}.weight", scale)
