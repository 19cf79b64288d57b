"""What the daemon remembers of what it was handed: texts in memory, never in a file.

The newest item counts; the oldest goes first when there are too many. Times come from two
clocks: the wall's for people, the monotonic one for retention, so that setting the clock
neither keeps nor forgets anything.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ingle.errors import NotFound


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


class Memory:
    """The items, in order of arrival. `on_change` is told of every arrival and departure."""

    def __init__(self, keep_items: int, keep_s: float) -> None:
        self.keep_items, self.keep_s = keep_items, keep_s
        self._items: dict[str, Item] = {}
        self.on_change: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        self._items[item.id] = item
        while len(self._items) > self.keep_items:
            del self._items[next(iter(self._items))]
        self.on_change()

    def get(self, id_: str) -> Item:
        """Raises `NotFound`."""
        try:
            return self._items[id_]
        except KeyError:
            raise NotFound(f"no item {id_[:40]!r}", "`ingle context list` shows them") from None

    def newest(self, kind: str | None = None) -> Iterator[Item]:
        """All items or those of a kind, the newest first."""
        return (item for item in reversed(self._items.values()) if kind in (None, item.kind))

    def forget(self, ids: list[str]) -> int:
        """Drop items; gives how many there were."""
        forgotten = sum(self._items.pop(id_, None) is not None for id_ in ids)
        if forgotten:
            self.on_change()
        return forgotten

    def oldest_born(self) -> float | None:
        first = next(iter(self._items.values()), None)
        return first.born if first else None


def find(text: str, query: str) -> tuple[int, int] | None:
    """Where all words of `query` begin in `text`: the span of the first word, case ignored."""
    folded, words = text.lower(), query.lower().split()
    if len(folded) != len(text) or not words:  # "İ".lower() is longer: offsets would be off
        folded = text
    starts = [folded.find(word) for word in words]
    if not starts or min(starts) < 0:
        return None
    return starts[0], starts[0] + len(words[0])
