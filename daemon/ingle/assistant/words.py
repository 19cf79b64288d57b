"""The words of a text that carry meaning, in any script, without a dictionary of any language.

Pure. Used where it only has to be decided which sentences a model reads first, never to answer.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

_WORD = re.compile(r"[^\W_]+")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]+")
_ENDING = re.compile(r"(?:ing|ed|es|s|en|er|n|e)\Z")

_SMALL = frozenset(
    """
    a an the of in on at to for is are was were be been do does did has have had can may will would how
    should would could shall might must
    what which who whom whose when where why i my me you your he she it its they them their we our us
    this that these those there here by with from and or but not no as if than then so also much many
    der die das den dem des ein eine einen einem einer und oder ist sind war waren wird werden wurde
    wie was wer wen wem wann wo warum welche welcher welches von mit zu im in auf für nicht auch als
    el la los las un una unos unas y o es son fue fueron ser de del que qué quién cuándo dónde por cómo
    cuál en con para no se su sus al lo más como
    le la les un une des et ou est sont de du que qui quand où pourquoi comment avec pour dans ce cette
    """.split()  # noqa: SIM905 - quoted one by one they could not be read
)


def words(text: str) -> list[str]:
    """Lower-cased words without the smallest; of scripts without spaces, pairs of characters."""
    lowered = text.lower()
    found = []
    for word in _WORD.findall(lowered):
        for run in _WIDE.findall(word):
            found += [run[at : at + 2] for at in range(max(len(run) - 1, 1))]
        plain = _WIDE.sub("", word)
        if plain and plain not in _SMALL:
            found.append(_stem(plain))
    return found


def _stem(word: str) -> str:
    return _ENDING.sub("", word) if len(word) > 4 else word


class Lexicon:
    """How much each word tells, measured on the sentences themselves (inverse sentence frequency)."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sets = [frozenset(words(sentence)) for sentence in sentences]
        self._counts = Counter(word for one in self.sets for word in one)

    def weight(self, word: str) -> float:
        return math.log(1 + len(self.sets) / (self._counts[word] + 0.5))

    def overlaps(self, query: str) -> list[float]:
        """For each sentence, which share of the query's weight it holds; 0 to 1."""
        wanted = {word: self.weight(word) for word in words(query)}
        total = sum(wanted.values()) or 1.0
        return [sum(wanted[word] for word in one & wanted.keys()) / total for one in self.sets]

    @cached_property
    def centralities(self) -> list[float]:
        """For each sentence, how much it speaks of what other sentences speak of as well."""
        return [
            sum(math.log(self._counts[word]) for word in one) / math.sqrt(len(one) + 1)
            for one in self.sets
        ]


def best(values: Sequence[float], count: int) -> list[int]:
    """The positions of the `count` greatest values, the greatest first; ties in order."""
    return sorted(range(len(values)), key=lambda index: -values[index])[:count]
