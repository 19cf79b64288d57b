"""The texts that were taken last, and the replacements that can be undone. In memory only."""

import itertools
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

TAKEN = 8
REPLACED = 20

T = TypeVar("T")


class Last(Generic[T]):
    """The last few of something, by id."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._things: OrderedDict[str, T] = OrderedDict()

    def put(self, name: str, thing: T) -> None:
        self._things[name] = thing
        self._things.move_to_end(name)
        while len(self._things) > self._most:
            self._things.popitem(last=False)

    def get(self, name: str) -> T | None:
        return self._things.get(name)

    def newest(self) -> str | None:
        return next(reversed(self._things), None)

    def drop(self, name: str) -> None:
        self._things.pop(name, None)

    def __len__(self) -> int:
        return len(self._things)


@dataclass(frozen=True)
class Replacement:
    """Something that was pasted: where, what, and what was there before."""

    place: Any
    new: str
    old: str


_numbers = itertools.count(1)


def next_id() -> str:
    """Unlike any other of this process."""
    return f"s{next(_numbers)}"
