"""Text to tokens and back."""

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING

import llama_cpp.llama_cpp as ll
import numpy as np

from ingle.errors import EngineUnavailable
from ingle.vocabulary import Span

if TYPE_CHECKING:
    from ingle.engine.child.llama.model import Model


class Vocabulary:
    """Text to tokens and back. Reads only: safe beside a running decode."""

    def __init__(self, model: "Model") -> None:
        self._model = model  # the vocabulary lives in it
        self.handle = ll.llama_model_get_vocab(model.handle)
        self.size: int = ll.llama_vocab_n_tokens(self.handle)
        self._bos: int = ll.llama_vocab_bos(self.handle)
        self._eos: int = ll.llama_vocab_eos(self.handle)
        self._adds_bos = bool(ll.llama_vocab_get_add_bos(self.handle))

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Only with `special` do "<|im_start|>" and its like become control tokens."""
        data = text.encode("utf-8", "replace")
        found = np.empty(len(data) + 8, np.int32)
        pointer = found.ctypes.data_as(ctypes.POINTER(ll.llama_token))
        count = ll.llama_tokenize(self.handle, data, len(data), pointer, len(found), False, special)
        if count < 0:
            raise EngineUnavailable("llama.cpp could not tokenise the text")
        tokens: list[int] = found[:count].tolist()
        return tokens

    def prompt(self, spans: Sequence[Span]) -> list[int]:
        """Tokenise spans one by one; the model's begin token comes first where it wants one."""
        tokens = [token for span in spans for token in self.tokenize(span.text, special=span.special)]
        if self._adds_bos and self._bos >= 0 and tokens[:1] != [self._bos]:
            tokens.insert(0, self._bos)
        return tokens

    def opening(self) -> list[int]:
        """What stands before a text that nothing precedes, so that its first token has a likelihood."""
        return [next(token for token in (self._bos, self._eos) if token >= 0)] if self._eos >= 0 else []

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of a token; nothing for a control token unless `special`."""
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            count: int = ll.llama_token_to_piece(self.handle, token, buffer, size, 0, special)
            if count >= 0:
                return buffer.raw[:count]
            size = -count

    def is_end(self, token: int) -> bool:
        """Whether the model ends its answer with `token`."""
        return bool(ll.llama_vocab_is_eog(self.handle, token))
