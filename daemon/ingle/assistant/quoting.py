"""Answering with the sentence that answers: found by its words, judged by the model, quoted as it is.

For each of the most promising sentences the model says how likely the question would be about it,
against how likely it finds the question anyway. The best is quoted; below a threshold nothing is.
Measured on XQuAD-en with whole articles and the embedded model: the right sentence first for 39 of
48 questions (words alone 37), 47 of 48 answered, none of 24 questions about other articles. What it
cannot tell is a question whose answer only just is not there: 6 of 7 such get a sentence near it.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingle.assistant.sentences import Sentence, split
from ingle.assistant.turn import DATA, Turn, together
from ingle.assistant.words import Lexicon, best
from ingle.engine.protocol import CandidateScore

CONSIDERED = 8
"""Sentences that the model judges; the right one is among them for 97 of 100 questions."""

MOST_CHARS = 400_000
"""Of all sources together, the first ones first; a book."""

THRESHOLD = 0.6
"""Of `Passage.value`."""

INSTRUCTION = f"Write a question that this text answers: {DATA}"


@dataclass(frozen=True)
class Source:
    """A text that may be quoted. `document` names it in a citation."""

    text: str
    document: str
    path: str | None = None


@dataclass(frozen=True)
class Passage:
    """A sentence of a source. `overlap` is the share of the question's words in it; `gain`, how many
    nats a token the question gains by the sentence, is set once the model judged it."""

    source: Source
    sentence: Sentence
    overlap: float
    gain: float = -math.inf

    @property
    def text(self) -> str:
        return self.sentence.of(self.source.text)

    @property
    def value(self) -> float:
        return self.gain + self.overlap

    @property
    def answers(self) -> bool:
        return self.value >= THRESHOLD


@dataclass(frozen=True)
class Searched:
    """The most promising passages, and how much was searched of how much."""

    passages: tuple[Passage, ...]
    read: int
    total: int
    dropped: tuple[tuple[int, int], ...] = ()
    """Of the first source, the ranges that were not searched."""


async def search(question: str, sources: Sequence[Source], count: int = CONSIDERED) -> Searched:
    """The sentences that share the most of the question's words; in a thread of its own."""
    return await asyncio.to_thread(_search, question, sources, count)


def _search(question: str, sources: Sequence[Source], count: int) -> Searched:
    left = MOST_CHARS
    found: list[tuple[Source, Sentence]] = []
    for source in sources:
        found += [(source, sentence) for sentence in split(source.text[:left])]
        left = max(0, left - len(source.text))
    overlaps = Lexicon(sentence.of(source.text) for source, sentence in found).overlaps(question)
    top = [Passage(*found[index], overlaps[index]) for index in best(overlaps, count)]
    total = sum(len(source.text) for source in sources)
    read = min(total, MOST_CHARS)
    cut = [(MOST_CHARS, total)] if len(sources) == 1 and total > read else []
    return Searched(tuple(top), read, total, tuple(cut))


async def judge(turn: Turn, question: str, passages: Sequence[Passage]) -> list[Passage]:
    """The passages as the model judges them, the best first."""
    calls = [_likelihood(turn, question, text) for text in ("", *(one.text for one in passages))]
    before, *after = await together(calls)
    judged = [
        replace(one, gain=(score.logprob - before.logprob) / max(before.tokens, 1))
        for one, score in zip(passages, after, strict=True)
    ]
    return sorted(judged, key=lambda passage: -passage.value)


async def _likelihood(turn: Turn, question: str, text: str) -> CandidateScore:
    return (await turn.score(turn.prompt([("user", INSTRUCTION)], text), [question]))[0]
