"""What goes into the next batch: a pure decision over numbers.

It knows neither tokens nor llama.cpp. Pre-emption needs no saved state: a sequence that is not
in the batch stays in the KV cache and goes on later. The rules, in order:

1. A step has one group: sequences with different adapters, or one that wants to be alone, never
   share it. Groups take turns.
2. The most important class is served. Lower ones ride along where that costs next to nothing (on a
   GPU), and each has its `SHARE` of the time when it waits for long.
3. Texts that are being written come before prompts that are being read. So many of them are
   decoded together as make the most tokens a second here, drafts included; the others are next.
4. A step in which a text is written that somebody reads along (class interactive) lasts
   `Budget.step_ms` at most because of the prompts beside it, or twice what it lasts without them;
   any other one, `calm_ms`.
5. On a CPU, texts and prompts take turns instead of sharing a step, and prompts are read one after
   the other: attention there skips what all rows of a step do not see. Three texts beside 192 rows
   of a prompt cost as much as ten steps of their own; four prompts in turns, an eighth.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingle.vocabulary import Priority

RANKS: dict[Priority, int] = {"interactive": 0, "normal": 1, "background": 2}

INTERACTIVE, BACKGROUND = 0, 2
NOBODY = 3
"""The class of an engine that nobody asks anything."""

TURN = 4
"""Steps that a group keeps its turn for while another one of the same class waits."""
SHARE = {1: 0.2, 2: 0.05}
"""Of the time, that a class by its rank gets at least while more important ones have work."""
NOBODY_WAITED: Mapping[int, float] = {}
BESIDE = 2.0
"""Prompts may make the step of a text so many times longer, on a machine that is slow anyway."""
RIDE = 1.1
"""Riders may make a step so many times longer."""
FLAT, FEW_ROWS = 1.25, 16
"""A step with twice the rows takes at most so many times longer: so it is on a GPU, from a single
row on. On a CPU it is so between 4 and 8, which says nothing: so many rows are looked at, at least."""
PROMPT_TURN = 8
"""Steps for which a prompt lets shorter ones go first."""
CALM_TURN = 8
"""Steps for which texts that nobody reads along let prompts go first: together they are written
faster."""


class Cost(Protocol):
    """What steps cost on this machine: `pace.Pace`."""

    def ms(self, rows: int) -> float: ...

    def hoped(self, rows: int) -> float: ...

    def rows_within(self, ms: float, most: int) -> int: ...

    def together(self, rows: int) -> int: ...

    def knows(self, rows: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """What one running sequence could do in the next step."""

    key: int
    rank: int
    rows: int
    """Tokens that could be fed now, at least 1."""
    is_generating: bool
    """One row and perhaps a draft, and somebody reads along: in contrast to a prompt being read."""
    is_dense: bool = False
    """Every row of it gives logits, which cost memory."""
    passed_over: int = 0
    """Steps since it was last served."""
    group: int = 0
    """Only claims of the same group share a step."""
    gain: float = 0.0
    """Of a text with a draft: how many of the drafted tokens will probably be right."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one step may be. Times in milliseconds."""

    rows: int
    """llama.cpp aborts the process past its own limit."""
    outputs: int
    """Rows with logits."""
    step_ms: float
    calm_ms: float
    calm_rows: int
    """Rows that a calm step may have however long it lasts."""


def plan(
    claims: Sequence[Claim], budget: Budget, cost: Cost, waited: Mapping[int, float] = NOBODY_WAITED
) -> dict[int, int]:
    """Rows for each key in the next step, never zero; `claims` in the order of arrival.

    `waited` says for how many milliseconds each class, by rank, has been passed over.
    """
    if not claims:
        return {}
    step = _Step(budget, cost)
    top = min(claim.rank for claim in claims)
    lead = _overdue(step, claims, top, waited) or _next(claims, top)
    team = [claim for claim in claims if claim.group == lead.group]
    if lead.rank > top:
        step.give(lead, _beside(step, 1))
    first = sorted((claim for claim in team if claim.rank == top), key=_waited_longest)
    prompts = [claim for claim in first if not claim.is_generating]
    texts = [claim for claim in first if claim.is_generating]
    if lead.rank > top:
        step.give_rows(texts)
    elif not prompts or _is_texts_turn(texts, top, cost):
        _write(step, texts)
    else:
        _read(step, prompts, texts, top)
    _ride(step, [claim for claim in team if claim.rank > top])
    return step.shares


def is_flat(cost: Cost, rows: int) -> bool:
    """Whether more rows cost next to nothing here."""
    rows = max(rows, FEW_ROWS)
    return cost.ms(rows * 2) <= cost.ms(rows) * FLAT


def side_by_side(cost: Cost, most: int) -> int:
    """How many works of class background to have run at a time, of `most`: on a CPU one after the other.

    Four texts take as long there together as one by one, and each makes the attention of all others
    dearer, for that looks at every cell of the cache, if only to skip it; and all but the last are done
    sooner. (Not so the other classes, in which somebody waits for each.) So it is until the first prompt
    has shown what rows cost.
    """
    return most if cost.knows(2 * max(most, FEW_ROWS)) and is_flat(cost, most) else 1


def _next(claims: Sequence[Claim], top: int) -> Claim:
    """Whose group has the step, as groups take turns."""
    first = [claim for claim in claims if claim.rank == top]
    return min(first, key=lambda claim: (-(claim.passed_over // TURN), claim.passed_over))


def _overdue(
    step: "_Step", claims: Sequence[Claim], top: int, waited: Mapping[int, float]
) -> Claim | None:
    """Somebody of a class that has waited so long that its share of the time is a step now."""
    for rank, claim in sorted(_longest(claims).items(), reverse=True):
        if rank == top:
            continue
        rows = 1 if claim.is_generating else min(claim.rows, _beside(step, 1))
        bound = step.cost.ms(rows) * (1 / SHARE[rank] - 1)
        if waited.get(rank, 0.0) > max(bound, 0.0):
            return claim
    return None


def _longest(claims: Iterable[Claim]) -> dict[int, Claim]:
    """Whoever waited longest in each class."""
    found: dict[int, Claim] = {}
    for claim in claims:
        known = found.get(claim.rank)
        if known is None or claim.passed_over > known.passed_over:
            found[claim.rank] = claim
    return found


def passed_over(
    claims: Iterable[Claim], shares: Mapping[int, int], waited: Mapping[int, float], step_ms: float
) -> dict[int, float]:
    """`waited` after the step `shares`: a class was served if whoever waited longest in it was."""
    return {
        rank: 0.0 if claim.key in shares else waited.get(rank, 0.0) + step_ms
        for rank, claim in _longest(claims).items()
    }


def _waited_longest(claim: Claim) -> int:
    return -claim.passed_over


class _Step:
    """The batch being put together: what was given and what is left."""

    def __init__(self, budget: Budget, cost: Cost) -> None:
        self.budget, self.cost = budget, cost
        self.rows, self.outputs = 0, budget.outputs
        self.shares: dict[int, int] = {}

    def give(self, claim: Claim, wanted: int) -> int:
        """Give up to `wanted` rows more; says how many."""
        before = self.shares.get(claim.key, 0)
        left = self.budget.rows - self.rows
        rows = min(wanted, claim.rows - before, left, self._by_outputs(claim, before))
        if rows > 0:
            self.shares[claim.key] = before + rows
            self.rows += rows
            has_all = claim.is_dense or claim.is_generating
            self.outputs -= rows if has_all else int(not before)
        return max(rows, 0)

    def give_rows(self, texts: Iterable[Claim]) -> None:
        """One row for each text."""
        for claim in texts:
            self.give(claim, 1)

    def _by_outputs(self, claim: Claim, before: int) -> int:
        if claim.is_dense or claim.is_generating:
            return self.outputs
        return claim.rows if before or self.outputs else 0


def _write(step: _Step, texts: Sequence[Claim]) -> None:
    """Decode texts: of all ways to do it, the one that makes the most tokens a second."""
    together = step.cost.together(len(texts))
    ways = [
        [(claim, claim.rows if with_drafts else 1) for claim in texts[:count]]
        for count in sorted({1, together, len(texts)})
        for with_drafts in (False, True)
    ]
    for claim, rows in max(ways, key=lambda way: _tokens_per_ms(way, step.cost, together)):
        step.give(claim, rows)


def _tokens_per_ms(way: Sequence[tuple[Claim, int]], cost: Cost, together: int) -> float:
    rows = sum(rows for _, rows in way)
    gains = sum(claim.gain for claim, rows in way if rows > 1)
    if not gains and len(way) != together:  # without drafts `together` knows better
        return 0.0
    ms = cost.hoped(rows) if gains else cost.ms(rows)
    return (len(way) + gains) / max(ms, 1e-9)


def _is_texts_turn(texts: Sequence[Claim], rank: int, cost: Cost) -> bool:
    """Whether texts have a step without the prompts of their class, where they do not share one."""
    if not texts or is_flat(cost, len(texts)):
        return False
    patience = 1 if rank == INTERACTIVE else CALM_TURN
    return any(claim.passed_over >= patience for claim in texts)


def _read(step: _Step, prompts: Sequence[Claim], texts: Sequence[Claim], rank: int) -> None:
    """Read prompts of one class, with its texts beside them where that costs nothing."""
    if is_flat(step.cost, len(texts)):
        step.give_rows(texts)
    most = _beside(step, len(texts)) if rank == INTERACTIVE and texts else _calm(step)
    left = max(most - step.rows, 1)
    for claim in sorted(prompts, key=_shortest):
        if left <= 0:
            break
        left -= step.give(claim, left)


def _shortest(claim: Claim) -> tuple[int, int]:
    """One after the other, the shortest first: all are done sooner on average than in turns, and
    none later. A long one that was passed over a few times comes first for once."""
    return -(claim.passed_over // PROMPT_TURN), claim.rows


def _calm(step: _Step) -> int:
    """Rows of a step in which nobody's text is written."""
    budget = step.budget
    return min(max(step.cost.rows_within(budget.calm_ms, budget.rows), budget.calm_rows), budget.rows)


def _beside(step: _Step, texts: int) -> int:
    """Rows of a step in which so many texts are written."""
    ms = max(step.budget.step_ms, step.cost.ms(texts) * BESIDE)
    return step.cost.rows_within(ms, step.budget.rows)


def _ride(step: _Step, others: Sequence[Claim]) -> None:
    """Let lower classes use what the step has room for at no cost."""
    if not others or not step.rows:
        return
    if not is_flat(step.cost, step.rows):
        return
    alone = step.cost.ms(step.rows)
    left = step.cost.rows_within(alone * RIDE, step.budget.rows) - step.rows
    ranked = sorted(others, key=lambda claim: (claim.rank, -claim.passed_over))
    for claim in sorted(ranked, key=lambda claim: not claim.is_generating):
        left -= step.give(claim, min(left, claim.rows))
