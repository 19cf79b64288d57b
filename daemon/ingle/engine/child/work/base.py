"""What every kind of work is to the loop: rows to feed, and what is wanted from their logits."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ingle.engine.child.slots import Grant


class Picks(Protocol):
    """Chooses the next token from a row of logits; None when there is none that may follow."""

    @property
    def is_free(self) -> bool:
        """Whether nothing but the choice itself says if the text goes on."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing may follow the last choice."""

    def pick(self, context: Any, row: int) -> int | None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Want:
    """What to read from the logits of row `index` of a feed.

    With a sampler its choice; otherwise the log-likelihoods of `targets`. `draft` is the token
    that was fed behind the row as a guess: where the choice is another one, no further value is read.
    """

    index: int
    sampler: Picks | None = None
    targets: tuple[int, ...] = ()
    draft: int | None = None


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


@dataclass(frozen=True, slots=True)
class Adapted:
    """A loaded adapter at a strength. `key` is another one for each file and each strength."""

    key: str
    scale: float
    adapter: Any


@dataclass
class Work(ABC):
    """One request on its way through the batch. `grant` is set while it runs."""

    rank: int
    prompt: list[int]
    adapter: Adapted | None = field(default=None, init=False)
    """All rows of a step have the same one."""
    context: Any = field(default=None, init=False)
    """A `Context` of its own, in which it is computed alone; None is everybody's."""
    grant: Grant | None = field(default=None, init=False)
    fed: int = field(default=0, init=False)
    """Positions of its own sequence that are in memory."""
    may_share: bool = field(default=True, init=False)
    """Whether what was computed for others may serve it. What is computed in other company rounds
    differently, so that a text is the same again only if it is computed anew."""
    recurring: int = field(default=0, init=False)
    """Tokens at the beginning of the prompt that are ours, not a person's, and come again."""

    @property
    def prefix_key(self) -> str:
        """What was computed for one prompt serves another one with the same key only, and only
        works with the same key share a step."""
        if self.context is not None:
            return f"alone {id(self)}"
        return self.adapter.key if self.adapter else ""

    @property
    def cells(self) -> int:
        """KV cells to reserve."""
        return len(self.prompt)

    @property
    def copies(self) -> int:
        """Sequences that it wants beside its own."""
        return 0

    @property
    def reusable(self) -> Sequence[int]:
        """Tokens that need not be fed where they are in memory already."""
        return self.prompt[:-1]

    @property
    def held(self) -> Sequence[int]:
        """Tokens that are in the memory of its own sequence and may serve others."""
        return self.prompt[: self.fed]

    @property
    def is_generating(self) -> bool:
        return False

    @property
    def is_dense(self) -> bool:
        """Whether every row gives logits now."""
        return False

    @property
    def gain(self) -> float:
        """How many of the drafted tokens among `rows` will probably be right."""
        return 0.0

    @property
    def ahead(self) -> int:
        """Steps of a single row each that may follow one another before their values are accepted."""
        return 1

    @property
    @abstractmethod
    def rows(self) -> int:
        """Tokens that could be fed now; 0 when it is finished."""

    @abstractmethod
    def take(self, limit: int) -> list[Feed]:
        """The next rows, `limit` at most."""

    @abstractmethod
    def accept(self, feeds: Sequence[Feed], values: Sequence[Sequence[Value]]) -> None:
        """The feeds were decoded; `values` are parallel to their wants, up to a wrong guess."""

    def undo(self, feeds: Sequence[Feed], kept: Sequence[int]) -> None:
        """The step was cut; `kept` positions of each feed's sequence are whole in memory."""
        self.fed = min(feeds[0].start, kept[0])

    def restart(self) -> None:
        """It has no memory any more, until `resume`."""
        self.fed, self.grant = 0, None

    def resume(self, length: int) -> None:
        """It has memory, in which the first `length` of its `reusable` tokens are."""
        self.fed = length

    def close(self) -> None:  # noqa: B027 - most kinds hold nothing
        """No step uses it any more."""

    @property
    def _seq(self) -> int:
        if self.context is not None:
            return 0
        assert self.grant is not None
        return self.grant.seq
