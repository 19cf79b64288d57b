"""How much is done in all: equal requests side by side, reading and writing beside llama-bench."""

import json
import statistics
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from answers import Answer, Tallies
from figures import Figure, median
from pair import Pair, pair
from place import CannotMeasure, Effort, Place
from playing import ask, play
from prompts import Load, Prompt, job, planned

N_CTX, SLOTS = 16_384, 8
CLIENTS = (1, 2, 4, 8)
EQUAL = Load("", lanes=1, jobs=2, job_words=96, job_tokens=64, job_priority="normal", least_s=3)
"""Each client asks twice or more, one after the other."""

READ, WRITTEN = 1024, 128
SHORT_WORDS = 80
TRIES = 8
"""Prompts until one is answered at length: the model ends where it pleases."""


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    """Requests of equal priority and length, then one at a time against the bare measuring program."""
    with pair(place, slots=SLOTS, n_ctx=N_CTX) as both:
        for clients in CLIENTS[:: 2 if effort.is_quick else 1]:
            load = replace(EQUAL, name=f"{clients} at a time", lanes=clients, jobs=2 * clients)
            yield from _figures(load, _equal(both, load, effort))
        if place.programs is not None:
            assert both.server is not None
            both.server.stop()  # llama-bench loads the model itself
            yield from _beside_bench(both, effort, place.programs.bench)


def _equal(both: Pair, load: Load, effort: Effort) -> Tallies:
    found = Tallies()
    for _ in range(effort.rounds):
        plan = planned(load, both.words, "")
        for side in both.sides:
            found.of(side.name).add_round(play(side, plan))
    return found


def _figures(load: Load, found: Tallies) -> Iterator[Figure]:
    peer = found.peer(lambda side: statistics.median(side.written))
    yield median(f"written, {load.name}", found.ours.written, "tok/s", peer=peer)
    if ratios := found.ratios(lambda side: side.written):
        yield median(f"written, {load.name}, over llama-server", ratios, "", least=0.97)


def _beside_bench(both: Pair, effort: Effort, program: Path) -> Iterator[Figure]:
    pairs = [_compared(both, program) for _ in range(effort.rounds)]
    for index, what in enumerate((f"reading {READ} tokens", f"writing {WRITTEN} tokens")):
        ours, bench = ([one[side][index] for one in pairs] for side in (0, 1))
        yield median(f"{what}, through the socket", ours, "tok/s")
        yield median(f"{what}, llama-bench", bench, "tok/s")
        ratios = [own / bare for own, bare in zip(ours, bench, strict=True)]
        yield median(f"{what}, over llama-bench", ratios, "", least=0.97)


def _compared(both: Pair, program: Path) -> tuple[tuple[float, float], tuple[float, float]]:
    """Tokens a second, of ours and of llama-bench: of a prompt until its first token is there, and of
    the tokens after that. Both read as many: a last step of a few rows costs as much as one of 60."""
    reading = ask(both.daemon, Prompt("", both.words.unique(READ)), 1)
    tokens = reading.input_tokens - reading.cached_tokens
    ours = tokens / reading.first_s, 1000 / _long_answer(both).token_ms
    return ours, _bench(both, program, tokens)


def _long_answer(both: Pair) -> Answer:
    """Raises `CannotMeasure` when no prompt of a few is answered with `WRITTEN` tokens."""
    for _ in range(TRIES):
        prompt = job(replace(EQUAL, job_words=SHORT_WORDS), both.words)
        writing = ask(both.daemon, prompt, WRITTEN + 1)
        if writing.output_tokens > WRITTEN:
            return writing
    raise CannotMeasure(f"of {TRIES} answers none had {WRITTEN} tokens")


def _bench(both: Pair, program: Path, tokens: int) -> tuple[float, float]:
    """The same by llama-bench, which counts neither words nor the choice of a token."""
    common = ["-m", str(both.settings.model), "-t", str(both.settings.threads), "-r", "1", "-o", "json"]
    read = _rate([str(program), *common, "-p", str(tokens), "-n", "0"])
    depth = ["-d", str(SHORT_WORDS)]
    return read, _rate([str(program), *common, "-p", "0", "-n", str(WRITTEN), *depth])


def _rate(argv: list[str]) -> float:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMeasure(f"llama-bench ended with {done.returncode}: {done.stderr[-300:]}")
    return float(json.loads(done.stdout)[0]["avg_ts"])
