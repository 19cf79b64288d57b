"""Who holds which sequence and how many KV cells: a ledger, so that neither runs out.

Cells are reserved when a request starts (prompt and all it may generate), so no step can find
the memory full. It knows neither tokens nor llama.cpp.
"""

from dataclasses import dataclass, field

from ingle.engine.child.scheduler import INTERACTIVE

KEPT_SHARE = 4
"""One part in so many of the cells, and one sequence, wait for a person who comes next."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a running request holds: a sequence of its own, and some for copies of its prompt."""

    seq: int
    copies: tuple[int, ...]
    cells: int


@dataclass
class Slots:
    """`slots` requests at a time, `cells` tokens in all, `copies` more sequences for each slot."""

    slots: int
    cells: int
    copies: int
    _free_seqs: list[int] = field(init=False)
    _free_cells: int = field(init=False)

    def __post_init__(self) -> None:
        self._free_seqs = list(range(self.slots))
        self._free_cells = self.cells

    @property
    def sequences(self) -> int:
        """How many the context must be made for."""
        return self.slots * (1 + self.copies)

    def free_for(self, rank: int, cells: int) -> tuple[int, int]:
        """Cells and sequences that a request of this class, in need of `cells`, may take now."""
        kept = self.cells // KEPT_SHARE
        if rank == INTERACTIVE or self.slots == 1:
            return self._free_cells, len(self._free_seqs)
        if cells > self.cells - kept:  # it could never start otherwise
            return self._free_cells, len(self._free_seqs) - 1
        return self._free_cells - kept, len(self._free_seqs) - 1

    def take(self, cells: int) -> Grant:
        """Reserve what `free_for` offered. Raises `ValueError` for more than there is."""
        if cells > self._free_cells or not self._free_seqs:
            raise ValueError(f"{cells} cells where {self._free_cells} are free")
        self._free_cells -= cells
        seq = self._free_seqs.pop(0)
        first = self.slots + seq * self.copies
        return Grant(seq, tuple(range(first, first + self.copies)), cells)

    def give_back(self, grant: Grant) -> None:
        self._free_seqs.append(grant.seq)
        self._free_cells += grant.cells
