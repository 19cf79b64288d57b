"""How much dearer a step is deep in a text, where attention goes over all that came before.

A row of SmolLM2-135M takes 7 ms at the beginning of a text and 15 behind 2,400 tokens. Without that,
a step deep in one text would make its number of threads look slow beside a step early in another.
"""

from collections import deque
from statistics import median

FAR = 256.0
"""Tokens between two steps of the same kind that tell how cost grows."""
LEAST, MOST = 200.0, 1e6
KEPT = 31
UNKNOWN = 3000.0


class Depth:
    """Learns behind how many tokens a step costs twice what it costs at the beginning."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, int], tuple[float, float]] = {}
        self._found: deque[float] = deque(maxlen=KEPT)
        self.doubles_at = UNKNOWN

    def factor(self, depth: float) -> float:
        """What a step behind `depth` tokens costs, over one at the beginning."""
        return 1.0 + depth / self.doubles_at

    def learn(self, kind: tuple[int, int], depth: float, ms: float) -> None:
        """A step of a kind (its size and its threads) took `ms`."""
        before = self._last.get(kind)
        if before is not None and abs(before[0] - depth) < FAR:
            return
        self._last[kind] = (depth, ms)
        if before is not None:
            near, far = sorted((before, (depth, ms)))
            self._found.append(_doubling(*near, *far))
            self.doubles_at = median(self._found)


def _doubling(near: float, near_ms: float, far: float, far_ms: float) -> float:
    """The d of near_ms / (1 + near / d) = far_ms / (1 + far / d)."""
    growth = far_ms - near_ms
    if growth <= 0.0:
        return MOST
    return min(max((near_ms * far - far_ms * near) / growth, LEAST), MOST)
