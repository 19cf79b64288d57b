"""What the daemon remembers of what it was handed: texts in memory, never in a file.

Times come from two clocks: the wall's for people, the monotonic one for retention.
"""

import secrets
import time
from dataclasses import dataclass, field

from ingle.context.shelf import Shelf


@dataclass
class Item:
    """One text with where it came from. `born` is monotonic seconds, `created` since the epoch."""

    kind: str
    title: str
    origin: str
    text: str
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    created: float = field(default_factory=time.time)
    born: float = field(default_factory=time.monotonic)
    summary: str | None = None


class Memory(Shelf[Item]):
    """The items, in order of arrival."""

    hint = "`ingle context list` shows them"


def find(text: str, query: str) -> tuple[int, int] | None:
    """Where all words of `query` begin in `text`: the span of the first word, case ignored."""
    folded, words = text.lower(), query.lower().split()
    if len(folded) != len(text) or not words:  # "İ".lower() is longer: offsets would be off
        folded = text
    starts = [folded.find(word) for word in words]
    if not starts or min(starts) < 0:
        return None
    return starts[0], starts[0] + len(words[0])
