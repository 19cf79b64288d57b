"""Guessing what a text goes on with by looking it up in what was read: pure, over token numbers.

A summary, a correction, a rewriting copies long stretches of its source. Prompt lookup decoding
(A. Saxena, 2023, https://github.com/apoorvumang/prompt-lookup-decoding) looks for the last tokens
further up and proposes what followed them there; the model checks all of it in one step, and what
it would have said itself is kept. Whether that pays is a question of the machine (a row more is
almost free on a GPU and costs a CPU as much as a step) and of the text, so both are asked: `Cost`
tells what steps take here, and how often a guess was right is counted on every token, also while
nothing is drafted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Cost(Protocol):
    """Milliseconds of a step with so many rows: `pace.Pace`."""

    def ms(self, rows: int) -> float:
        """As measured; 0 while nothing was."""

    def hoped(self, rows: int) -> float:
        """As it may be, where that was not measured well."""


LENGTHS = (1, 2, 3, 5, 7, 11, 15, 23, 31)
"""Of drafts that are considered: with the row before them they make the sizes of `pace`."""

WORTH = 1.15
"""A draft has to promise so many times the tokens a second: it is a guess about guesses."""

LIKELY = 0.5
"""The chance that a draft begins right; less is no copy. It keeps a machine whose costs are not known
yet from learning them on texts that have nothing to gain."""

RISK = 0.015
"""Drafts may cost so much of the time that texts take without any."""
CREDIT, MOST_CREDIT = 2.0, 20.0
"""... and so many steps of one row before anything was written, or after they have saved some."""

_RUNS = (0, 1, 2, 3, 5, 9, 17, 33)
"""Classes of how many tokens in a row were guessed right until now, by where they begin."""
_TRUST = (0.25, 0.45, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97)
"""The chance that the next guess is right too, before anything was seen of this text."""
_WEIGHT = 6.0
"""How many observations that is worth."""
_MEMORY = 64.0
"""Observations of a class after which older ones count half: texts change."""

LONG, SHORT = 3, 2
"""Tokens that are looked up; the shorter ones where the longer ones are new."""
_CHAIN = 16
"""Places that are looked at."""


class Index:
    """Where in a growing list of tokens its last ones stood before."""

    def __init__(self, tokens: Sequence[int] = ()) -> None:
        self.tokens: list[int] = []
        self._ends: dict[tuple[int, ...], int] = {}
        """For each n-gram, where it ended last."""
        self._before: dict[tuple[int, int], int] = {}
        """... and where before that; by its size and an end."""
        for token in tokens:
            self.append(token)

    def append(self, token: int) -> None:
        self.tokens.append(token)
        end = len(self.tokens)
        for size in (LONG, SHORT):
            if end >= size:
                gram = tuple(self.tokens[end - size :])
                if (last := self._ends.get(gram)) is not None:
                    self._before[size, end] = last
                self._ends[gram] = end

    def find(self, near: int | None) -> tuple[int, int] | None:
        """Where the last tokens stood before, and how many of them: the place after them that is
        nearest to `near`, or the latest one."""
        for size in (LONG, SHORT):
            place = self._before.get((size, len(self.tokens)))
            if place is not None:
                return self._nearest(size, place, near), size
        return None

    def _nearest(self, size: int, place: int, near: int | None) -> int:
        if near is None:
            return place
        best, looked = place, 1
        while looked < _CHAIN and (before := self._before.get((size, place))) is not None:
            place, looked = before, looked + 1
            best = min(best, place, key=lambda one: abs(one - near))
        return best


class Trust:
    """How often a guess was right, by how many before it were."""

    def __init__(self) -> None:
        self._right = [0.0] * len(_RUNS)
        self._seen = [0.0] * len(_RUNS)

    def learn(self, run: int, *, is_right: bool) -> None:
        """A guess after `run` right ones was right, or not."""
        at = _class(run)
        if self._seen[at] >= _MEMORY:
            self._right[at], self._seen[at] = self._right[at] / 2, self._seen[at] / 2
        self._right[at] += is_right
        self._seen[at] += 1

    def chance(self, run: int) -> float:
        """That the guess after `run` right ones is right."""
        at = _class(run)
        return (self._right[at] + _TRUST[at] * _WEIGHT) / (self._seen[at] + _WEIGHT)


_CLASSES = [max(at for at, begin in enumerate(_RUNS) if begin <= run) for run in range(_RUNS[-1] + 1)]


def _class(run: int) -> int:
    return _CLASSES[min(run, _RUNS[-1])]


@dataclass
class Account:
    """What drafts may cost, in steps of one row: for all texts together, since they learn about one
    machine, and for each by itself, which shall not pay for what another one has saved. What a wrong
    draft took more than it gave is paid from both."""

    steps: float = CREDIT

    def earn(self, steps: float) -> None:
        """Or pay, if less than 0."""
        self.steps = min(self.steps + steps, MOST_CREDIT)


def best_length(
    chance: Callable[[int], float], run: int, most: int, cost: Callable[[int], float]
) -> tuple[int, float]:
    """How many tokens to draft after `run` right guesses, `most` at most, and how many of them
    will probably be right: what makes the most tokens a millisecond, or none.

    A step with a draft of k gives one token, and as many more as guesses are right in a row.
    """
    alone = cost(1)
    if alone <= 0 or chance(run) < LIKELY:
        return 0, 0.0
    best, length, gain = WORTH / alone, 0, 0.0
    whole, expected, drafted = 1.0, 0.0, 0
    for k in LENGTHS:
        if k > most:
            break
        while drafted < k:
            whole *= chance(run + drafted)
            expected += whole
            drafted += 1
        ms = cost(1 + k)
        if ms > 0 and (1 + expected) / ms > best:
            best, length, gain = (1 + expected) / ms, k, expected
    return length, gain


class Drafting:
    """Follows one text and guesses how it goes on."""

    def __init__(self, prompt: Sequence[int], cost: Cost, account: Account) -> None:
        self._index, self._trust = Index(prompt), Trust()
        self._cost, self._accounts = cost, (account, Account())
        self._source: int | None = None
        """Where what comes next is expected to stand."""
        self._run = 0

    def accept(self, token: int) -> None:
        """`token` came next."""
        source, tokens = self._source, self._index.tokens
        is_right = source is not None and tokens[source] == token
        if source is not None:
            self._trust.learn(self._run, is_right=is_right)
            self._source = source + 1
        self._index.append(token)
        self._earn(RISK)
        self._run = self._run + 1 if is_right else 0
        if not is_right:
            self._look_up()

    def _look_up(self) -> None:
        """Where nothing is found, one word was exchanged for another, perhaps: go on behind it."""
        found = self._index.find(self._source)
        if found is not None:
            self._source, self._run = found

    def propose(self, most: int) -> tuple[list[int], float]:
        """What probably comes next, `most` tokens at most, and how many of them are probably right."""
        if self._source is None or any(account.steps < 0 for account in self._accounts):
            return [], 0.0
        length, gain = best_length(self._trust.chance, self._run, most, self._cost.hoped)
        return self._ahead(self._source, length), gain

    def settle(self, drafted: int, right: int) -> None:
        """Of a draft of so many tokens so many were right."""
        if alone := self._cost.ms(1):
            self._earn(1 + right - self._cost.ms(1 + drafted) / alone)

    def _earn(self, steps: float) -> None:
        for account in self._accounts:
            account.earn(steps)

    def _ahead(self, source: int, length: int) -> list[int]:
        """What stands from `source` on; past the end it repeats itself."""
        tokens = self._index.tokens
        period = len(tokens) - source
        found = tokens[source : source + length]
        while len(found) < length:
            found.append(found[len(found) - period])
        return found
