"""What a step costs here, by its rows and its threads: measured while running, and tried anew.

Nothing about it can be known before. One row of SmolLM2-135M takes 6.5 ms on two cores, two rows
together take 17 (a batch wants other kernels than a single row), 128 rows take 140; a data-centre
GPU takes the same time for 1 and for 64. More threads are faster on an idle machine, and slower
than one where something else runs, for at every barrier all wait for the one that was put aside.
So each size of step has its samples for each number of threads; the fastest is used, and those
that lost are tried again now and then.
"""

import time
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from statistics import median

from ingle.engine.child.depth import Depth

SAMPLES = 5
"""Their median is believed: one step that the system put aside says nothing about the next."""
NEARLY = 1.25
"""What was at most so many times slower is tried again sooner."""
AGAIN_S, RARELY_S, SELDOM_S = 5.0, 60.0, 600.0
HURT = 1.4
"""Where steps take so many times longer than they once did, something else runs, and what was
slower before may be faster now."""
SLOW_MS = 80.0
"""A model whose single row is so slow is arithmetic, not barriers: trying on at load would only
cost time."""
WORTH = 1.1
"""Where numbers of threads differ less, a single row takes the fewest, for more of them spend their
time at barriers; a larger step takes the most, for what makes them slow is often over soon."""
LONG_ROWS = 64
"""A step of more rows, or any of a slow model, is too dear for a trial that the smaller ones do not
recommend."""
TELLING = 8
"""Rows of a step at least that tells about larger ones: with fewer, memory is what takes the time."""
REPEATS = 3
"""Samples before a number of threads that is not far behind is thought slower."""


@dataclass
class _Record:
    """What steps of one size took with one number of threads."""

    samples: deque[float] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    ms: float = 0.0
    least: float = float("inf")
    """Of all samples."""
    tried: float = float("-inf")
    added: int = 0
    wait_s: float = AGAIN_S
    """Until it is tried again, once it was the fastest and is not any more."""

    def add(self, ms: float, now: float) -> bool:
        """Whether `ms` has changed: with every sample at first, later with every `SAMPLES` of them.
        Samples from before a pause say nothing of now."""
        if now - self.tried > AGAIN_S:
            self.samples.clear()
        self.samples.append(ms)
        self.least = min(self.least, ms)
        self.tried = now
        self.added += 1
        is_due = len(self.samples) < SAMPLES or self.added % SAMPLES == 0
        if is_due:
            self.ms = median(self.samples)
        return is_due

    def settle(self, fastest: float) -> None:
        """After a sample: what loses again and again is tried ever more seldom."""
        if self.ms <= fastest:
            self.wait_s = AGAIN_S
        elif len(self.samples) == REPEATS:
            self.wait_s = min(2 * self.wait_s, RARELY_S)

    def is_due(self, fastest: float, now: float, patience: float) -> bool:
        """Whether it should be tried again, though another one is faster."""
        if self.ms <= fastest:
            return False
        has_hope = self.least < fastest
        if len(self.samples) < REPEATS and (has_hope or self.ms <= fastest * HURT):
            return True
        if has_hope:
            return now - self.tried > self.wait_s
        return now - self.tried > (AGAIN_S if self.ms <= fastest * NEARLY else patience)


class Pace:
    """How long steps last, and how to take them."""

    def __init__(
        self, threads: int, *, is_tuned: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`threads` at most; every step takes them all unless the pace `is_tuned`."""
        self._counts = halvings(threads) if is_tuned else [threads]
        self._clock = clock
        self._records: dict[int, dict[int, _Record]] = {}
        self._sizes: list[int] = []
        """Those that have records, ascending."""
        self._ms: dict[int, float] = {}
        self._depth = Depth()

    @property
    def most_threads(self) -> int:
        return self._counts[0]

    def observe(self, rows: int, threads: int, ms: float, depth: float = 0.0) -> None:
        """A step of `rows`, on average behind `depth` tokens of their texts, took `ms`."""
        size = _size(rows)
        ms *= (size / rows) ** 0.5
        self._depth.learn((size, threads), depth, ms)
        if size not in self._records:
            self._records[size] = {}
            insort(self._sizes, size)
        records = self._records[size]
        record = records.get(threads)
        if record is None:
            record = records[threads] = _Record()
        if record.add(ms / self._depth.factor(depth), self._clock()):
            self._ms[size] = min(each.ms for each in records.values())
        record.settle(self._ms[size])

    def behind(self, depth: float) -> "Behind":
        """What steps cost behind so many tokens; the others here are at the beginning of a text."""
        return Behind(self, self._depth.factor(depth))

    def ms(self, rows: int) -> float:
        """Milliseconds that a step of `rows` probably lasts: on the line between the two nearest
        sizes that were measured. What was never measured is thought cheap, and so tried."""
        if not self._sizes:
            return 0.0
        at = bisect_left(self._sizes, rows)
        if at == len(self._sizes):
            last = self._sizes[-1]
            return self._ms[last] * (rows / last if last > 1 else 1.0)
        high = self._sizes[at]
        if at == 0 or high == rows:
            return self._ms[high]
        low = self._sizes[at - 1]
        share = (rows - low) / (high - low)
        return self._ms[low] + share * (self._ms[high] - self._ms[low])

    def knows(self, rows: int) -> bool:
        """Whether a step of so many rows, or of more, was measured."""
        return bool(self._sizes) and self._sizes[-1] >= rows

    def hoped(self, rows: int) -> float:
        """As `ms`, where it is known well. What was measured seldom, or long ago, in worse times
        perhaps, may be no dearer than a part of the largest step, and is tried again."""
        records = self._records.get(_size(rows), {}).values()
        tries = sum(len(record.samples) for record in records)
        patience = AGAIN_S if tries < SAMPLES else RARELY_S
        if any(self._clock() - record.tried <= patience for record in records):
            return self.ms(rows)
        return min(self.ms(rows), self._share_of_largest(rows))

    def _share_of_largest(self, rows: int) -> float:
        if not self._sizes or rows >= self._sizes[-1]:
            return self.ms(rows)
        least, largest = self.ms(1), self._ms[self._sizes[-1]]
        return least + (largest - least) * (rows - 1) / (self._sizes[-1] - 1)

    def rows_within(self, ms: float, most: int) -> int:
        """The most rows, of 1 to `most`, of a step that probably lasts no longer than `ms`."""
        low, high = 1, most + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.ms(middle) <= ms else (low, middle)
        return low

    def together(self, rows: int) -> int:
        """How many of `rows` single rows to decode in one step, so that most come out a second: the
        most of those that are about as fast, for what is around a step costs time as well."""
        records = self._records.get(_size(rows))
        if not records:
            return rows
        sizes = {1, rows, *(size for size in self._sizes if size < rows)}
        rates = {size: size / max(self.ms(size), 1e-9) for size in sizes}
        best = max(size for size, rate in rates.items() if rate * WORTH >= max(rates.values()))
        as_fast = self.ms(best) * rows / best
        record = min(records.values(), key=lambda each: each.ms)
        return rows if record.is_due(as_fast, self._clock(), RARELY_S) else best

    def threads(self, rows: int, *, is_urgent: bool = False) -> int:
        """How many threads a step of `rows` takes: the fastest number, or one that should be tried
        again. Somebody waits for an urgent step, which is no place for a trial unless it could hardly
        get worse."""
        records = self._records.get(_size(rows))
        if not records:
            return self._counts[0] if rows > 1 or not self._sizes else self.threads(self._sizes[0])
        now, fastest = self._clock(), min(record.ms for record in records.values())
        least = min(record.least for record in records.values())
        is_hurt, is_awful = fastest > least * HURT, fastest > least * HURT**2
        patience = RARELY_S if is_hurt else SELDOM_S
        more_threads_ms = float("inf")
        for count in self._counts:
            record = records.get(count)
            if record is None or record.is_due(fastest, now, patience):
                may_try = not is_urgent or is_awful or (record is not None and record.least < fastest)
                if may_try and self._is_worth_trying(rows, count, is_hurt=is_hurt):
                    return count
                if record is None:
                    break
            if record.ms > more_threads_ms * NEARLY:
                break
            more_threads_ms = record.ms
        as_fast = [count for count, record in records.items() if record.ms <= fastest * WORTH]
        return min(as_fast) if rows == 1 else max(as_fast)

    def _is_worth_trying(self, rows: int, threads: int, *, is_hurt: bool) -> bool:
        """What the largest of the smaller steps says, for the larger a step, the more threads are
        worth: that so few are not clearly slower, or, of a long step, that they are faster."""
        size = max((size for size in self._sizes if self._compares(size, rows, threads)), default=0)
        is_long = rows > LONG_ROWS or self._ms.get(1, 0.0) > SLOW_MS
        if not size:
            return not is_long or threads == self._counts[0]
        few, many = (self._records[size][count].ms for count in (threads, threads * 2))
        if is_long:
            return few < many
        return is_hurt or few <= many * NEARLY

    def _compares(self, size: int, rows: int, threads: int) -> bool:
        """Whether a step of `size` tells about so many threads and twice as many for a larger one."""
        records = self._records[size]
        return TELLING <= size < _size(rows) and threads in records and threads * 2 in records

    def tune(self, step_ms: Callable[[int], float]) -> None:
        """Try the numbers of threads on a single row; `step_ms` decodes one with so many."""
        for count in self._counts:
            for _ in range(REPEATS):
                self.observe(1, count, step_ms(count))
                if self.ms(1) > SLOW_MS:
                    return


@dataclass(frozen=True)
class Behind:
    """A pace so many times slower: `scheduler.Cost`."""

    pace: Pace
    factor: float

    def ms(self, rows: int) -> float:
        return self.pace.ms(rows) * self.factor

    def hoped(self, rows: int) -> float:
        return self.pace.hoped(rows) * self.factor

    def rows_within(self, ms: float, most: int) -> int:
        return self.pace.rows_within(ms / self.factor, most)

    def together(self, rows: int) -> int:
        return self.pace.together(rows)

    def knows(self, rows: int) -> bool:
        return self.pace.knows(rows)


def halvings(most: int) -> list[int]:
    """`most`, half of it, ... 1."""
    counts = [most]
    while counts[-1] > 1:
        counts.append(counts[-1] // 2)
    return counts


@cache
def _size(rows: int) -> int:
    """The next of 1, 2, 3, 4, 6, 8, 12, 16, 24, ...: steps of about the same cost are one size."""
    power = 1 << (rows - 1).bit_length()
    return power * 3 // 4 if power >= 4 and rows <= power * 3 // 4 else power
