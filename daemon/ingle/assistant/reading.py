"""How a text is read by a model that has so much room: in which parts, and which of them.

The one place where characters meet tokens. Sizes are planned with the text's own measured ratio
and each part is counted before it is used, so that a part fits also where the ratio does not.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from ingle.assistant.longtext import Part, coverage, even_parts, parts_of, spread, unread
from ingle.assistant.sentences import Sentence, split
from ingle.assistant.turn import Turn
from ingle.vocabulary import Coverage

SAMPLE_CHARS = 4000
SAMPLES = 4
"""Longer texts are measured by samples: a reading of 10 MB must not begin with counting them all."""

FALLBACK_TOKENS = 2048
"""Room of a model that does not tell."""


@dataclass(frozen=True)
class Plan:
    """The parts that are read, of a text of `length` characters; `parts` are in order."""

    length: int
    parts: tuple[Part, ...]

    @property
    def coverage(self) -> Coverage:
        return coverage(self.length, self._read, len(self.parts))

    @property
    def dropped(self) -> list[tuple[int, int]]:
        return unread(self.length, self._read)

    @property
    def _read(self) -> list[tuple[int, int]]:
        return [(part.start, part.end) for part in self.parts]


def room(turn: Turn) -> int:
    """Tokens that a prompt and its answer may have together."""
    return turn.engine.n_ctx or FALLBACK_TOKENS


async def tokens_per_char(turn: Turn, text: str) -> float:
    """Measured on the whole text, or on samples of a long one. The model is loaded afterwards."""
    if len(text) <= SAMPLE_CHARS * SAMPLES:
        return await turn.count(text) / max(len(text), 1)
    step = (len(text) - SAMPLE_CHARS) // (SAMPLES - 1)
    samples = [text[at : at + SAMPLE_CHARS] for at in range(0, len(text) - SAMPLE_CHARS + 1, step)]
    return max([await turn.count(sample) / SAMPLE_CHARS for sample in samples])


async def plan(turn: Turn, text: str, budget: int, most: int, *, even: bool = False) -> Plan:
    """Cut `text` into parts of at most `budget` tokens, and read `most` tokens of it at most.

    `even` makes the parts about equally long.
    """
    ratio = await tokens_per_char(turn, text)
    parts = await asyncio.to_thread(_cut, text, budget / max(ratio, 1e-6), even)
    bound = max(1, int(most / budget))
    chosen = [parts[index] for index in spread(len(parts), bound)]
    fitting: list[Part] = []
    for part in chosen:
        fitting += await _fitted(turn, text, part, budget * 3 // 2)
    return Plan(len(text), tuple(fitting))


def _cut(text: str, chars: float, even: bool) -> list[Part]:
    """In a thread of its own where it is called: seconds for 10 MB, which the loop has not got."""
    sentences = split(text)
    if even:
        return even_parts(len(text), sentences, ceil(len(text) / chars))
    return parts_of(len(text), sentences, max(1, int(chars)), lambda start, end: end - start)


async def _fitted(turn: Turn, text: str, part: Part, limit: int) -> list[Part]:
    """The part, or its halves where it has over `limit` tokens after all."""
    if len(part.sentences) < 2 or await turn.count(part.of(text)) <= limit:
        return [part]
    middle = len(part.sentences) // 2
    cut = part.sentences[middle].start
    halves = (
        Part(part.start, cut, part.sentences[:middle]),
        Part(cut, part.end, part.sentences[middle:]),
    )
    return [one for half in halves for one in await _fitted(turn, text, half, limit)]


def whole(text: str, sentences: Sequence[Sentence]) -> Plan:
    """A text that is read at once."""
    return Plan(len(text), (Part(0, len(text), tuple(sentences)),) if text else ())
