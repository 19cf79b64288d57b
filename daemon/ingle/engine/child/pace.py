"""How many threads a step with few rows takes: measured once, when the model is loaded.

Threads that do not spin (`child.__main__`) pay for every barrier with a wake-up, some two hundred
a token. For a small model that is most of the time: SmolLM2-135M decodes 110 tokens a second on
one thread and 38 on two, while prompts are read 1.7 times faster on two. For a large model the
barriers are nothing beside the arithmetic. So it is tried out: all threads, half of them, ...
"""

from collections.abc import Callable

FEW_ROWS = 16
"""A step with so many rows behaves as one with a single row; from 32 on more threads pay."""
REPEATS = 3
SLOW_MS = 80.0
"""A step of a model that is so slow is arithmetic, not barriers: trying on would only cost time."""
WORTH = 1.1
"""More threads have to be so much faster: fewer leave more of the machine to the person."""


def best_threads(most: int, step_ms: Callable[[int], float]) -> int:
    """The smallest of `most`, `most / 2`, ..., 1 that is about as fast as the fastest.

    `step_ms` gives the milliseconds of one step with that many threads.
    """
    counts = _halvings(most)
    took = {most: _median(most, step_ms)}
    if took[most] > SLOW_MS:
        return most
    took |= {count: _median(count, step_ms) for count in counts[1:]}
    fastest = min(took.values())
    return min(count for count in counts if took[count] <= fastest * WORTH)


def _halvings(most: int) -> list[int]:
    counts = [most]
    while counts[-1] > 1:
        counts.append(counts[-1] // 2)
    return counts


def _median(count: int, step_ms: Callable[[int], float]) -> float:
    return sorted(step_ms(count) for _ in range(REPEATS))[REPEATS // 2]
