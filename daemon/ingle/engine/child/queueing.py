"""Who may start, and who gives way to somebody more important: pure decisions over numbers.

It knows neither tokens nor llama.cpp. Nobody waits for ever:

- The queue goes by class, then by arrival; each `PROMOTE_S` of waiting counts as one class more.
- Whoever does not fit holds back those behind, so that what they would take adds up to enough. Only
  a person is let past, and after `HOLD_S` only while no other person's request runs.
- Only background work gives way, the one that has sat the longest first, and not within `STAY_S` of
  having been seated for its age. Giving way costs it nothing but time as long as its memory can be
  kept or saved (`memory`); after `MOST_LOSSES` times that it could not be, it stays.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from ingle.engine.child.scheduler import BACKGROUND, INTERACTIVE

PROMOTE_S = 30.0
HOLD_S = 60.0
STAY_S = 2.0
MOST_LOSSES = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request in the queue; `waited_s` since it came, or gave way."""

    key: int
    rank: int
    waited_s: float

    @property
    def is_aged(self) -> bool:
        """Whether it counts as a higher class than it is of."""
        return self.rank > INTERACTIVE and self.waited_s >= PROMOTE_S


def queue_order(waiting: Iterable[Waiting]) -> list[Waiting]:
    """By class, then by arrival; a long wait counts as a higher class."""
    return sorted(
        waiting, key=lambda one: (max(one.rank - int(one.waited_s / PROMOTE_S), 0), -one.waited_s)
    )


class Gate:
    """Whom those hold back who stand before them in the queue and do not fit."""

    def __init__(self) -> None:
        self._is_shut = self._is_shut_for_others = self._is_narrow = False

    def lets(self, one: Waiting, persons: int) -> bool:
        """Whether `one` may try, while `persons` interactive requests run."""
        if one.rank == INTERACTIVE:
            return not self._is_shut and not (self._is_narrow and persons)
        return not self._is_shut and not self._is_shut_for_others

    def shut(self, one: Waiting) -> None:
        """`one` does not fit."""
        if one.rank == INTERACTIVE:
            self._is_shut = True
        self._is_shut_for_others = True
        self._is_narrow = self._is_narrow or one.waited_s >= HOLD_S


@dataclass(frozen=True, slots=True)
class Holder:
    """A running request that may have to give way."""

    key: int
    rank: int
    sat_s: float
    """Since it was seated the last time."""
    is_aged: bool = False
    """It was seated because it had waited long."""
    losses: int = 0
    """How often it had to compute something again after it gave way."""

    @property
    def may_give_way(self) -> bool:
        is_fresh = self.is_aged and self.sat_s < STAY_S
        return self.rank == BACKGROUND and not is_fresh and self.losses < MOST_LOSSES


def victims_for(
    rank: int, holders: Sequence[Holder], fits: Callable[[Collection[int]], bool]
) -> list[int] | None:
    """Whom to ask to give way so that a request fits; None when that does not help, or it may not.

    `fits` says whether it fits without some of the holders.
    """
    chosen: list[int] = []
    if fits(chosen):
        return chosen
    if rank != INTERACTIVE:
        return None
    for holder in sorted(holders, key=lambda one: -one.sat_s):
        if holder.may_give_way:
            chosen.append(holder.key)
            if fits(chosen):
                return _needed(chosen, fits)
    return None


def _needed(chosen: list[int], fits: Callable[[Collection[int]], bool]) -> list[int]:
    """Without those whose place turned out too small to matter."""
    for key in list(chosen):
        rest = [other for other in chosen if other != key]
        if fits(rest):
            chosen = rest
    return chosen
