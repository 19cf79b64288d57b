"""A long text in pieces: which parts are read together, and what was read in the end.

Pure. A part is a range of whole sentences; parts lie side by side and cover the text exactly, so
what was not read can always be named. Who counts tokens is the caller's business.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ingle.assistant.sentences import Sentence
from ingle.vocabulary import Coverage

Range = tuple[int, int]

SPREAD_SHARE = 4
"""Of the parts that fit a bound, one in so many comes from the beginning, where texts say what
they are about; the others are spread evenly."""


@dataclass(frozen=True, slots=True)
class Part:
    """`text[start:end]` with its sentences. The first part begins at 0, each next where one ended."""

    start: int
    end: int
    sentences: tuple[Sentence, ...]

    def of(self, text: str) -> str:
        return text[self.start : self.end]


def parts_of(
    length: int, sentences: Sequence[Sentence], budget: int, cost: Callable[[int, int], int]
) -> list[Part]:
    """Cut a text of `length` characters into parts of at most `budget`, at sentence ends.

    `cost(start, end)` must not shrink when the range grows. A paragraph's end is preferred where
    the part is three quarters full. A sentence that alone is over the budget stands alone.
    """
    groups: list[list[Sentence]] = []
    for sentence in sentences:
        if groups and _fits(groups[-1], sentence, budget, cost):
            groups[-1].append(sentence)
        else:
            groups.append([sentence])
    starts = [0, *(group[0].start for group in groups[1:])]
    ends = [*starts[1:], length]
    return [
        Part(start, end, tuple(group))
        for start, end, group in zip(starts, ends, groups or [[]], strict=True)
        if end > start
    ]


def _fits(
    group: Sequence[Sentence], sentence: Sentence, budget: int, cost: Callable[[int, int], int]
) -> bool:
    used = cost(group[0].start, sentence.end)
    if used > budget:
        return False
    opens_paragraph = sentence.paragraph != group[-1].paragraph
    return not (opens_paragraph and cost(group[0].start, group[-1].end) * 4 > budget * 3)


def even_parts(length: int, sentences: Sequence[Sentence], count: int) -> list[Part]:
    """Cut a text into `count` parts (fewer where there are fewer sentences) of about equal length."""
    count = max(1, min(count, len(sentences)))
    groups: list[list[Sentence]] = []
    for position, sentence in enumerate(sentences):
        left = len(sentences) - position
        is_due = sentence.start * count >= len(groups) * length or left <= count - len(groups)
        if not groups or (is_due and len(groups) < count):
            groups.append([])
        groups[-1].append(sentence)
    starts = [0, *(group[0].start for group in groups[1:])]
    ends = [*starts[1:], length]
    return [Part(a, b, tuple(g)) for a, b, g in zip(starts, ends, groups or [[]], strict=True)]


def spread(count: int, most: int) -> list[int]:
    """Which `most` of `count` parts to read when not all can be: some first ones, the rest evenly."""
    if count <= most:
        return list(range(count))
    head = min(max(1, most // SPREAD_SHARE), most)
    rest = most - head
    step = (count - head) / rest if rest else 0
    return [*range(head), *(head + int((index + 0.5) * step) for index in range(rest))]


def coverage(length: int, read: Iterable[Range], parts: int) -> Coverage:
    """How much of a text of `length` characters the ranges `read` make up, overlaps counted once."""
    return Coverage(read=sum(b - a for a, b in merged(read)), total=length, parts=parts)


def unread(length: int, read: Iterable[Range]) -> list[Range]:
    """What no range in `read` covers: `usage.dropped`."""
    gaps, at = [], 0
    for start, end in merged(read):
        if start > at:
            gaps.append((at, start))
        at = end
    return [*gaps, (at, length)] if at < length else gaps


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same characters as ranges in order that neither overlap nor touch."""
    found: list[Range] = []
    for start, end in sorted(one for one in ranges if one[0] < one[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
