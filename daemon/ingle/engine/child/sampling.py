"""How the next token is chosen: one sampler for each request, with or without a constraint.

The most likely token is found here; anything that draws is a chain of llama.cpp's samplers. A
`Sampler` may be made on any thread; it is used between steps, and closed when none uses it.
"""

import ctypes
import math
import secrets
from collections import deque
from dataclasses import dataclass
from typing import Protocol

import llama_cpp.llama_cpp as ll
import numpy as np
from numpy.typing import NDArray

from ingle.engine.child.constraint import Allowed, Constraint
from ingle.engine.child.llama.context import Context
from ingle.errors import IngleError, InvalidParams

PENALTY_WINDOW = 64
"""How many of its own last tokens the repeat penalty looks at: llama.cpp's default."""

SEEDS = 2**32
_RANDOM_SEED = SEEDS - 1
"""For llama.cpp it means that it shall draw one."""

LEAST_TEMPERATURE = 1e-3
"""Below it the most likely token is all that is left, and numbers overflow."""

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


class _Way(Protocol):
    """A way to choose from one row of logits."""

    def choose(self, logits: Logits, allowed: Allowed | None) -> int: ...

    def accept(self, token: int) -> None: ...

    def close(self) -> None: ...


class Sampler:
    """Chooses tokens for one request and remembers what penalties and the constraint need."""

    def __init__(self, choice: Choice, n_vocab: int, constraint: Constraint | None = None) -> None:
        is_greedy = choice.temperature < LEAST_TEMPERATURE
        self._way: _Way = _Likeliest(choice.repeat_penalty) if is_greedy else _Drawn(choice, n_vocab)
        self._constraint = constraint

    def pick(self, context: Context, row: int) -> int | None:
        """The next token; None when nothing may come any more, or nothing can (`error`)."""
        logits = context.logits(row)
        if self._constraint is None:
            token = self._way.choose(logits, None)
        else:
            found = self._kept(self._constraint, logits)
            if found is None:
                return None
            token = found
        self._way.accept(token)
        return token

    def _kept(self, constraint: Constraint, logits: Logits) -> int | None:
        """Choose freely first and ask about that one token: mostly it may come, and what may come
        of the whole vocabulary takes a hundred times as long to know."""
        token = self._way.choose(logits, None)
        if not constraint.allows(token):
            allowed = constraint.allowed()
            if not allowed.any():
                return None
            token = self._way.choose(logits, allowed)
        constraint.accept(token)
        return token

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
        self._way.close()


class _Likeliest:
    """Temperature 0: the most likely token, after the penalty for repetition."""

    def __init__(self, penalty: float) -> None:
        self._penalty = np.float32(penalty)
        self._recent: deque[int] = deque(maxlen=PENALTY_WINDOW)

    def choose(self, logits: Logits, allowed: Allowed | None) -> int:
        if self._penalty != 1.0 and self._recent:
            logits = self._penalised(logits)
        if allowed is not None:
            logits = np.where(allowed, logits, np.float32(-np.inf))
        return int(logits.argmax())

    def _penalised(self, logits: Logits) -> Logits:
        """As llama.cpp's sampler does it."""
        found, recent = logits.copy(), list(set(self._recent))
        values = found[recent]
        found[recent] = np.where(values <= 0, values * self._penalty, values / self._penalty)
        return found

    def accept(self, token: int) -> None:
        self._recent.append(token)

    def close(self) -> None:
        """Nothing to give back."""


class _Drawn:
    """By lot, with a chain of llama.cpp's samplers."""

    def __init__(self, choice: Choice, n_vocab: int) -> None:
        self._choice, self._size = choice, n_vocab
        self._chain: object | None = None

    def _begin(self) -> None:
        """When its turn comes: a request in the queue needs no memory."""
        self._chain = _chain(self._choice, self._size)
        self._table = np.zeros(self._size, _CANDIDATE)
        self._ids = np.arange(self._size, dtype=np.int32)

    def choose(self, logits: Logits, allowed: Allowed | None) -> int:
        if self._chain is None:
            self._begin()
        table = self._table
        table["id"], table["logit"] = self._ids, logits
        if allowed is not None:
            table["logit"][~allowed] = -np.inf
        pointer = table.ctypes.data_as(ctypes.POINTER(ll.llama_token_data))
        array = ll.llama_token_data_array(pointer, len(table), -1, False)
        ll.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(table["id"][array.selected])

    def accept(self, token: int) -> None:
        ll.llama_sampler_accept(self._chain, token)

    def close(self) -> None:
        if self._chain is not None:
            ll.llama_sampler_free(self._chain)
        self._chain = None


def _chain(choice: Choice, n_vocab: int) -> object:
    params = ll.llama_sampler_chain_default_params()
    params.no_perf = True
    chain = ll.llama_sampler_chain_init(params)
    for sampler in _links(choice, n_vocab):
        ll.llama_sampler_chain_add(chain, sampler)
    return chain


def _links(choice: Choice, n_vocab: int) -> list[object]:
    links: list[object] = []
    if choice.repeat_penalty != 1.0:
        penalty = (PENALTY_WINDOW, choice.repeat_penalty, 0.0, 0.0)
        links.append(ll.llama_sampler_init_penalties(n_vocab, *penalty))
    if choice.top_k:
        links.append(ll.llama_sampler_init_top_k(choice.top_k))
    if choice.top_p < 1.0:
        links.append(ll.llama_sampler_init_top_p(choice.top_p, 1))
    if choice.min_p > 0.0:
        links.append(ll.llama_sampler_init_min_p(choice.min_p, 1))
    seed = secrets.randbelow(_RANDOM_SEED) if choice.seed is None else choice.seed % _RANDOM_SEED
    return [*links, ll.llama_sampler_init_temp(choice.temperature), ll.llama_sampler_init_dist(seed)]
