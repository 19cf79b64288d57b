"""What came of asking: one answer, one round of a load, all rounds of a side. Pure values."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from figures import percentile


@dataclass(frozen=True)
class Answer:
    """Seconds after the request was sent, and tokens."""

    first_s: float
    total_s: float
    input_tokens: int
    cached_tokens: int
    output_tokens: int

    @property
    def token_ms(self) -> float:
        """Between two tokens, on average: a piece of text may hold several."""
        return 1000 * (self.total_s - self.first_s) / max(self.output_tokens - 1, 1)

    @property
    def worked_tokens(self) -> int:
        """Read, beyond what was cached, and written."""
        return self.input_tokens - self.cached_tokens + self.output_tokens


@dataclass(frozen=True)
class Round:
    """`waiting_s`: how long those had waited in vain that were given up."""

    asks: tuple[Answer, ...]
    waiting_s: tuple[float, ...]
    jobs: tuple[Answer, ...]
    took_s: float
    """Until the last job was done, or the window over."""


@dataclass
class Tally:
    """One side in one cell, over all rounds. Times in milliseconds, rates in tokens a second."""

    first_ms: list[float] = field(default_factory=list)
    """To the first token; a question that was given up counts with the time it had waited."""
    token_ms: list[float] = field(default_factory=list)
    """Between tokens, an answer's average."""
    worked: list[float] = field(default_factory=list)
    """By the jobs of a round, read and written."""
    written: list[float] = field(default_factory=list)
    given_up: int = 0

    def add(self, answer: Answer) -> None:
        self.first_ms.append(1000 * answer.first_s)
        if answer.output_tokens > 1:
            self.token_ms.append(answer.token_ms)

    def add_round(self, one: Round) -> None:
        for answer in one.asks:
            self.add(answer)
        self.first_ms += [1000 * waited for waited in one.waiting_s]
        self.given_up += len(one.waiting_s)
        self.worked.append(sum(job.worked_tokens for job in one.jobs) / one.took_s)
        self.written.append(sum(job.output_tokens for job in one.jobs) / one.took_s)

    def first(self, share: float) -> float:
        return percentile(self.first_ms, share)

    def token(self, share: float) -> float | None:
        """None where nobody got an answer."""
        return percentile(self.token_ms, share) if self.token_ms else None

    @property
    def count(self) -> str:
        """For a figure's note."""
        return f"of {len(self.first_ms)}" + (f" ({self.given_up} given up)" if self.given_up else "")


class Tallies:
    """Both sides in one cell; they were measured in the same rounds, in turns."""

    def __init__(self) -> None:
        self._by_name: dict[str, Tally] = defaultdict(Tally)

    def of(self, side: str) -> Tally:
        return self._by_name[side]

    @property
    def ours(self) -> Tally:
        return self._by_name["ingle"]

    @property
    def theirs(self) -> Tally | None:
        """None where there was nobody to compare with."""
        return self._by_name.get("llama-server")

    def peer(self, value: Callable[[Tally], float | None]) -> float | None:
        """A figure of theirs."""
        return None if self.theirs is None else value(self.theirs)

    def ratios(self, values: Callable[[Tally], list[float]]) -> list[float]:
        """Ours over theirs, round by round."""
        if self.theirs is None:
            return []
        return [
            ours / theirs
            for ours, theirs in zip(values(self.ours), values(self.theirs), strict=True)
            if theirs
        ]
