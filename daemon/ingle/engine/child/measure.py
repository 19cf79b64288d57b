"""`python -m ingle.engine.child.measure speed|perplexity FILE...`: how fast files are, how good.

`speed` times reading and writing, the files in turn, so that what else the machine does meanwhile
falls on all of them alike; medians are told. `perplexity` reads a packaged text of several kinds
and languages, with `--tokens` only its beginning, and tells how much each token surprised the
model (in nats). Standard output is for programs: a line of JSON for each file, and lines such as
{"progress": 0.25} in between. Exit codes as `quantize`'s.
"""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "0")
os.environ.setdefault("GGML_NO_BACKTRACE", "1")
"""As in `child.__main__`: what is measured is how the engine will run."""

import argparse  # noqa: E402
import json  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402
from importlib import resources  # noqa: E402
from pathlib import Path  # noqa: E402
from statistics import median  # noqa: E402

import numpy as np  # noqa: E402

from ingle.engine import machine  # noqa: E402
from ingle.engine.child.llama import devices, library  # noqa: E402
from ingle.engine.child.llama.context import Context, ContextShape  # noqa: E402
from ingle.engine.child.llama.model import Model  # noqa: E402
from ingle.errors import EngineUnavailable, IngleError  # noqa: E402
from ingle.models.gguf import read_header  # noqa: E402

WINDOW = 512
"""Tokens that are read together; a longer text is read in several windows."""
READ = 128
"""Tokens of a reading: a micro-batch of the engine on a CPU."""
WRITE = 12
"""Tokens of a writing: after some ten the mean does not move any more."""
WARM = 32
"""Tokens of the first reading, which is not timed."""
ROUNDS = 3
"""Two at least; a third where there is time."""
TRIALS = 3
MOST_TOKENS = 1 << 16


class Measured:
    """One file, loaded and warm."""

    def __init__(self, path: Path) -> None:
        read_header(path)
        self.path = path
        self._model = Model(
            str(path),
            gpus=devices.gpus(),
            gpu_layers=-1,
            check_tensors=False,
            progress=lambda _: None,
        )
        self._model.check_writes()
        self._most = self._threads = machine.threads()
        shape = ContextShape(n_ctx=2 * WINDOW, n_batch=READ, n_seq=1, n_outputs=READ, threads=self._most)
        self._context = Context(self._model, shape)
        self._opening = self._context.vocabulary.opening() or [0]
        self._decode(self._text(WARM), 0)
        self._threads = min(_halvings(self._most), key=self._writing_ms)
        self._reads: list[float] = []
        self._writes: list[float] = []

    def _text(self, count: int) -> list[int]:
        text = resources.files("ingle.engine.child").joinpath("measure.txt").read_text("utf-8")
        return self._context.vocabulary.tokenize(text)[:count]

    def _decode(self, tokens: Sequence[int], start: int, outputs: Sequence[int] = ()) -> float:
        """Milliseconds that these tokens take, after `start` others."""
        context = self._context
        if start == 0:
            context.remove(0)
        context.batch.clear()
        context.batch.add(tokens, start, 0, outputs or [len(tokens) - 1])
        threads = self._threads if len(tokens) == 1 else self._most
        began = time.perf_counter()
        code = context.decode(threads)
        if code:
            raise EngineUnavailable(f"llama.cpp cannot compute with {self.path.name} (code {code})")
        return (time.perf_counter() - began) * 1000

    def _writing_ms(self, threads: int) -> float:
        self._threads = threads
        self._decode(self._opening, 0)
        return median(self._decode(self._opening, 1 + index) for index in range(TRIALS))

    def run(self) -> None:
        """One round: read, then write behind what was read."""
        tokens = self._text(READ)
        self._reads.append(len(tokens) / self._decode(tokens, 0))
        some = [self._decode(tokens[:1], len(tokens) + index) for index in range(WRITE)]
        self._writes.append(1 / median(some))

    def speeds(self) -> dict[str, object]:
        return {
            "file": str(self.path),
            "prefill_tps": round(median(self._reads) * 1000, 1),
            "decode_tps": round(median(self._writes) * 1000, 1),
            "threads": self._most,
        }

    def surprises(self, most: int) -> Iterator[tuple[float, list[float]]]:
        """(share that is read by now, how much its last tokens surprised), for `most` tokens."""
        tokens = self._text(most)
        for first in range(0, len(tokens), WINDOW):
            window = [*self._opening, *tokens[first : first + WINDOW]]
            for start in range(0, len(window) - 1, READ):
                asked = window[start : min(start + READ, len(window) - 1)]
                self._decode(asked, start, range(len(asked)))
                found = list(self._surprises(window[start + 1 : start + 1 + len(asked)]))
                yield (first + start + len(asked)) / len(tokens), found

    def _surprises(self, targets: Sequence[int]) -> Iterator[float]:
        """The negative log-likelihood of each of the tokens that came next."""
        for row, target in enumerate(targets):
            logits = self._context.logits(row).astype(np.float64)
            top = logits.max()
            yield float(top + np.log(np.exp(logits - top).sum()) - logits[target])


def _halvings(most: int) -> Iterator[int]:
    while most:
        yield most
        most //= 2


def speed(files: Sequence[Path], seconds: float) -> None:
    """All files in turn; the last round begins within `seconds`, two are run in any case."""
    began = time.monotonic()
    loaded = []
    for file in files:
        loaded.append(Measured(file))
        _say(progress=len(loaded) / len(files) / (ROUNDS + 1))
    for done in range(2, ROUNDS + 2):
        if done > 3 and time.monotonic() - began > seconds:
            break
        for each in loaded:
            each.run()
        _say(progress=done / (ROUNDS + 1))
    for each in loaded:
        _say(**each.speeds())


def perplexity(files: Sequence[Path], tokens: int) -> None:
    for number, file in enumerate(files):
        surprises: list[float] = []
        for share, found in Measured(file).surprises(tokens):
            surprises += found
            _say(progress=(number + share) / len(files))
        _say(file=str(file), surprises=[round(nats, 5) for nats in surprises])


def _say(**fields: object) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ingle.engine.child.measure", description=__doc__)
    parser.add_argument("what", choices=("speed", "perplexity"))
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0, help="begin no third round after these")
    parser.add_argument(
        "--tokens", type=int, default=MOST_TOKENS, help="of the text, from its beginning"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as in `quantize`
    arguments = _arguments(argv)
    library.start()
    try:
        if arguments.what == "speed":
            speed(arguments.files, arguments.seconds)
        else:
            perplexity(arguments.files, arguments.tokens)
    except IngleError as error:
        sys.stderr.write(f"{error.message}{f' ({error.hint})' if error.hint else ''}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
