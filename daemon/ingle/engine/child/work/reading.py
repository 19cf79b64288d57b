"""How likely the model found each token of a text."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingle.engine.child.work.base import Feed, Value, Want, Work


@dataclass
class Reading(Work):
    """How likely the model found each token of a text, in windows when it is long.

    `prompt` stands before every window and is not scored; a window begins with the last quarter
    of the one before, so that no token is judged without what precedes it.
    """

    tokens: list[int]
    window: int
    """Tokens in memory at a time, prompt included."""
    logprobs: list[float] = field(default_factory=list, init=False)
    """Of `tokens`, as far as they were read; 0 for a first one that nothing precedes."""

    def __post_init__(self) -> None:
        if not self.prompt:
            self.logprobs.append(0.0)
        self._begin = 0
        """Where in `tokens` the window starts."""

    @property
    def cells(self) -> int:
        return min(len(self.prompt) + len(self.tokens), self.window)

    @property
    def reusable(self) -> list[int]:
        """As far as the tokens behind are judged. A text that takes several windows starts anew in
        each, and shares nothing."""
        known = len(self.prompt) + len(self.logprobs)
        return (self.prompt + self.tokens)[: known - 1] if self._is_one_window else []

    @property
    def held(self) -> list[int]:
        return (self.prompt + self.tokens)[: self.fed] if self._is_one_window else []

    @property
    def _is_one_window(self) -> bool:
        return len(self.prompt) + len(self.tokens) <= self.window

    @property
    def is_dense(self) -> bool:
        return self.fed >= len(self.prompt) - 1

    @property
    def rows(self) -> int:
        """The last token of a window only has to be predicted, never fed."""
        if len(self.logprobs) == len(self.tokens):
            return 0
        return len(self.prompt) + self._end - self._begin - 1 - self.fed

    @property
    def _end(self) -> int:
        return min(self._begin + self.window - len(self.prompt), len(self.tokens))

    def take(self, limit: int) -> list[Feed]:
        held = self.prompt + self.tokens[self._begin : self._end]
        last = min(self.fed + limit, len(held) - 1)
        if not self.is_dense:  # rows with logits are budgeted apart: the next step brings them
            last = min(last, len(self.prompt) - 1)
        known = len(self.prompt) + len(self.logprobs) - self._begin
        wants = tuple(
            Want(row - self.fed, targets=(held[row + 1],))
            for row in range(max(self.fed, known - 1), last)
        )
        return [Feed(self._seq, self.fed, held[self.fed : last], wants)]

    def accept(self, feeds: Sequence[Feed], values: Sequence[Sequence[Value]]) -> None:
        self.fed += len(feeds[0].tokens)
        self.logprobs += [value[0] for value in values[0] if isinstance(value, list)]
        if not self.rows and len(self.logprobs) < len(self.tokens):
            self._begin = self._end - (self.window - len(self.prompt)) // 4
            self.fed = 0
