"""How many may run, how many KV cells they may reserve, and which sequence numbers are free.

Cells are reserved when a request starts (prompt and all it may generate), so no step can find
the memory full. What is only kept for later (`prefix`) does not count: it makes room. Pure: it
knows neither tokens nor llama.cpp.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingle.engine.child.scheduler import INTERACTIVE

KEPT_SHARE = 4
"""One part in so many of the cells, and one seat, wait for a person who comes next."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a running request holds: a sequence of its own, and some for copies of its prompt."""

    seq: int
    copies: tuple[int, ...]
    cells: int
    """Reserved, as if nothing of it were shared."""


@dataclass(frozen=True, slots=True)
class Use:
    """Requests that run and the cells that they have reserved, of all classes or of one."""

    seats: int = 0
    cells: int = 0


@dataclass
class Slots:
    """`slots` requests at a time, `cells` tokens in all; a request may have `copies` more sequences,
    and `spare` ones, with `kept` cells, are for what nobody uses now."""

    slots: int
    cells: int
    copies: int
    spare: int = 0
    kept: int = 0
    _free: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._free = list(range(self.sequences))

    @property
    def sequences(self) -> int:
        """How many the context must be made for."""
        return self.slots * (1 + self.copies) + self.spare

    @property
    def free(self) -> int:
        return len(self._free)

    def take(self) -> int:
        """A sequence number that is free. Raises `IndexError` when none is."""
        return self._free.pop()

    def give_back(self, seqs: Iterable[int]) -> None:
        self._free.extend(seqs)

    def has_room(self, rank: int, own: int, after: Use) -> bool:
        """Whether a request of a class that reserves `own` cells may start, if all that runs then
        is `after`. A place is kept for a person, except from what could never start otherwise."""
        if rank == INTERACTIVE or self.slots == 1:
            return after.seats <= self.slots and after.cells <= self.cells
        kept = self.cells // KEPT_SHARE
        most = self.cells if own > self.cells - kept else self.cells - kept
        return after.seats < self.slots and after.cells <= most
