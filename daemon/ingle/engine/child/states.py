"""Sequences that gave up their place in the KV cache, in ordinary memory until they go on.

A state is put back in a five-hundredth of the time that computing it again takes (2,000 tokens of
SmolLM2-135M: 46 MB, 11 ms against 18 s on two slow cores). Pure bookkeeping with a bound.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

SHARE_OF_MEMORY = 4
"""States take at most one part in so many of what is free when the model is loaded, ..."""
MOST_BYTES = 1 << 30
"""... and no more than this."""


def room(available_bytes: int) -> int:
    """Bytes for states on a machine with so much memory left."""
    return min(available_bytes // SHARE_OF_MEMORY, MOST_BYTES)


@dataclass(frozen=True, slots=True)
class State:
    """`data` is llama.cpp's, of a sequence with `length` tokens."""

    data: bytes
    length: int


@dataclass
class States:
    """States by the key of the request that goes on from them; the oldest make room."""

    most_bytes: int
    used_bytes: int = field(default=0, init=False)
    _held: OrderedDict[int, State] = field(default_factory=OrderedDict, init=False)

    def put(self, key: int, state: State) -> bool:
        """Keep a state; False where it is empty or larger than all the room there is."""
        self.take(key)
        if not state.data or len(state.data) > self.most_bytes:
            return False
        while self.used_bytes + len(state.data) > self.most_bytes:
            self.take(next(iter(self._held)))
        self._held[key] = state
        self.used_bytes += len(state.data)
        return True

    def take(self, key: int) -> State | None:
        """The state of a request, which is not kept any longer."""
        state = self._held.pop(key, None)
        if state is not None:
            self.used_bytes -= len(state.data)
        return state
