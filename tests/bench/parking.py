"""Stepping aside and coming back: until the child is gone, and until it has answered again."""

import time
from collections.abc import Iterator

import psutil
from figures import Figure, median
from pair import Pair, pair
from place import CannotMeasure, Effort, Place
from playing import ask
from prompts import Prompt
from sides import Side

N_CTX, SLOTS = 8192, 4
NEW_WORDS = 24


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    """The file is in the page cache for both: it has just been read."""
    parked: list[float] = []
    back: dict[str, list[float]] = {}
    with pair(place, slots=SLOTS, n_ctx=N_CTX) as both:
        for _ in range(effort.rounds):
            prompt = Prompt("", both.words.unique(NEW_WORDS))
            _answered(both.daemon, prompt)
            parked.append(_park(both))
            for side in both.sides:
                back.setdefault(side.name, []).append(_back(both, side, prompt))
    yield median("park: until the child is gone", parked, "s", most=1.0)
    ours, theirs = back["ingle"], back.get("llama-server")
    if theirs is None:
        yield median("unpark: until the first token", ours, "s")
        return
    yield median("unpark: until the first token", ours, "s", note="from the page cache")
    yield median("llama-server: start until the first token", theirs, "s")
    ratios = [own / other for own, other in zip(ours, theirs, strict=True)]
    yield median("unpark, over llama-server's start", ratios, "", most=1.2)


def _park(both: Pair) -> float:
    pid = both.ingle.status().engine.pid
    began = time.perf_counter()
    both.ingle.call("model.park")
    took = time.perf_counter() - began
    if pid is None or psutil.pid_exists(pid):
        raise CannotMeasure("the engine child outlived `model.park`")
    return took


def _back(both: Pair, side: Side, prompt: Prompt) -> float:
    """From the request to come back, or the start of the process, to the first token."""
    if side is both.server:
        both.server.stop()
        return both.server.start() + _answered(side, prompt)
    began = time.perf_counter()
    both.ingle.call("daemon.resume")
    return time.perf_counter() - began + _answered(side, prompt)


def _answered(side: Side, prompt: Prompt) -> float:
    return ask(side, prompt, 4).first_s
