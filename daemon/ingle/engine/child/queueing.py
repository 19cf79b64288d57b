"""Who may start, and who gives way to somebody more important: pure decisions over numbers.

It knows neither tokens nor llama.cpp.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingle.engine.child.scheduler import BACKGROUND, INTERACTIVE

PROMOTE_S = 30.0
"""In the queue each such time counts as one class more, so that every request starts some day."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request in the queue; `waited_s` since its arrival."""

    key: int
    rank: int
    waited_s: float


def queue_order(waiting: Iterable[Waiting]) -> list[Waiting]:
    """By class, then by arrival; a long wait counts as a higher class."""
    return sorted(
        waiting, key=lambda one: (max(one.rank - int(one.waited_s / PROMOTE_S), 0), -one.waited_s)
    )


@dataclass(frozen=True, slots=True)
class Holder:
    """A running request that could be sent back to the queue; its tokens would be fed again."""

    key: int
    rank: int
    cells: int
    evictions: int = 0


MAX_EVICTIONS = 3
"""After so many a request stays: work that always starts anew would never end."""


def evict_for(
    rank: int, cells: int, free: tuple[int, int], holders: Sequence[Holder]
) -> list[int] | None:
    """Whom to send back so that a request in need of `cells` fits; None when that cannot be.

    `free` are cells and sequences. Only an interactive request sends others back, only background
    work, the latest first.
    """
    free_cells, free_seqs = free
    chosen: list[int] = []
    victims = [one for one in holders if one.rank == BACKGROUND and one.evictions < MAX_EVICTIONS]
    while cells > free_cells or free_seqs < 1:
        if rank != INTERACTIVE or not victims:
            return None
        victim = victims.pop()
        chosen.append(victim.key)
        free_cells, free_seqs = free_cells + victim.cells, free_seqs + 1
    return chosen
