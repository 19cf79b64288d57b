"""How the next token is chosen: one sampler for each request, with or without a constraint.

The likeliest token is found here; a draw is a chain of llama.cpp's samplers. A
`Sampler` may be made on any thread; it is used between steps, and closed when none uses it.
"""

import ctypes
import math
import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import llama_cpp.llama_cpp as ll
import numpy as np
from numpy.typing import NDArray

from ingle.engine.child.llama.context import Context
from ingle.errors import IngleError, InvalidParams

if TYPE_CHECKING:
    from ingle.engine.child.constraint import Constraint

PENALTY_WINDOW = 64
"""How many of its own last tokens the repeat penalty looks at: llama.cpp's default."""

SEEDS = 2**32
_RANDOM_SEED = SEEDS - 1
"""For llama.cpp it means that it shall draw one."""

LEAST_TEMPERATURE = 1e-3
"""Below it the most likely token is all that is left, and numbers overflow."""

REACH = 20.0
"""Natural logarithms below the likeliest token: all that is beyond would be drawn once in ten thousand
times at most, and costs most of the time that a draw takes."""

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])

Logits = NDArray[np.float32]


@dataclass(frozen=True)
class Choice:
    """The numbers that a caller may set. Raises `InvalidParams` from `check`."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    seed: int | None = None

    def check(self) -> None:
        _between("temperature", self.temperature, 0.0, 10.0)
        _between("top_p", self.top_p, 0.0, 1.0)
        _between("top_k", self.top_k, 0, 1_000_000)
        _between("min_p", self.min_p, 0.0, 1.0)
        _between("repeat_penalty", self.repeat_penalty, 0.1, 10.0)
        _between("seed", self.seed or 0, 0, SEEDS - 1)


def _between(name: str, value: float, least: float, most: float) -> None:
    if not math.isfinite(value) or not least <= value <= most:
        raise InvalidParams(f"`{name}` is between {least} and {most}")


class Sampler:
    """Chooses tokens for one request and remembers what its penalty and its constraint need."""

    def __init__(self, choice: Choice, n_vocab: int, constraint: "Constraint | None" = None) -> None:
        self._penalty = None if choice.repeat_penalty == 1.0 else _Penalty(choice.repeat_penalty)
        is_greedy = choice.temperature < LEAST_TEMPERATURE
        self._lot = None if is_greedy else _Lot(choice, n_vocab)
        self._constraint = constraint

    def pick(self, context: Context, row: int) -> int | None:
        """The next token; None when nothing may come any more, or nothing can (`error`)."""
        logits = context.logits(row)
        if self._penalty is not None:
            logits = self._penalty.applied(logits)
        token = self._kept(self._chosen(logits), logits)
        if self._penalty is not None and token is not None:
            self._penalty.recent.append(token)
        return token

    def _chosen(self, logits: Logits) -> int:
        return int(logits.argmax()) if self._lot is None else self._lot.draw(logits)

    def _kept(self, token: int, logits: Logits) -> int | None:
        """Chosen freely first, the one token is asked about: mostly it may come, and what may come
        of the whole vocabulary takes a hundred times as long to know."""
        constraint = self._constraint
        if constraint is None:
            return token
        if not constraint.allows(token):
            allowed = constraint.allowed()
            if not allowed.any():
                return None
            token = self._chosen(np.where(allowed, logits, np.float32(-np.inf)))
        constraint.accept(token)
        return token

    @property
    def is_free(self) -> bool:
        """Whether there is no constraint, which has to be asked whether the text goes on."""
        return self._constraint is None

    @property
    def is_complete(self) -> bool:
        """Whether the constraint lets nothing come any more."""
        return self._constraint is not None and self._constraint.is_complete

    @property
    def error(self) -> IngleError | None:
        """Why it cannot go on."""
        if self._constraint is None or not self._constraint.error:
            return None
        return InvalidParams(f"the grammar or schema cannot be kept: {self._constraint.error}")

    def close(self) -> None:
        if self._lot is not None:
            self._lot.close()


class _Penalty:
    """Makes what was chosen lately less likely, as llama.cpp's sampler does."""

    def __init__(self, strength: float) -> None:
        self._strength = np.float32(strength)
        self.recent: deque[int] = deque(maxlen=PENALTY_WINDOW)

    def applied(self, logits: Logits) -> Logits:
        found, recent = logits.copy(), list(set(self.recent))
        values = found[recent]
        found[recent] = np.where(values <= 0, values * self._strength, values / self._strength)
        return found


class _Lot:
    """Draws by likelihood, with a chain of llama.cpp's samplers."""

    def __init__(self, choice: Choice, n_vocab: int) -> None:
        self._choice, self._size = choice, n_vocab
        self._reach = np.float32(REACH * choice.temperature)
        self._chain: object | None = None

    def draw(self, logits: Logits) -> int:
        if self._chain is None:  # its turn has come: a request in the queue needs no memory
            self._chain = _chain(self._choice)
            self._table = np.zeros(self._size, _CANDIDATE)
        ids = np.flatnonzero(logits >= logits.max() - self._reach)
        table = self._table[: len(ids)]
        table["id"], table["logit"] = ids, logits[ids]
        pointer = table.ctypes.data_as(ctypes.POINTER(ll.llama_token_data))
        array = ll.llama_token_data_array(pointer, len(table), -1, False)
        ll.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(table["id"][array.selected])

    def close(self) -> None:
        if self._chain is not None:
            ll.llama_sampler_free(self._chain)
        self._chain = None


def _chain(choice: Choice) -> object:
    params = ll.llama_sampler_chain_default_params()
    params.no_perf = True
    chain = ll.llama_sampler_chain_init(params)
    for sampler in _links(choice):
        ll.llama_sampler_chain_add(chain, sampler)
    return chain


def _links(choice: Choice) -> Iterator[object]:
    if choice.top_k:
        yield ll.llama_sampler_init_top_k(choice.top_k)
    if choice.top_p < 1.0:
        yield ll.llama_sampler_init_top_p(choice.top_p, 1)
    if choice.min_p > 0.0:
        yield ll.llama_sampler_init_min_p(choice.min_p, 1)
    yield ll.llama_sampler_init_temp(choice.temperature)
    seed = secrets.randbelow(_RANDOM_SEED) if choice.seed is None else choice.seed % _RANDOM_SEED
    yield ll.llama_sampler_init_dist(seed)
