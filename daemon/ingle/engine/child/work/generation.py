"""Continuing a prompt token by token, or by several at a time where they can be guessed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingle.engine.child.drafting import Drafting
from ingle.engine.child.text import TextStream
from ingle.engine.child.work.base import Feed, Picks, Value, Want, Work
from ingle.vocabulary import FinishReason


@dataclass
class Generation(Work):
    """Continue a prompt. `on_text` hears what is certain, in order.

    In a `context` of its own it is computed in the same portions whatever `limit` says. With
    `drafting`, a step may be fed guesses behind the last token; the sampler judges them one
    after the other and stops at the first that is not its own choice, so that the text is what it
    would have been without. The guesses behind that one are forgotten with the next feed.
    """

    max_tokens: int
    sampler: Picks
    stream: TextStream
    piece: Callable[[int], bytes]
    is_end: Callable[[int], bool]
    on_text: Callable[[str], None]
    drafting: Drafting | None = None
    output: list[int] = field(default_factory=list, init=False)
    finish_reason: FinishReason | None = field(default=None, init=False)
    text: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._tokens = list(self.prompt)
        self._proposal: tuple[list[int], float] | None = None
        """What is guessed to come next, and how many of it are probably right; None unknown."""

    @property
    def cells(self) -> int:
        return len(self.prompt) + self.max_tokens

    @property
    def reusable(self) -> Sequence[int]:
        return [] if self.context is not None else self._tokens[:-1]

    @property
    def held(self) -> Sequence[int]:
        return [] if self.context is not None else self._tokens[: self.fed]

    @property
    def is_generating(self) -> bool:
        return bool(self.output) and self.fed == len(self._tokens) - 1

    @property
    def rows(self) -> int:
        if self.finish_reason:
            return 0
        if self.context is not None:
            return self._portion
        return len(self._tokens) - self.fed + len(self._proposed[0])

    @property
    def ahead(self) -> int:
        if not self.is_generating or self.rows > 1 or not self.sampler.is_free:
            return 1
        return self.max_tokens - len(self.output)

    @property
    def _portion(self) -> int:
        """Rows that are computed together in a context of its own: always the same ones."""
        left = len(self.prompt) - self.fed
        return 1 if left <= 0 else min(left, self.context.batch.capacity)

    @property
    def gain(self) -> float:
        return self._proposed[1]

    @property
    def _proposed(self) -> tuple[list[int], float]:
        if self.drafting is None or not self.is_generating:
            return [], 0.0
        if self._proposal is None:
            room = self.max_tokens - len(self.output) - 1  # a step gives one token without any
            self._proposal = self.drafting.propose(room)
        return self._proposal

    def take(self, limit: int) -> list[Feed]:
        if self.context is not None:
            limit = self._portion
        known = self._tokens[self.fed : self.fed + limit]
        if self.fed + len(known) < len(self._tokens):
            return [Feed(self._seq, self.fed, known)]
        draft = self._proposed[0][: limit - len(known)]
        wants = [
            Want(len(known) - 1 + index, sampler=self.sampler, draft=guess)
            for index, guess in enumerate([*draft, None])
        ]
        return [Feed(self._seq, self.fed, [*known, *draft], tuple(wants))]

    def accept(self, feeds: Sequence[Feed], values: Sequence[Sequence[Value]]) -> None:
        (feed,), (picked,) = feeds, values
        drafted = max(len(feed.wants) - 1, 0)
        wrong = len(feed.wants) - len(picked)
        if drafted and self.drafting is not None:
            self.drafting.settle(drafted, drafted - wrong)
        for value in picked:
            assert not isinstance(value, list)
            self._append(value)
            if self.finish_reason:
                break
        if picked and not self.finish_reason and self.sampler.is_complete:
            self._finish("stop")
        self.fed = min(feed.start + len(feed.tokens) - wrong, len(self._tokens))

    def undo(self, feeds: Sequence[Feed], kept: Sequence[int]) -> None:
        if self.context is not None:
            return  # the whole portion again
        self.fed = min(kept[0], len(self._tokens) - 1)  # the last row's logits were lost

    def restart(self) -> None:
        fed = self.fed
        super().restart()
        self._keep(fed)

    def resume(self, length: int) -> None:
        fed = self.fed
        super().resume(length)
        self._keep(fed)

    def _keep(self, fed: int) -> None:
        """What is in a context of its own nobody takes away."""
        if self.context is not None:
            self.fed = fed

    def close(self) -> None:
        self.sampler.close()
        if self.context is not None:
            self.context.close()

    def _append(self, token: int | None) -> None:
        if token is None or self.is_end(token):
            self._finish("stop")
            return
        self.output.append(token)
        self._tokens.append(token)
        self._proposal = None
        if self.drafting is not None:
            self.drafting.accept(token)
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
