"""Which token may come next, where a request is held to a grammar or a schema.

llguidance (https://github.com/guidance-ai/llguidance) parses along with the text: an Earley
parser over the tokens' bytes, with limits on what one step may cost, so that an ambiguous grammar
ends in an error and not in a machine without memory. It never raises; it is asked for its error.
"""

import logging
import re
from functools import cached_property
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from numpy.typing import NDArray

from ingle.engine.child import grammar, schema
from ingle.engine.child.llama.vocabulary import Vocabulary
from ingle.errors import InvalidParams

log = logging.getLogger(__name__)

_SPECIAL = b"\xff"
"""Marks a token that is no text: no grammar allows it."""

_WORD = 32
"""Bits of a word in a mask."""

Allowed = NDArray[np.bool_]
"""For every token of the vocabulary, whether it may come next."""


class Constraints:
    """Makes constraints for one vocabulary, on any one thread beside a running decode."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def of_grammar(self, gbnf: str) -> "Constraint":
        """Raises `InvalidParams` for what is no grammar, or none that can be kept."""
        return self._compiled(LLMatcher.grammar_from_lark(grammar.to_lark(gbnf)), "grammar")

    def of_schema(self, value: dict[str, Any]) -> "Constraint":
        """Raises `InvalidParams` for what is no schema, or none that can be kept."""
        return self._compiled(LLMatcher.grammar_from_json_schema(schema.to_bounded(value)), "schema")

    def _compiled(self, source: str, kind: str) -> "Constraint":
        tokenizer, tokens = self._tokenizer
        found = Constraint(LLMatcher(tokenizer, source, log_level=0), tokens.ends, len(tokens.tokens))
        if found.error or not found.allowed().any():
            raise InvalidParams(f"the {kind} cannot be kept: {found.error or 'no text satisfies it'}")
        return found

    @cached_property
    def _tokenizer(self) -> "tuple[LLTokenizer, _Tokens]":
        """Made when it is first needed: it holds the interpreter for a tenth of a second."""
        tokens = _Tokens(self._vocabulary)
        tokens.made = LLTokenizer(tokens, slices=[])  # type: ignore[arg-type] # by its attributes
        return tokens.made, tokens


class _Tokens:
    """The vocabulary as llguidance reads it: it asks for these names."""

    is_tokenizer_wrapper = True
    bos_token_id = None
    special_token_ids = ()

    def __init__(self, vocabulary: Vocabulary) -> None:
        pieces = map(vocabulary.piece, range(vocabulary.size))
        self.tokens = [piece or b"%b<%d>" % (_SPECIAL, token) for token, piece in enumerate(pieces)]
        self.ends = np.array(
            [token for token in range(vocabulary.size) if vocabulary.is_end(token)], int
        )
        self.eos_token_id = int(self.ends[0]) if len(self.ends) else 0
        self.made: LLTokenizer | None = None

    def __call__(self, text: str) -> list[int]:
        """The tokens of a text that the grammar forces: the longest ones."""
        assert self.made is not None
        return self.made.greedy_tokenize(text)


class Constraint:
    """Follows one text and knows what may come next."""

    def __init__(self, matcher: LLMatcher, ends: NDArray[np.int_], size: int) -> None:
        self._matcher, self._ends, self._size = matcher, ends, size
        self._ends_set = frozenset(ends.tolist())
        self._words = np.zeros((size + _WORD - 1) // _WORD, np.uint32)

    def allows(self, token: int) -> bool:
        """Whether `token` may come next; an end token may where the text is complete."""
        if token in self._ends_set:
            return self._matcher.is_accepting()
        return self._matcher.validate_tokens([token]) == 1

    def allowed(self) -> Allowed:
        """All that may come next; nothing after an error."""
        matcher, words = self._matcher, self._words
        if matcher.is_error() or matcher.is_stopped():
            found = np.zeros(self._size, np.bool_)
        else:
            matcher.unsafe_compute_mask_ptr(words.ctypes.data, words.nbytes)
            bits = np.unpackbits(words.view(np.uint8), count=self._size, bitorder="little")
            found = bits.view(np.bool_)
        found[self._ends] = matcher.is_accepting()
        return found

    def accept(self, token: int) -> None:
        """`token` comes next."""
        if token not in self._ends_set:
            self._matcher.consume_token(token)

    @property
    def is_complete(self) -> bool:
        """Whether nothing may come any more."""
        return self._matcher.is_stopped()

    @property
    def error(self) -> str:
        """Why it cannot be kept any longer, in one line; empty while it can."""
        reason = _ADVICE.split(self._matcher.get_error(), maxsplit=1)[0].strip()
        if not reason.startswith("panic"):
            return reason
        log.error("llguidance: %s", reason)
        return "it is more than can be followed"


_ADVICE = re.compile(r"\n<state>|; consider")
