"""A long instruction that comes with every request: read once, kept, and there again after a restart.

The instruction is a skill's, since those are what is kept on disk; what is timed is a plain request
that begins with the same tokens, so that nothing but the engine's work is in the figure.
"""

import json
import select
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from answers import Answer, Tallies, Tally
from figures import Figure, median, number
from pair import Pair, pair
from place import CannotMeasure, Effort, Place
from playing import ask
from prompts import Prompt
from sides import Side

from ingle.errors import ModelTooSmall

N_CTX, SLOTS = 8192, 4
PREFIX_WORDS, NEW_WORDS, WRITTEN = 1000, 24, 16
WARM_ASKS = 4
"""After the first one, a round."""

SAVE_S, LOOK_AGAIN_S = 10.0, 0.05

SKILL = """\
summary = "Measures the prefix cache"
needs = "tiny"
output = "text"
[prompt]
system = {system}
user = "{{text}}"
[parameters]
length = {{ least = 16, most = 16 }}
"""


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    """Cold, warm, and after the engine was ended and started again."""
    cold, warm, short = Tallies(), Tallies(), Tallies()
    restored: list[Answer] = []
    with pair(place, slots=SLOTS, n_ctx=N_CTX) as both:
        for number in range(effort.rounds):
            system = both.system(PREFIX_WORDS)
            asks = [both.words.unique(NEW_WORDS) for _ in range(WARM_ASKS + 2)]
            for side in both.sides:
                cold.of(side.name).add(_asked(side, system, asks[0]))
                for words in asks[1:-1]:
                    warm.of(side.name).add(_asked(side, system, words))
                short.of(side.name).add(_asked(side, "", asks[-1]))
            restored.append(_restored(both, place, f"prefix{number}"))
    yield from _figures(cold, warm, short)
    yield from _disk_figures(restored, cold)


def _asked(side: Side, system: str, words: str) -> Answer:
    return ask(side, Prompt(system, words), WRITTEN)


def _restored(both: Pair, place: Place, name: str) -> Answer:
    """The answer to the first request after a restart of the engine, with a skill's instruction that
    was used before."""
    system = both.system(PREFIX_WORDS)
    place.paths.skills.mkdir(parents=True, exist_ok=True)
    file = place.paths.skills / f"{name}.toml"
    file.write_text(SKILL.format(system=json.dumps(system)), encoding="utf-8")
    both.ingle.call("daemon.reload")
    before = _saved(place.paths.prefixes)
    for _ in range(2):
        with suppress(ModelTooSmall):  # it may well have nothing to say about random words
            both.ingle.call("skill.run", skill=name, text=both.words.unique(NEW_WORDS))
    _until_saved(place.paths.prefixes, before)
    both.ingle.call("model.unload")
    both.ingle.tokenize("loads it again")
    return _asked(both.daemon, system, both.words.unique(NEW_WORDS))


def _saved(folder: Path) -> set[Path]:
    return set(folder.glob("*/*.prefix"))


def _until_saved(folder: Path, before: set[Path]) -> None:
    """It is written in an idle moment. Raises `CannotMeasure`."""
    deadline = time.monotonic() + SAVE_S
    while _saved(folder) <= before:
        if time.monotonic() > deadline:
            raise CannotMeasure(f"no prefix was saved within {SAVE_S:.0f} s")
        select.select([], [], [], LOOK_AGAIN_S)


def _figures(cold: Tallies, warm: Tallies, short: Tallies) -> Iterator[Figure]:
    for name, found in (("cold", cold), ("warm", warm)):
        yield median(
            f"TTFT, 1,000-token prefix {name}", found.ours.first_ms, "ms", peer=found.peer(_middle)
        )
    alone = "the same question without the prefix"
    yield median(f"TTFT, {alone}", short.ours.first_ms, "ms", peer=short.peer(_middle))
    ours, theirs = warm.ours, warm.theirs
    step = cold.ours.token(0.5) or 0.0
    yield Figure(
        "warm over that question and one token",
        ours.first(0.5) / (short.ours.first(0.5) + step),
        "",
        note=f"a token {number(step)} ms",
    )
    if theirs is not None:
        yield Figure(
            "TTFT, warm prefix, over llama-server", ours.first(0.5) / theirs.first(0.5), "", most=1.05
        )


def _disk_figures(restored: list[Answer], cold: Tallies) -> Iterator[Figure]:
    times = [1000 * answer.first_s for answer in restored]
    cached = statistics.median(answer.cached_tokens for answer in restored)
    yield median(
        "TTFT, 1,000-token prefix from disk", times, "ms", note=f"{cached:.0f} tokens were not computed"
    )
    yield Figure(
        "TTFT, prefix from disk, over cold",
        statistics.median(times) / cold.ours.first(0.5),
        "",
        most=0.2,
    )


def _middle(side: Tally) -> float:
    return side.first(0.5)
