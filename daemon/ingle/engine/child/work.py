"""The three kinds of work that run in a batch: generating, scoring candidates, reading a text.

Each is a small state machine: `take` says which rows come next, `accept` receives what their
logits gave, `undo` says that the step was cut. It knows positions and likelihoods, not llama.cpp,
and not when its turn is (`scheduler`) nor who waits for it (`engine`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ingle.engine.child.slots import Grant
from ingle.engine.child.text import TextStream
from ingle.vocabulary import FinishReason


class Picks(Protocol):
    """Chooses the next token from a row of logits; None when there is none that may follow."""

    def pick(self, context: Any, row: int) -> int | None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Want:
    """What to read from the logits of row `index` of a feed.

    With a sampler its choice; otherwise the log-likelihoods of `targets`.
    """

    index: int
    sampler: Picks | None = None
    targets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """Consecutive tokens of one sequence. What stands from `start` on is forgotten before, and
    with `copy_of` the sequence begins as a copy of another one."""

    seq: int
    start: int
    tokens: Sequence[int]
    wants: tuple[Want, ...] = ()
    copy_of: int | None = None


Value = int | list[float] | None
"""A sampler's choice, or log-likelihoods."""


@dataclass
class Work(ABC):
    """One request on its way through the batch. `grant` is set while it runs."""

    rank: int
    prompt: list[int]
    grant: Grant | None = field(default=None, init=False)
    fed: int = field(default=0, init=False)
    """Positions of its own sequence that are in memory."""

    @property
    def cells(self) -> int:
        """KV cells to reserve."""
        return len(self.prompt)

    @property
    def is_generating(self) -> bool:
        return False

    @property
    def is_dense(self) -> bool:
        """Whether every row gives logits now."""
        return False

    @property
    @abstractmethod
    def rows(self) -> int:
        """Tokens that could be fed now; 0 when it is finished."""

    @abstractmethod
    def take(self, limit: int) -> list[Feed]:
        """The next rows, `limit` at most."""

    @abstractmethod
    def accept(self, feeds: Sequence[Feed], values: Sequence[Sequence[Value]]) -> None:
        """The feeds were decoded; `values` are parallel to their wants."""

    def undo(self, feeds: Sequence[Feed], kept: Sequence[int]) -> None:
        """The step was cut; `kept` positions of each feed's sequence are whole in memory."""
        self.fed = min(feeds[0].start, kept[0])

    def restart(self) -> None:
        """Its memory was given to somebody else: everything has to be fed again."""
        self.fed, self.grant = 0, None

    def close(self) -> None:  # noqa: B027 - most kinds hold nothing
        """No step uses it any more."""

    @property
    def _seq(self) -> int:
        assert self.grant is not None
        return self.grant.seq


@dataclass
class Generation(Work):
    """Continue a prompt token by token. `on_text` hears what is certain, in order."""

    max_tokens: int
    sampler: Picks
    stream: TextStream
    piece: Callable[[int], bytes]
    is_end: Callable[[int], bool]
    on_text: Callable[[str], None]
    output: list[int] = field(default_factory=list, init=False)
    finish_reason: FinishReason | None = field(default=None, init=False)
    text: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._tokens = list(self.prompt)

    @property
    def cells(self) -> int:
        return len(self.prompt) + self.max_tokens

    @property
    def is_generating(self) -> bool:
        return bool(self.output) and self.fed == len(self._tokens) - 1

    @property
    def rows(self) -> int:
        return 0 if self.finish_reason else len(self._tokens) - self.fed

    def take(self, limit: int) -> list[Feed]:
        tokens = self._tokens[self.fed : self.fed + limit]
        is_last = self.fed + len(tokens) == len(self._tokens)
        wants = (Want(len(tokens) - 1, sampler=self.sampler),) if is_last else ()
        return [Feed(self._seq, self.fed, tokens, wants)]

    def accept(self, feeds: Sequence[Feed], values: Sequence[Sequence[Value]]) -> None:
        self.fed += len(feeds[0].tokens)
        for value in values[0]:
            assert not isinstance(value, list)
            self._append(value)

    def undo(self, feeds: Sequence[Feed], kept: Sequence[int]) -> None:
        self.fed = min(kept[0], len(self._tokens) - 1)  # the last row's logits were lost

    def close(self) -> None:
        self.sampler.close()

    def _append(self, token: int | None) -> None:
        if token is None or self.is_end(token):
            self._finish("stop")
            return
        self.output.append(token)
        self._tokens.append(token)
        self._say(self.stream.feed(self.piece(token)))
        if self.stream.is_stopped:
            self._finish("stop")
        elif len(self.output) >= self.max_tokens:
            self._finish("length")

    def _finish(self, reason: FinishReason) -> None:
        self._say(self.stream.finish())
        self.finish_reason = reason

    def _say(self, text: str) -> None:
        if text:
            self.text += text
            self.on_text(text)


@dataclass
class Scoring(Work):
    """How likely each candidate is after the prompt, which is read once and shared by copies."""

    candidates: list[list[int]]
    most_copies: int

    def __post_init__(self) -> None:
        self._firsts = [0.0] * len(self.candidates)
        self._rests = [0.0] * len(self.candidates)
        self._fed = [0] * len(self.candidates)
        self._first = 0
        """The first candidate that is not wholly fed; those with one token need no feeding."""
        self._skip_done()

    @property
    def sums(self) -> list[float]:
        """Of the log-likelihoods of each candidate's tokens."""
        return [first + rest for first, rest in zip(self._firsts, self._rests, strict=True)]

    @property
    def cells(self) -> int:
        """The prompt, and as many of the longest candidates as are fed side by side."""
        longest = sorted(map(len, self.candidates), reverse=True)
        return len(self.prompt) + sum(longest[: self.most_copies])

    @property
    def is_dense(self) -> bool:
        return self.fed == len(self.prompt)

    @property
    def rows(self) -> int:
        pairs = zip(self.candidates, self._fed, strict=True)
        return len(self.prompt) - self.fed or sum(len(tokens) - 1 - fed for tokens, fed in pairs)

    def take(self, limit: int) -> list[Feed]:
        if self.fed < len(self.prompt):
            return [self._take_prompt(limit)]
        assert self.grant is not None
        feeds: list[Feed] = []
        copies, index = self.grant.copies, self._first
        while limit and index < len(self.candidates) and index < self._first + len(copies):
            feed = self._take_candidate(index, copies[index % len(copies)], limit)
            if feed.tokens:
                feeds.append(feed)
            limit -= len(feed.tokens)
            index += 1
        return feeds

    def _take_prompt(self, limit: int) -> Feed:
        tokens = self.prompt[self.fed : self.fed + limit]
        is_last = self.fed + len(tokens) == len(self.prompt)
        firsts = tuple(candidate[0] for candidate in self.candidates)
        wants = (Want(len(tokens) - 1, targets=firsts),) if is_last else ()
        return Feed(self._seq, self.fed, tokens, wants)

    def _take_candidate(self, index: int, seq: int, limit: int) -> Feed:
        candidate, fed = self.candidates[index], self._fed[index]
        tokens = candidate[fed:-1][:limit]
        wants = tuple(Want(i, targets=(candidate[fed + i + 1],)) for i in range(len(tokens)))
        start = len(self.prompt) + fed
        return Feed(seq, start, tokens, wants, None if fed else self._seq)

    def accept(self, feeds: Sequence[Feed], values: Sequence[Sequence[Value]]) -> None:
        if self.fed < len(self.prompt):
            self.fed += len(feeds[0].tokens)
            for likelihoods in values[0]:
                assert isinstance(likelihoods, list)
                self._firsts = likelihoods
            return
        for feed, read in zip(feeds, values, strict=True):
            index = self._index_of(feed)
            self._fed[index] += len(feed.tokens)
            self._rests[index] += sum(one[0] for one in read if isinstance(one, list))
        self._skip_done()

    def _index_of(self, feed: Feed) -> int:
        assert self.grant is not None
        copies = self.grant.copies
        offset = (copies.index(feed.seq) - self._first) % len(copies)
        return self._first + offset

    def _skip_done(self) -> None:
        while (
            self._first < len(self.candidates)
            and self._fed[self._first] == len(self.candidates[self._first]) - 1
        ):
            self._first += 1

    def undo(self, feeds: Sequence[Feed], kept: Sequence[int]) -> None:
        if self.fed < len(self.prompt):
            self.fed = min(kept[0], len(self.prompt) - 1)

    def restart(self) -> None:
        """Candidates that were wholly fed keep their sums; the others start anew."""
        super().restart()
        for index, candidate in enumerate(self.candidates):
            if self._fed[index] < len(candidate) - 1:
                self._fed[index], self._rests[index] = 0, 0.0


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
