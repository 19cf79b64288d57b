"""When to start a dead child again, and when to stop trying: two small rules over time stamps."""

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Exponential delays: `first_s`, doubled each time up to `most_s`; a long life starts anew."""

    first_s: float = 0.5
    most_s: float = 30.0
    healthy_s: float = 60.0
    """A child that lived so long had started well."""
    _next_s: float = field(default=0.0, init=False)

    def after_death(self, lived_s: float) -> float:
        """Seconds to wait before the next start."""
        if lived_s >= self.healthy_s or not self._next_s:
            self._next_s = self.first_s
        delay, self._next_s = self._next_s, min(self._next_s * 2, self.most_s)
        return delay


@dataclass
class CircuitBreaker:
    """Opens at `deaths` within `window_s` seconds (VS Code's rule for extensions: 3 in 5 minutes)."""

    deaths: int = 3
    window_s: float = 300.0
    _times: deque[float] = field(default_factory=deque, init=False)

    def record(self, now: float) -> bool:
        """Note a death at `now` (monotonic seconds); True when the breaker is open."""
        self._times.append(now)
        while self._times and self._times[0] <= now - self.window_s:
            self._times.popleft()
        return len(self._times) >= self.deaths

    def reset(self) -> None:
        """A person asked to try again."""
        self._times.clear()
