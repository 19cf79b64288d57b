"""Text to tokens on a thread of its own, beside the step in flight.

It only reads the vocabulary, and a request that arrives must not wait for a step to learn how long
it is. A text that is far too long is found out before all of it was tokenised.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ingle.engine.child import limits
from ingle.engine.child.arrivals import Arrivals
from ingle.engine.child.llama.vocabulary import Vocabulary
from ingle.engine.child.prefix import common
from ingle.errors import InvalidParams
from ingle.vocabulary import Span

T = TypeVar("T")

PIECE_CHARS = 32_768
"""Of a long text: tokenised in a tenth of a second at most, so that others get their turn."""
SEAM_TOKENS = 8
"""A text cut in two has so many tokens more at most."""


class Tokenizing:
    """Tokenises for one model whose longest sequence has `limit` tokens."""

    def __init__(self, vocabulary: Vocabulary, limit: int, arrivals: Arrivals) -> None:
        self._vocabulary, self._limit, self._arrivals = vocabulary, limit, arrivals
        self._thread = ThreadPoolExecutor(1, "tokenize")

    async def prompt(self, spans: Sequence[Span]) -> list[int]:
        """Raises `ContextTooLong` for what cannot be followed by even one token."""
        chars = sum(len(span.text) for span in spans)
        if not chars:  # a begin token alone is no prompt
            raise InvalidParams("the prompt is empty")
        limits.check_prompt(chars, self._limit)
        await self._refuse_long(spans)
        tokens = await self._run(self._vocabulary.prompt, spans)
        limits.check_fits(len(tokens) + 1, self._limit)
        return tokens

    async def _refuse_long(self, spans: Sequence[Span]) -> None:
        """A quick refusal of what is far too long, and no long hold of the thread."""
        if sum(len(span.text) for span in spans) <= 2 * PIECE_CHARS:
            return
        least = 0
        for span in spans:
            for start in range(0, len(span.text), PIECE_CHARS):
                piece = span.text[start : start + PIECE_CHARS]
                least += max(len(await self._run(self._vocabulary.tokenize, piece)) - SEAM_TOKENS, 0)
                limits.check_fits(least, self._limit)

    async def recurring(self, prompt: Sequence[int], spans: Sequence[Span], count: int) -> int:
        """How many tokens at the beginning of a prompt its first `count` spans give without others."""
        if count < 1:
            return 0
        return common(prompt, await self._run(self._vocabulary.prompt, spans[:count]))

    async def whole(self, spans: Sequence[Span]) -> list[int]:
        """The tokens of a prompt, however long."""
        limits.check_length(sum(len(span.text) for span in spans))
        return await self._run(self._vocabulary.prompt, spans)

    async def data(self, text: str) -> list[int]:
        """The tokens of a text as data."""
        limits.check_length(len(text))
        return await self._run(self._vocabulary.tokenize, text)

    async def continuations(self, before: Sequence[int], texts: Sequence[str]) -> list[list[int]]:
        """The tokens of texts that each go on after a prompt."""
        limits.check_length(sum(map(len, texts)))
        return await self._run(lambda: [self._vocabulary.continuation(before, text) for text in texts])

    async def pieces(self, tokens: Sequence[int]) -> list[bytes]:
        """The bytes of each token, control tokens included."""
        return await self._run(lambda: [self._vocabulary.piece(token, special=True) for token in tokens])

    async def _run(self, function: Callable[..., T], *args: Any) -> T:
        with self._arrivals.preparing():
            return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)
