"""A title made of the text's own words: its heading, or the phrase that the model finds most likely.

Used where the model is too small to write a title. Candidates are names and runs of words that
the text repeats; all stand in the text as they are.
"""

import math
import re
from collections import Counter

from ingle.assistant.sentences import split
from ingle.assistant.turn import DATA, Turn
from ingle.assistant.words import words

MOST_CHARS = 70
CANDIDATES = 16
GIST_CHARS = 900
"""Of the text, or of its summary, that the model reads before it judges."""

WEIGHT = 1.0
"""Of how often a phrase stands in the text, against how likely the model finds it."""

INSTRUCTION = f"What is the following text about?\n\n{DATA}"
NEUTRAL = "What is this about?"

_RUN = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_WIDE_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
_PARTICLES = frozenset(
    "的了在是和与及或他她它们这那个一二两三四次不有我你也都就并而被把对从到为以之其中はがをにでとのもへや"
)
_MOST_WORDS = 5
_HEADING_STOPS = tuple(".!?…。！？,;:")


async def pick(turn: Turn, text: str, gist: str) -> str:
    """The title of `text`, of which `gist` says the main things."""
    if heading := heading_of(text):
        return heading
    weights = phrases(text)
    candidates = list(weights)
    if len(candidates) < 2:
        return candidates[0] if candidates else shortened(gist or text)
    prompt = turn.prompt([("user", INSTRUCTION)], (gist or text)[:GIST_CHARS])
    likely = await turn.score(prompt, candidates)
    neutral = await turn.score(turn.prompt([("user", NEUTRAL)]), candidates)
    values = [
        (told.logprob - plain.logprob) / max(told.tokens, 1) ** 0.5 + WEIGHT * math.log(weight)
        for told, plain, weight in zip(likely, neutral, weights.values(), strict=True)
    ]
    return candidates[max(range(len(candidates)), key=values.__getitem__)]


def phrases(text: str) -> dict[str, int]:
    """What could be a title, the most telling first, and how often the text says it."""
    head = text[: MOST_CHARS * 200]
    sentences = split(head)
    found = Counter[str]()
    for sentence in sentences:
        for phrase, weight in _runs(sentence.of(head)):
            found[phrase] += weight
    ranked = [phrase for phrase, _ in found.most_common(CANDIDATES * 4)]
    kept = _without_parts(ranked, found)[:CANDIDATES]
    return {phrase: found[phrase] for phrase in kept}


def heading_of(text: str) -> str:
    """The first line where it looks like a heading, or nothing: nobody names a text better."""
    head = text[: MOST_CHARS * 200]
    sentences = split(head)
    if len(sentences) < 2:
        return ""
    first = sentences[0].of(head)
    stands_alone = "\n" in head[sentences[0].end : sentences[1].start]
    is_heading = stands_alone and 3 < len(first) <= MOST_CHARS and not first.endswith(_HEADING_STOPS)
    return first if is_heading and "\n" not in first else ""


def _runs(sentence: str) -> list[tuple[str, int]]:
    """Runs of words that begin and end with a word that tells something; names count twice."""
    found = [
        (run[at : at + size], 1)
        for run in _WIDE_RUN.findall(sentence)
        for size in (2, 3, 4, 5, 6)
        for at in range(len(run) - size + 1)
        if not _PARTICLES & {run[at], run[at + size - 1]}
    ]
    marks = list(_RUN.finditer(sentence))
    tells = [bool(words(mark[0])) and len(mark[0]) > 2 for mark in marks]
    for first in range(len(marks)):
        for last in range(first, min(first + _MOST_WORDS, len(marks))):
            if last > first and sentence[marks[last - 1].end() : marks[last].start()] not in (" ", "\n"):
                break
            phrase = sentence[marks[first].start() : marks[last].end()]
            if tells[first] and tells[last] and "\n" not in phrase and len(phrase) <= MOST_CHARS:
                is_name = first > 0 and all(mark[0][0].isupper() for mark in marks[first : last + 1])
                found.append((phrase, 2 if is_name else 1))
    return found


def _without_parts(ranked: list[str], counts: Counter[str]) -> list[str]:
    """Without phrases that only occur inside a longer one, and single lower-case words."""
    kept: list[str] = []
    for phrase in sorted(ranked, key=lambda one: (-counts[one] * len(one) ** 0.5, one)):
        if counts[phrase] < 2 or any(phrase in longer for longer in kept):
            continue
        kept.append(phrase)
    return kept


def shortened(text: str) -> str:
    """The beginning of a text as a title, cut at a word."""
    sentences = split(text[: MOST_CHARS * 4])
    first = " ".join(sentences[0].of(text).split()) if sentences else text.strip()
    if len(first) <= MOST_CHARS:
        return first.rstrip(".。") or first
    cut = first.rfind(" ", 0, MOST_CHARS)
    return first[: cut if cut > MOST_CHARS // 2 else MOST_CHARS].rstrip(" ,;:") + "…"
