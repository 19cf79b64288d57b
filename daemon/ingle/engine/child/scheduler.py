"""What goes into the next batch: a pure decision over numbers.

It knows neither tokens nor llama.cpp. Pre-emption needs no saved state: a sequence that is not
in the batch stays in the KV cache and goes on later. The rules, in order:

1. A lower class does not slow a higher one: background works only when nobody interactive runs,
   and nobody's prompt is read beside a more important one's prompt.
2. Every running sequence that generates gets its one row before prompts get the rest.
3. Whoever was passed over for `patience` steps gets a small share of one, so that nobody starves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingle.vocabulary import Priority

RANKS: dict[Priority, int] = {"interactive": 0, "normal": 1, "background": 2}

INTERACTIVE, BACKGROUND = 0, 2


@dataclass(frozen=True, slots=True)
class Claim:
    """What one running sequence could do in the next step."""

    key: int
    rank: int
    rows: int
    """Tokens that could be fed now, at least 1."""
    is_generating: bool
    """One row, and somebody reads along: in contrast to a prompt being read."""
    is_dense: bool = False
    """Every row of it gives logits, which cost memory."""
    passed_over: int = 0
    """Steps since it was last served."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Rows of one step."""

    rows: int
    """Of the whole batch; llama.cpp aborts the process past its own limit."""
    beside: int
    """Of prompts beside a row that generates for somebody as important: keeps the text flowing."""
    outputs: int
    """Rows with logits."""
    patience: int = 64
    share: int = 32
    """Rows for the one that has been passed over the longest, once per step."""


def plan(claims: Sequence[Claim], budget: Budget) -> dict[int, int]:
    """Rows for each key in the next step, never zero; `claims` in the order of arrival."""
    step = _Step(budget)
    ordered = sorted(claims, key=lambda claim: claim.rank)
    if not ordered:
        return {}
    overdue = [claim for claim in ordered if claim.passed_over >= budget.patience]
    if overdue:
        longest = max(overdue, key=lambda claim: claim.passed_over)
        step.give(longest, budget.share)
    ordered = [claim for claim in ordered if claim.key not in step.shares]
    if _is_interactive(claims):
        ordered = [claim for claim in ordered if claim.rank != BACKGROUND]
    for claim in ordered:
        if claim.is_generating:
            step.give(claim, 1)
    prompts = [claim for claim in ordered if not claim.is_generating]
    _share_out([claim for claim in prompts if claim.rank == prompts[0].rank], claims, step)
    return step.shares


class _Step:
    """The batch being put together: what was given and what is left."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.rows, self.outputs = budget.rows, budget.outputs
        self.shares: dict[int, int] = {}

    def give(self, claim: Claim, wanted: int) -> int:
        """Give up to `wanted` rows more; says how many."""
        before = self.shares.get(claim.key, 0)
        rows = min(wanted, claim.rows - before, self.rows, self._by_outputs(claim, before))
        if rows > 0:
            self.shares[claim.key] = before + rows
            self.rows -= rows
            self.outputs -= rows if claim.is_dense else int(not before)
        return max(rows, 0)

    def _by_outputs(self, claim: Claim, before: int) -> int:
        if claim.is_dense:
            return self.outputs
        return claim.rows if before or self.outputs else 0


def _is_interactive(claims: Iterable[Claim]) -> bool:
    return any(claim.rank == INTERACTIVE for claim in claims)


def _share_out(prompts: list[Claim], claims: Sequence[Claim], step: _Step) -> None:
    """Prompts of one class share what is left evenly; the first ones take what others leave."""
    if not prompts:
        return
    rank = prompts[0].rank
    beside = any(claim.is_generating and claim.rank <= rank for claim in claims)
    left = min(step.rows, step.budget.beside if beside else step.rows)
    even = max(left // len(prompts), 1)
    for wanted in (even, left):
        for claim in prompts:
            left -= step.give(claim, min(wanted, left))
