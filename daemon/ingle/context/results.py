"""The last results: summaries, answers, rewrites. In memory only, and forgotten with their source.

A result that was made of remembered items repeats what they say: whoever forgets one of these
forgets the result with it.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ingle.context.shelf import Shelf
from ingle.vocabulary import Topic

Publish = Callable[[Topic, str, dict[str, Any]], None]

KINDS = {"summarize": "summary", "ask": "answer"}
"""What a skill makes, where that has another name than the skill."""


@dataclass(frozen=True)
class KeptResult:
    """`sources` are the ids of the items that it was made of; `at` is in seconds since the epoch."""

    kind: str
    title: str
    text: str
    origin: str
    sources: frozenset[str] = frozenset()
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    at: float = field(default_factory=time.time)
    born: float = field(default_factory=time.monotonic)

    @property
    def item(self) -> str | None:
        """The one item that it was made of."""
        return next(iter(self.sources)) if len(self.sources) == 1 else None


class Results(Shelf[KeptResult]):
    """The results, in order of arrival; told as the events `skill` / `result.ready` and, whatever
    the reason, `result.forgotten`."""

    what, hint = "result", "`ingle results` shows them"

    def __init__(self, keep_items: int, keep_s: float, publish: Publish) -> None:
        super().__init__(keep_items, keep_s)
        self._publish = publish

    def keep(self, result: KeptResult) -> str:
        """Remember it and tell everybody; gives its id."""
        self.put(result)
        told = {"id": result.id, "kind": result.kind, "title": result.title, "origin": result.origin}
        self._publish("skill", "result.ready", told)
        return result.id

    def _gone(self, ids: list[str]) -> None:
        self._publish("skill", "result.forgotten", {"ids": ids})

    def forget_made_of(self, items: set[str]) -> None:
        """Drop what was made of any of these items."""
        self.forget([each.id for each in self.newest() if each.sources & items])


def kind_of(skill: str) -> str:
    """What the result of a skill is called: "summary", "answer", or as the skill itself."""
    return KINDS.get(skill, skill)
