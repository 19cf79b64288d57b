"""A summary made of the text's own sentences: faithful by construction, also with a tiny model.

The text is read once in parts. After each part the model says how likely each of its sentences
would be as the summary; the most likely one of every stretch of the text is taken, so that the
end counts as much as the beginning.

Measured with XQuAD's articles and the embedded model, as the share of people's questions whose
answer is in the summary: en 0.18 (the first sentences 0.15, random ones 0.13), de 0.20 (0.14, 0.12),
zh 0.20 (0.15, 0.14). Taking off a sentence's own likelihood, or weighing length, made it worse.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingle.assistant.longtext import Part, even_parts
from ingle.assistant.reading import Plan, plan, room, whole
from ingle.assistant.sentences import Sentence, split
from ingle.assistant.turn import DATA, Delta, Turn
from ingle.assistant.words import Lexicon

PART_TOKENS = 640
"""Attention costs with length, and so does the wait for the first sentence of the summary."""

MOST_TOKENS = 16_000
"""About two minutes on two cores. What is beyond is named in `usage.dropped`."""

VERBATIM_SENTENCES = 3
VERBATIM_CHARS = 600
"""A text so short is its own summary."""

CANDIDATES = 6
"""Sentences a part that the model weighs; half of them, usually."""

FIRST_BONUS = 0.6
DANGLING_MALUS = 0.6
"""In nats a token: one standard deviation of the likelihood within a text."""

_SHORT, _LONG, _SHORT_WIDE = 30, 400, 12
_DANGLING = re.compile(
    r"(?:he|she|it|they|this|that|these|those|however|but|and|his|her|its|their|instead|also|then"
    r"|therefore|thus|er|sie|es|dies\w*|jedoch|aber|und|auch|él|ella|esto|este|esta|sin embargo|pero|y"
    r"|il|elle|ce|cette|mais)\b|[他她它这此]|但是?",
    re.IGNORECASE,
)
_BROKEN = re.compile(r"[^\S\n]*\n[^\S\n]*")
_STOPS = tuple(".!?…:;\"'”’»)]。！？｡」』")
_WIDE_STOPS = tuple("。！？｡」』")

INSTRUCTION = f"Summarize the following text in one sentence.\n\n{DATA}"


@dataclass(frozen=True)
class Extract:
    """The chosen sentences, in order, and what was read for them."""

    sentences: tuple[Sentence, ...]
    plan: Plan
    is_verbatim: bool = False


async def extract(turn: Turn, text: str, delta: Delta) -> Extract:
    """Choose the sentences of the summary; each is given to `delta` as soon as it is certain."""
    if len(text) <= VERBATIM_CHARS and len(sentences := split(text)) <= VERBATIM_SENTENCES:
        delta(text.strip())
        return Extract(tuple(sentences), whole(text, sentences), is_verbatim=True)
    budget = min(PART_TOKENS, room(turn) // 3)
    reading = await plan(turn, text, budget, MOST_TOKENS, even=True)
    turn.covers(reading.coverage)
    choice = _Choice(text, reading)
    said = 0
    for part in reading.parts:
        await _weigh(turn, text, part, choice)
        summary = joined(text, choice.settled(part.end))
        delta(summary[said:])
        said = len(summary)
    return Extract(tuple(choice.settled(len(text))), reading)


def wanted(sentences: int) -> int:
    """How many sentences a summary has: more for a longer text, never more than five."""
    return 2 + (sentences >= 10) + (sentences >= 50) + (sentences >= 200)


@dataclass
class _Choice:
    """What was weighed so far, by stretches of the text of which each gives one sentence."""

    text: str
    plan: Plan
    values: dict[Sentence, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        read = [sentence for part in self.plan.parts for sentence in part.sentences]
        self.stretches = even_parts(len(self.text), read, wanted(len(read)))
        self.priors = dict(zip(read, _priors(self.text, read), strict=True))

    def settled(self, end: int) -> list[Sentence]:
        """The sentences of the stretches that were read whole up to `end`."""
        found: list[Sentence] = []
        for stretch in self.stretches:
            last = stretch.sentences[-1].end if stretch.sentences else stretch.end
            if last > end:
                break
            found.extend(self._best(stretch))
        return found

    def _best(self, stretch: Part) -> Iterator[Sentence]:
        weighed = [sentence for sentence in stretch.sentences if sentence in self.values]
        if weighed:
            yield max(weighed, key=lambda sentence: self.values[sentence])


async def _weigh(turn: Turn, text: str, part: Part, choice: _Choice) -> None:
    """Have the model say how likely the better sentences of a part are as its summary."""
    candidates = _candidates(text, part, choice)
    prompt = turn.prompt([("user", INSTRUCTION)], part.of(text).strip())
    scores = await turn.score(prompt, [sentence.of(text) for sentence in candidates])
    for sentence, score in zip(candidates, scores, strict=True):
        choice.values[sentence] = score.logprob / max(score.tokens, 1) + choice.priors[sentence]


def _candidates(text: str, part: Part, choice: _Choice) -> list[Sentence]:
    """The sentences worth the model's time: as many in each stretch that the part touches."""
    found: list[Sentence] = []
    groups = [
        [sentence for sentence in part.sentences if stretch.start <= sentence.start < stretch.end]
        for stretch in choice.stretches
    ]
    touched = [group for group in groups if group]
    for group in touched:
        count = max(2, CANDIDATES // len(touched))
        ranked = sorted(group, key=lambda sentence: -_rank(text, sentence, choice))[:count]
        found += sorted(ranked, key=lambda sentence: sentence.start)
    return found


def _rank(text: str, sentence: Sentence, choice: _Choice) -> float:
    """Sentences that are too short to say anything, or too long to be read, come last."""
    length = sentence.end - sentence.start
    short = _SHORT if sentence.of(text).isascii() or " " in sentence.of(text) else _SHORT_WIDE
    return choice.priors[sentence] - 10.0 * (not short <= length <= _LONG)


def _priors(text: str, sentences: Sequence[Sentence]) -> list[float]:
    """What is known before reading: place, an opening that leans on what stands before, words."""
    central = Lexicon(sentence.of(text) for sentence in sentences).centralities
    top = max(central, default=0.0) or 1.0
    paragraph = -1
    found = []
    for sentence, centrality in zip(sentences, central, strict=True):
        value = 0.2 * centrality / top
        value += FIRST_BONUS * (sentence.paragraph != paragraph)
        value -= DANGLING_MALUS * (_DANGLING.match(text, sentence.start) is not None)
        paragraph = sentence.paragraph
        found.append(value)
    return found


def joined(text: str, sentences: Sequence[Sentence]) -> str:
    """Sentences as one text, word for word; what ends in no stop has a line of its own.

    Lines that were broken to fit a column flow again.
    """
    found = ""
    for sentence in sentences:
        found += _separator(found) + _BROKEN.sub(" ", sentence.of(text))
    return found


def _separator(before: str) -> str:
    if not before or before.endswith(_WIDE_STOPS):
        return ""
    return " " if before.endswith(_STOPS) else "\n"
