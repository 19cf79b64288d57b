"""Continuing a prompt token by token."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingle.engine.child.text import TextStream
from ingle.engine.child.work.base import Feed, Picks, Value, Want, Work
from ingle.vocabulary import FinishReason


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
