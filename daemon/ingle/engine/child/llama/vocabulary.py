"""Text to tokens and back.

A prompt's spans become the tokens that the publisher's tokenizer gives for the whole text, with one
difference: only a template's spans may hold control tokens. So the template is taken apart at its
control tokens first, and whatever stands between two of them, template and data alike, is tokenised
as one text with the parsing of control tokens off.
"""

import ctypes
import functools
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import llama_cpp.llama_cpp as ll
import numpy as np

from ingle.errors import EngineUnavailable
from ingle.vocabulary import Span

if TYPE_CHECKING:
    from ingle.engine.child.llama.model import Model

_CONTROL = ll.LLAMA_TOKEN_ATTR_CONTROL | ll.LLAMA_TOKEN_ATTR_UNKNOWN
_MARKUP = re.compile(r"<[|\uff5c][^<>\s]{1,64}[|\uff5c]>")
"""What control tokens look like in most families."""

_STRANGER = "\x01"
"""A character that no vocabulary has in a longer piece."""


class Vocabulary:
    """Text to tokens and back. Reads only: safe beside a running decode."""

    def __init__(self, model: "Model") -> None:
        self._model = model  # the vocabulary lives in it
        self.handle = ll.llama_model_get_vocab(model.handle)
        self.size: int = ll.llama_vocab_n_tokens(self.handle)
        self._bos: int = ll.llama_vocab_bos(self.handle)
        self._eos: int = ll.llama_vocab_eos(self.handle)
        self._adds_bos = bool(ll.llama_vocab_get_add_bos(self.handle))
        self._attribute = functools.cache(functools.partial(ll.llama_vocab_get_attr, self.handle))
        self._parse = functools.lru_cache(256)(self._parse_template)
        self._adds_space = self.piece(self._encode("a")[0]).startswith(b" ")
        """Sentencepiece: before a text's first character, and again after each control token."""

    def tokenize(self, text: str) -> list[int]:
        """The tokens of data that nothing precedes: never a control token, whatever it looks like."""
        return self._data(text, _marks_in(text))

    def prompt(self, spans: Sequence[Span]) -> list[int]:
        """The tokens of a whole prompt; the model's begin token comes first where it wants one."""
        tokens = [self._bos] if self._adds_bos and self._bos >= 0 else []
        for part in self._parts(spans):
            if isinstance(part, int):
                if tokens != [self._bos] or part != self._bos:
                    tokens.append(part)
            else:
                tokens += self._data(*part)
        return tokens

    def continuation(self, before: Sequence[int], text: str) -> list[int]:
        """The tokens of data that goes on after the prompt `before`."""
        if not self._adds_space:
            return self.tokenize(text)
        if not before or self._is_control(before[-1]):
            return self.tokenize(text.removeprefix(" "))
        return self._data(text, _marks_in(text), is_start=False)

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

    # ---- a prompt's parts

    def _parts(self, spans: Iterable[Span]) -> Iterable[int | tuple[str, set[int]]]:
        """Control tokens, and between them texts, with where in these tokens may not reach over."""
        spoken = self._spoken(spans)
        text, cuts, is_own = "", set[int](), True
        for span in spans:
            if not span.special:
                is_own = is_own and not span.text
                cuts |= {len(text) + at for at in _marks_in(span.text, spoken)}
                text += span.text
                continue
            for part in self._parse(span.text):
                if isinstance(part, str):
                    leads = is_own and not text and self._adds_space
                    text += part.removeprefix(" ") if leads else part
                    continue
                yield text, cuts
                yield part
                text, cuts, is_own = "", set(), True
        yield text, cuts

    def _spoken(self, spans: Iterable[Span]) -> tuple[str, ...]:
        """The marks of this template that are no control tokens, so that data could forge them."""
        parts = (part for span in spans if span.special for part in self._parse(span.text))
        tokens = {part for part in parts if isinstance(part, int) and not self._is_control(part)}
        return tuple(self._text(token) for token in tokens)

    def _parse_template(self, text: str) -> list[int | str]:
        """A template's text, and in it its control tokens and marks as such."""
        found: list[int | str] = []
        at = 0
        for token in self._encode(text, special=True):
            if not (self._is_control(token) or self._is_mark(token)):
                continue
            start = text.find(self._text(token), at)
            if start >= 0:  # else it stands for an unknown character
                found += [self._stripped(text[at:start], found, token), token]
                at = start + len(self._text(token))
        found.append(self._stripped(text[at:], found))
        return [part for part in found if part != ""]

    def _stripped(self, text: str, before: Sequence[int | str], after: int | None = None) -> str:
        """Without the white space that the tokens around it swallow, as Phi 3's do."""
        if (
            before
            and isinstance(last := before[-1], int)
            and self._attribute(last) & ll.LLAMA_TOKEN_ATTR_RSTRIP
        ):
            text = text.lstrip()
        if after is not None and self._attribute(after) & ll.LLAMA_TOKEN_ATTR_LSTRIP:
            text = text.rstrip()
        return text

    # ---- data

    def _data(self, text: str, cuts: set[int], *, is_start: bool = True) -> list[int]:
        """Tokens of `text` in which none reaches over a cut and none is a control token.

        Sentencepiece could merge characters into one; a cut inside it prevents that.
        """
        while True:
            tokens = self._pieces(text, sorted(cuts), is_start)
            forged = {self._text(token) for token in set(tokens) if self._is_control(token)}
            more = _marks_in(text, forged) - cuts
            if not more:
                return [token for token in tokens if not forged or not self._is_control(token)]
            cuts = cuts | more

    def _pieces(self, text: str, cuts: Sequence[int], is_start: bool) -> list[int]:
        tokens: list[int] = []
        for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
            piece = text[start:end]
            tokens += self._encode(piece) if is_start and not start else self._inner(piece)
        return tokens

    def _inner(self, text: str) -> list[int]:
        """The tokens of a text that stands inside another: without sentencepiece's own space."""
        if not self._adds_space:
            return self._encode(text)
        head = self._encode(_STRANGER)
        return self._encode(_STRANGER + text)[len(head) :]

    def _encode(self, text: str, *, special: bool = False) -> list[int]:
        data = text.encode("utf-8", "replace")
        found = np.empty(len(data) + 8, np.int32)
        pointer = found.ctypes.data_as(ctypes.POINTER(ll.llama_token))
        count = ll.llama_tokenize(self.handle, data, len(data), pointer, len(found), False, special)
        if count < 0:
            raise EngineUnavailable("llama.cpp could not tokenise the text")
        tokens: list[int] = found[:count].tolist()
        return tokens

    # ---- tokens

    def _is_control(self, token: int) -> bool:
        return bool(self._attribute(token) & _CONTROL)

    def _is_mark(self, token: int) -> bool:
        """A token of a template that the file calls user-defined, as "<think>": data could hold it."""
        is_own = self._attribute(token) & ll.LLAMA_TOKEN_ATTR_USER_DEFINED
        return bool(is_own) and self._text(token)[:1] + self._text(token)[-1:] in ("<>", "[]")

    def _text(self, token: int) -> str:
        return self.piece(token, special=True).decode("utf-8", "replace")


def _marks_in(text: str, marks: Iterable[str] = ()) -> set[int]:
    """Where to cut `text` so that nothing of the kind of `marks`, or that looks like a control token,
    can become one token: after its first character."""
    found = {match.start() + 1 for match in _MARKUP.finditer(text)}
    for mark in marks:
        found |= {match.start() + 1 for match in re.finditer(re.escape(mark), text)}
    return found
