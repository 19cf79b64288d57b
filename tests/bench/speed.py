"""What the socket and the engine cost beside the bare library: tokens a second over tokens a second.

Both generate the same number of tokens from the same prompt, greedily, with the same threads; they
take turns, so that whatever else the machine does meets both.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, median
from place import CannotMeasure, Effort, Place

from ingle.client import Ingle
from ingle.models.library import Library

PROMPT = (
    "Write down everything that you know about fire, water, earth and air, one sentence after the other."
)
TOKENS = 128


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    with place.daemon() as ingle:
        engine = ingle.status().engine
        model = Library(place.paths.models).find(engine.model or "").path
        with Bare(model, engine.threads, engine.n_ctx) as bare:
            _socket_rate(ingle)
            bare.rate()
            pairs = [(_socket_rate(ingle), bare.rate()) for _ in range(effort.rounds)]
    yield median("through the socket", [ours for ours, _ in pairs], "tokens/s")
    yield median(
        "bare llama-cpp-python",
        [theirs for _, theirs in pairs],
        "tokens/s",
        note=f"{engine.threads} threads",
    )
    yield median("ratio", [ours / theirs for ours, theirs in pairs], "", least=0.95)


def _socket_rate(ingle: Ingle) -> float:
    """Tokens a second between the first and the last one, by the client's clock."""
    stream = ingle.stream("assistant.generate", prompt=PROMPT, max_tokens=TOKENS, temperature=0.0)
    first = 0.0
    for _ in stream:
        first = first or time.perf_counter()
    took = time.perf_counter() - first
    tokens = int(stream.result["usage"]["output_tokens"])
    if tokens < TOKENS // 2:
        raise CannotMeasure(f"the model stopped after {tokens} tokens; the figure would say nothing")
    return (tokens - 1) / took


class Bare:
    """A process that has loaded the same model with nothing around it."""

    def __init__(self, model: Path, threads: int, n_ctx: int) -> None:
        self._argv = [
            sys.executable,
            str(Path(__file__).with_name("bare.py")),
            str(model),
            str(threads),
            str(n_ctx),
        ]

    def __enter__(self) -> "Bare":
        self._process = subprocess.Popen(
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def rate(self) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"prompt": PROMPT, "tokens": TOKENS}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise CannotMeasure("the bare library could not load the model")
        return float(json.loads(answer)["rate"])
