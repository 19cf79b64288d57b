"""What of an answer stands in the sources: looked up, not believed.

A quote is cited only if it is in a source, letter by letter but for white space; sentences that
hold what the answer says are found for an answer without quotes. Pure.
"""

import re
from collections.abc import Sequence

from ingle.assistant.quoting import Passage, Source
from ingle.assistant.words import Lexicon, words
from ingle.wire.calls.assistant import Citation

SUPPORT = 0.6
"""The share of the answer's telling words that a sentence must hold to be called its support."""

SHORTEST_QUOTE = 8
"""Characters; shorter quoted texts are names and emphasis."""

_QUOTED = re.compile(rf"[\"“„«「]([^\"“”„«»「」]{{{SHORTEST_QUOTE},}})[\"”“»」]")


def of_passage(passage: Passage) -> Citation:
    """A sentence that is quoted as it stands."""
    source, sentence = passage.source, passage.sentence
    return Citation(
        quote=passage.text,
        document=source.document,
        path=source.path,
        start=sentence.start,
        end=sentence.end,
        verdict="supported",
    )


def of_answer(answer: str, question: str, passages: Sequence[Passage]) -> list[Citation]:
    """What the answer quotes, and the sentence that says it, in the order of the answer."""
    sources = list({id(one.source): one.source for one in passages}.values())
    quoted = [_find(quote, sources) for quote in _QUOTED.findall(answer)]
    if any(one.verdict == "supported" for one in quoted):
        return quoted
    support = _supporting(answer, question, passages)
    return [*quoted, *([of_passage(support)] if support else [])]


def _find(quote: str, sources: Sequence[Source]) -> Citation:
    """Where a quote stands, or the verdict "absent"."""
    pattern = r"\s+".join(re.escape(word) for word in quote.split())
    for source in sources:
        if found := re.search(pattern, source.text, re.IGNORECASE):
            start, end = found.span()
            return Citation(
                quote=source.text[start:end],
                document=source.document,
                path=source.path,
                start=start,
                end=end,
                verdict="supported",
            )
    return Citation(quote=quote, document="", path=None, start=0, end=0, verdict="absent")


def _supporting(answer: str, question: str, passages: Sequence[Passage]) -> Passage | None:
    """The passage that holds most of what the answer adds to the question."""
    asked = set(words(question))
    told = " ".join(word for word in re.findall(r"[^\W_]+", answer) if not set(words(word)) <= asked)
    overlaps = Lexicon(passage.text for passage in passages).overlaps(told or answer)
    if not overlaps or max(overlaps) < SUPPORT:
        return None
    return passages[max(range(len(overlaps)), key=overlaps.__getitem__)]
