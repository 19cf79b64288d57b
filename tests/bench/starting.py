"""How soon it is there: the socket after a start, `ingle status` on a warm daemon, the import."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from figures import Figure, median
from place import BIN, Effort, Place

CALLS = 4
"""Of a short program, a round."""


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    """The last start leaves its daemon behind, with the model loaded."""
    starts = [place.start() for _ in range(effort.rounds)]
    states = {str(status.engine.state) for _, status in starts}
    seconds = [1000 * took for took, _ in starts]
    note = f"engine then: {', '.join(sorted(states))}"
    yield median("socket answers after the start", seconds, "ms", most=500, note=note)
    began = time.perf_counter()
    place.daemon().close()
    yield Figure("and model and plugins are ready after that", time.perf_counter() - began, "s")
    status = _times([str(BIN / "ingle"), "status"], effort.rounds * CALLS)
    yield median("ingle status, warm", status, "ms", most=150)
    bare = _times([sys.executable, "-c", "import ingle.client"], effort.rounds * CALLS)
    yield median("python -c 'import ingle.client'", bare, "ms")


def _times(argv: Sequence[str], times: int) -> list[float]:
    """Milliseconds of each run after a first one that warms the caches."""
    return [_time(argv) for _ in range(times + 1)][1:]


def _time(argv: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return 1000 * (time.perf_counter() - began)
