"""How long a person waits while programs work in the background, beside llama-server."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace

from answers import Tallies, Tally
from figures import Figure, median
from pair import Pair, pair
from place import Effort, Place
from playing import ask, play
from prompts import Load, Prompt, planned

N_CTX = 16_384
FREE_SLOTS, FEW_SLOTS = 8, 4
IDLE_ASKS, QUICK_ASKS = 15, 5
"""A round, one after the other."""

LONG = Load("", lanes=1, jobs=2, job_words=2000, job_tokens=300, ask_words=24)
"""The load that the engine was tuned on."""
SHORT = Load("", lanes=3, jobs=6, job_words=700, job_tokens=120, ask_words=200)
"""One that nothing was tuned on: shorter jobs, longer questions."""


@dataclass(frozen=True)
class Shape:
    """A question with nothing going on, beside loads that leave slots free, and beside one that does not."""

    question: Load
    beside: tuple[Load, ...]
    crowd: Load
    times_better: dict[str, float]
    """Than llama-server at least, in the 95th percentile, beside the load of that name."""

    @property
    def name(self) -> str:
        return f"{self.question.ask_words} new words"

    def shrunk(self) -> "Shape":
        return replace(self, beside=(self.beside[-1].shrunk(),), crowd=self.crowd.shrunk())


SHAPES = (
    Shape(
        LONG,
        tuple(
            replace(LONG, name=f"beside {lanes} long", lanes=lanes, jobs=max(lanes, 2))
            for lanes in (1, 2, 4)
        ),
        replace(LONG, name="beside 6 long on 4 slots", lanes=6, window_s=20.0),
        {"beside 4 long": 50.0},
    ),
    Shape(
        SHORT,
        (replace(SHORT, name="beside 3 short"),),
        replace(SHORT, name="beside 6 short on 4 slots", lanes=6, window_s=12.0),
        {},
    ),
)


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    """Every shape idle and with slots to spare, then with more requests than slots."""
    shapes = [shape.shrunk() if effort.is_quick else shape for shape in SHAPES]
    idle: dict[str, Tally] = {}
    with pair(place, slots=FREE_SLOTS, n_ctx=N_CTX) as both:
        for shape in shapes:
            found = _idle(both, shape.question, effort)
            idle[shape.name] = found.ours
            yield from _idle_figures(shape, found)
            for load in shape.beside:
                yield from _load_figures(shape, load, _beside(both, load, effort), found.ours)
    with pair(place, slots=FEW_SLOTS, n_ctx=N_CTX) as both:
        for shape in shapes:
            found = _beside(both, shape.crowd, effort)
            yield from _load_figures(shape, shape.crowd, found, idle[shape.name])


def _idle(both: Pair, question: Load, effort: Effort) -> Tallies:
    found, system = Tallies(), both.system()
    count = 1 + (QUICK_ASKS if effort.is_quick else IDLE_ASKS)
    for _ in range(effort.rounds):
        texts = [both.words.unique(question.ask_words) for _ in range(count)]
        warming, *asks = [Prompt(system, text) for text in texts]
        for side in both.sides:
            ask(side, warming, 2)
            for prompt in asks:
                found.of(side.name).add(ask(side, prompt, question.ask_tokens))
    return found


def _beside(both: Pair, load: Load, effort: Effort) -> Tallies:
    found, system = Tallies(), both.system()
    for _ in range(effort.rounds):
        warming = Prompt(system, both.words.unique(load.ask_words))
        plan = planned(load, both.words, system)
        for side in both.sides:
            ask(side, warming, 2)
            found.of(side.name).add_round(play(side, plan))
    return found


# ---- figures


def _idle_figures(shape: Shape, found: Tallies) -> Iterator[Figure]:
    ours, theirs = found.ours, found.theirs
    name = f"TTFT, {shape.name}, idle"
    yield _first(name, found, 0.5)
    if theirs is not None:
        yield Figure(f"{name}, over llama-server", ours.first(0.5) / theirs.first(0.5), "", most=1.05)
    yield _first(name, found, 0.95)
    yield from _token(f"a token, {shape.name}, idle", found, 0.5)


def _load_figures(shape: Shape, load: Load, found: Tallies, idle: Tally) -> Iterator[Figure]:
    """The promises are about the slowest twentieth, against our own idle median."""
    ours, theirs = found.ours, found.theirs
    for share in (0.5, 0.9):
        yield _first(f"TTFT {load.name}", found, share)
    yield _first(f"TTFT {load.name}", found, 0.95, most=2 * idle.first(0.5))
    if theirs is not None:
        better = theirs.first(0.95) / ours.first(0.95)
        least = shape.times_better.get(load.name)
        yield Figure(f"llama-server's p95 over ours {load.name}", better, "", least=least)
    step = idle.token(0.5)
    yield from _token(f"a token {load.name}", found, 0.95, most=1.5 * step if step else None)
    if load.window_s is None:
        yield from _rate_figures(load, found)


def _rate_figures(load: Load, found: Tallies) -> Iterator[Figure]:
    name = f"background, {load.name.removeprefix('beside ')}"
    peer = found.peer(lambda side: statistics.median(side.worked))
    yield median(name, found.ours.worked, "tok/s", peer=peer)
    if ratios := found.ratios(lambda side: side.worked):
        yield median(f"{name}, over llama-server", ratios, "", least=0.9)


def _first(name: str, found: Tallies, share: float, most: float | None = None) -> Figure:
    return Figure(
        f"{name}, p{share * 100:.0f}",
        found.ours.first(share),
        "ms",
        most=most,
        note=found.ours.count,
        peer=found.peer(lambda side: side.first(share)),
    )


def _token(name: str, found: Tallies, share: float, most: float | None = None) -> Iterator[Figure]:
    ours = found.ours.token(share)
    if ours is not None:
        peer = found.peer(lambda side: side.token(share))
        yield Figure(f"{name}, p{share * 100:.0f}", ours, "ms", most=most, peer=peer)
