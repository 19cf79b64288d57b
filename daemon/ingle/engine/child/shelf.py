"""States of sequences that gave up their place in the KV cache, in ordinary memory.

A state is put back in a five-hundredth of the time that computing it again takes (2,000 tokens of
SmolLM2-135M: 46 MB, 11 ms against 18 s on two slow cores), and on the shelf it slows nobody down.
Pure: a bounded table, searched by what the tokens begin with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingle.engine.child.prefix import common

State = bytes | memoryview
"""What llama.cpp gives for a sequence: its tokens' keys and values, in a form of its own."""

SHARE_OF_MEMORY = 4
"""States take at most one part in so many of what is free when the model is loaded, ..."""
MOST_BYTES = 1 << 30
"""... and no more than this."""


def room(available_bytes: int) -> int:
    """Bytes for states on a machine with so much memory left."""
    return min(available_bytes // SHARE_OF_MEMORY, MOST_BYTES)


@dataclass(eq=False, slots=True)
class Shelved:
    """`data` is llama.cpp's, of a sequence with exactly these tokens. `owner` is the request that
    gave way and waits to go on from there, if any."""

    key: str
    tokens: list[int]
    data: State
    owner: int | None = None


@dataclass
class Shelf:
    """The states, the last used at the end. What somebody waits for makes room last."""

    most_bytes: int
    used_bytes: int = field(default=0, init=False)
    _held: list[Shelved] = field(default_factory=list, init=False)

    def put(self, key: str, tokens: Sequence[int], data: State, owner: int | None = None) -> None:
        """Keep a state, if it is not empty and there is room for it at all."""
        self._remove(
            [
                one
                for one in self._held
                if one.owner is None and one.key == key and _begins(tokens, one.tokens)
            ]
        )
        if data and len(data) <= self.most_bytes:
            self._held.append(Shelved(key, list(tokens), data, owner))
            self.used_bytes += len(data)
        while self.used_bytes > self.most_bytes:
            self._remove([min(self._held, key=lambda one: one.owner is not None)])

    def longest(self, key: str, tokens: Sequence[int], *, is_whole: bool) -> tuple[Shelved | None, int]:
        """The state that shares most of the beginning of `tokens`, and how much; with `is_whole` it
        has to share all that it has. It counts as used."""
        found: tuple[Shelved | None, int] = (None, 0)
        for one in self._held:
            length = common(one.tokens, tokens) if one.key == key else 0
            if length > found[1] and (length == len(one.tokens) or not is_whole):
                found = (one, length)
        if found[0] is not None:
            self._held.remove(found[0])
            self._held.append(found[0])
        return found

    def disown(self, owner: int) -> None:
        """A request does not wait any more."""
        for one in self._held:
            if one.owner == owner:
                one.owner = None

    def _remove(self, states: list[Shelved]) -> None:
        for one in states:
            self._held.remove(one)
            self.used_bytes -= len(one.data)


def _begins(tokens: Sequence[int], beginning: Sequence[int]) -> bool:
    return common(beginning, tokens) == len(beginning)
