"""What the socket itself costs: `daemon.status`, one after the other, over one connection."""

import time
from collections.abc import Iterator

from figures import Figure, percentile
from place import Effort, Place

CALLS = 2000
WARM_UP = 100


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    calls = max(CALLS, effort.rounds * CALLS // 5)
    with place.daemon() as ingle:
        times = []
        for _ in range(WARM_UP + calls):
            began = time.perf_counter()
            ingle.call("daemon.status")
            times.append(1000 * (time.perf_counter() - began))
    del times[:WARM_UP]
    note = f"of {calls} calls"
    yield Figure("daemon.status, p50", percentile(times, 0.5), "ms", note=note)
    yield Figure("daemon.status, p99", percentile(times, 0.99), "ms", note=note)
