"""What Python costs: the part of a busy engine's time that is not llama.cpp's.

By the engine child's own clocks, so that it is asked directly, without a daemon around it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from child import resident, with_child
from figures import Figure, median
from pair import SEED
from place import Effort, Place
from prompts import CANDIDATES, Load, Words, job

from ingle.assistant.turn import together
from ingle.engine import protocol
from ingle.engine.life import Life
from ingle.models.library import InstalledModel
from ingle.models.templates import render

SLOTS, N_CTX = 8, 8192
WORK = Load("", lanes=1, jobs=1, job_words=128, job_tokens=128)
COUNTS = (1, 4, 8)


@dataclass(frozen=True)
class Busy:
    """Differences of the child's counters; milliseconds."""

    steps: int
    busy_ms: float
    decode_ms: float

    @property
    def share(self) -> float:
        return 100 * (1 - self.decode_ms / self.busy_ms)

    @property
    def step_ms(self) -> float:
        return (self.busy_ms - self.decode_ms) / self.steps


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    """With so many sequences reading and writing at once."""
    model = resident(place)
    found = with_child(model, SLOTS, N_CTX, lambda life: _all(life, model, effort))
    for count, runs in found.items():
        name = f"Python's share, {count} sequence{'s' if count > 1 else ''}"
        bound = 3.0 if count == max(COUNTS) else None
        step = f"{sum(one.step_ms for one in runs) / len(runs):.2f} ms a step"
        yield median(name, [one.share for one in runs], "%", most=bound, note=step)


async def _all(life: Life, model: InstalledModel, effort: Effort) -> dict[int, list[Busy]]:
    words = Words(CANDIDATES, SEED)
    await _run(life, model, words, 1)  # whatever happens once only
    counts = COUNTS[-1:] if effort.is_quick else COUNTS
    return {
        count: [await _run(life, model, words, count) for _ in range(effort.rounds)] for count in counts
    }


async def _run(life: Life, model: InstalledModel, words: Words, count: int) -> Busy:
    before = await life.call("status", {})
    prompts = (render(model.family, job(WORK, words).turns()) for _ in range(count))
    wanted = [protocol.GenerateParams(spans=spans, max_tokens=WORK.job_tokens) for spans in prompts]
    await together(life.call("generate", params) for params in wanted)
    after = await life.call("status", {})
    return Busy(
        after.steps - before.steps,
        after.busy_ms_total - before.busy_ms_total,
        after.decode_ms_total - before.decode_ms_total,
    )
