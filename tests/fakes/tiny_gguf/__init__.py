"""Models with random weights in GGUFs of some 200 kB, one of each architecture and tokenizer.

For tests that need a model but no sense. Read greedily they write printable text and do not end by
themselves; with `ending` they write that token and nothing else. The same seed gives the same bytes.
"""

from fakes.tiny_gguf.architectures import LAYERS
from fakes.tiny_gguf.files import build
from fakes.tiny_gguf.models import CHATML, MODELS
from fakes.tiny_gguf.vocabularies import Tokens, Vocabulary
from fakes.tiny_gguf.weights import EMBEDDING, HEAD, HEADS


def vocabulary(model: str = "llama") -> Tokens:
    """The tokenizer's columns of a model."""
    return MODELS[model].vocabulary().tokens


__all__ = [
    "CHATML", "EMBEDDING", "HEAD", "HEADS", "LAYERS", "MODELS", "Tokens", "Vocabulary", "build", "vocabulary"
]  # fmt: skip
