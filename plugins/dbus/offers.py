"""What Ingle offers to somebody who types into the desktop's search: a pure function of the words.

Nothing typed there is sent to a model or kept before the person chooses an offer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ASK, RESULT = "ask:", "result:"
MOST = 5
LEAST_CHARS = 3
"""Of a question: with fewer everything would match."""
TITLE_CHARS = 80


@dataclass(frozen=True)
class Offer:
    """`id` is what comes back when it is chosen."""

    id: str
    title: str
    description: str
    is_exact: bool = False


@dataclass(frozen=True)
class Kept:
    """A result that the daemon still has, by its title."""

    id: str
    kind: str
    title: str


def offers(words: Sequence[str], kept: Iterable[Kept]) -> list[Offer]:
    """Kept results whose title has all the words, and to ask what was typed."""
    question = " ".join(words).strip()
    if len(question) < LEAST_CHARS:
        return []
    wanted = [word.casefold() for word in words if word.strip()]
    found = [
        Offer(RESULT + one.id, _short(one.title), f"Ingle: {one.kind}", is_exact=True)
        for one in kept
        if all(word in one.title.casefold() for word in wanted)
    ]
    return [*found[: MOST - 1], Offer(ASK + question, f"Ask Ingle: {_short(question)}", "")]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1].rstrip() + "…"
