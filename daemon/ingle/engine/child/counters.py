"""What the loop did since the start of the child."""

import statistics
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Counters:
    """Steps, tokens and milliseconds; `busy_ms` is the loop's own time, `decode_ms` included."""

    steps: int = 0
    decoded: int = 0
    prefilled: int = 0
    cut: int = 0
    """Steps that were aborted for somebody more important, or because nobody waits any more."""
    decode_ms: float = 0.0
    busy_ms: float = 0.0
    last_ms: deque[float] = field(default_factory=lambda: deque(maxlen=64))

    @property
    def median_ms(self) -> float:
        """Of the last steps."""
        return statistics.median(self.last_ms) if self.last_ms else 0.0

    def count(self, decode_ms: float, *, is_cut: bool) -> None:
        """One more step."""
        self.steps += 1
        self.cut += is_cut
        self.decode_ms += decode_ms
        self.last_ms.append(decode_ms)
