"""A shelf in memory: things in the order of their arrival, bounded by count and by age.

Never in a file. The newest counts; the oldest goes first when there are too many. Ages are
monotonic seconds, so that setting the clock neither keeps nor forgets anything.
"""

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from ingle.errors import NotFound


class Kept(Protocol):
    """What a shelf holds; `born` is in monotonic seconds."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def born(self) -> float: ...


K = TypeVar("K", bound=Kept)


class Shelf(Generic[K]):
    """`on_change` is told of every arrival and departure; `what` and `hint` name it to a person."""

    what, hint = "item", ""

    def __init__(self, keep_items: int, keep_s: float) -> None:
        self.keep_items, self.keep_s = keep_items, keep_s
        self._items: dict[str, K] = {}
        self.on_change: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: K) -> None:
        self._items[item.id] = item
        self.forget(list(self._items)[: max(0, len(self._items) - self.keep_items)])
        self.on_change()

    def get(self, id_: str) -> K:
        """Raises `NotFound`."""
        try:
            return self._items[id_]
        except KeyError:
            raise NotFound(f"no {self.what} {id_[:40]!r}", self.hint) from None

    def newest(self, kind: str | None = None) -> Iterator[K]:
        """All of them or those of a kind, the newest first."""
        return (item for item in reversed(self._items.values()) if kind in (None, item.kind))

    def forget(self, ids: list[str]) -> int:
        """Drop some; gives how many there were."""
        there = [id_ for id_ in ids if self._items.pop(id_, None) is not None]
        if there:
            self.on_change()
            self._gone(there)
        return len(there)

    def _gone(self, ids: list[str]) -> None:
        """For who has to tell of it."""

    def oldest_born(self) -> float | None:
        first = next(iter(self._items.values()), None)
        return first.born if first else None
