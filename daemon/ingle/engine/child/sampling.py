"""How the next token is chosen: one chain of samplers for each request, with or without a grammar.

Knows llama.cpp's samplers, not requests. A `Sampler` may be made on any thread, since it reads
only the vocabulary; it is used on the thread that decodes, and closed when no step uses it.
"""

import ctypes
import math
import secrets
from dataclasses import dataclass

import llama_cpp.llama_cpp as ll
import numpy as np
from numpy.typing import NDArray

from ingle.engine.child.llama.context import Context
from ingle.engine.child.llama.vocabulary import Vocabulary
from ingle.errors import InvalidParams

PENALTY_WINDOW = 64
"""How many of its own last tokens the repeat penalty looks at: llama.cpp's default."""

SEEDS = 2**32

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


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

    @property
    def is_greedy(self) -> bool:
        return self.temperature == 0.0


def _between(name: str, value: float, least: float, most: float) -> None:
    if not math.isfinite(value) or not least <= value <= most:
        raise InvalidParams(f"`{name}` is between {least} and {most}")


class Sampler:
    """Chooses tokens for one request and remembers what its penalties and grammar need."""

    def __init__(self, vocabulary: Vocabulary, choice: Choice, grammar: str | None = None) -> None:
        """Raises `InvalidParams` for a grammar that llama.cpp does not accept."""
        self._grammar = _grammar(vocabulary, grammar) if grammar is not None else None
        self._chain = _chain(vocabulary, choice)
        self._is_plain = choice.is_greedy and choice.repeat_penalty == 1.0
        self._candidates: NDArray[np.void] | None = None

    def pick(self, context: Context, row: int) -> int | None:
        """The next token, or None when the grammar allows nothing more."""
        if self._grammar is not None:
            return self._pick_allowed(context.logits(row))
        if self._is_plain:
            return int(context.logits(row).argmax())
        return int(ll.llama_sampler_sample(self._chain, context.handle, row))

    def _pick_allowed(self, logits: NDArray[np.float32]) -> int | None:
        """Choose freely first and ask the grammar about that one token: mostly it agrees, and
        asking it about the whole vocabulary costs as much as a small model's step."""
        token = self._apply_chain(self._fill(logits))
        if not self._allows(token):
            table = self._fill(logits)
            self._apply(self._grammar, table)
            if not np.isfinite(table["logit"]).any():
                return None
            token = self._apply_chain(table)
            if not self._allows(token):  # a grammar must never be given what it would abort on
                return None
        ll.llama_sampler_accept(self._grammar, token)
        ll.llama_sampler_accept(self._chain, token)
        return token

    def _fill(self, logits: NDArray[np.float32]) -> NDArray[np.void]:
        if self._candidates is None:
            self._candidates = np.zeros(len(logits), _CANDIDATE)
            self._numbers = np.arange(len(logits), dtype=np.int32)
        self._candidates["id"] = self._numbers
        self._candidates["logit"] = logits
        return self._candidates

    def _apply_chain(self, table: NDArray[np.void]) -> int:
        return int(table["id"][self._apply(self._chain, table)])

    def _allows(self, token: int) -> bool:
        alone = np.array([(token, 1.0, 0.0)], _CANDIDATE)
        self._apply(self._grammar, alone)
        return bool(np.isfinite(alone["logit"][0]))

    @staticmethod
    def _apply(sampler: object, table: NDArray[np.void]) -> int:
        """Let a sampler work on candidates; gives the index of the selected one."""
        pointer = table.ctypes.data_as(ctypes.POINTER(ll.llama_token_data))
        array = ll.llama_token_data_array(pointer, len(table), -1, False)
        ll.llama_sampler_apply(sampler, ctypes.byref(array))
        return int(array.selected)

    def close(self) -> None:
        for sampler in (self._chain, self._grammar):
            if sampler is not None:
                ll.llama_sampler_free(sampler)
        self._chain = self._grammar = None


def _grammar(vocabulary: Vocabulary, text: str) -> object:
    sampler = ll.llama_sampler_init_grammar(vocabulary.handle, text.encode(), b"root")
    if not sampler:
        raise InvalidParams(
            "the grammar is not valid GBNF",
            "it needs a rule `root`, and no rule may refer to itself at its left end",
        )
    return sampler


def _chain(vocabulary: Vocabulary, choice: Choice) -> object:
    params = ll.llama_sampler_chain_default_params()
    params.no_perf = True
    chain = ll.llama_sampler_chain_init(params)
    for sampler in _links(vocabulary, choice):
        ll.llama_sampler_chain_add(chain, sampler)
    return chain


def _links(vocabulary: Vocabulary, choice: Choice) -> list[object]:
    links: list[object] = []
    if choice.repeat_penalty != 1.0:
        penalty = (PENALTY_WINDOW, choice.repeat_penalty, 0.0, 0.0)
        links.append(ll.llama_sampler_init_penalties(vocabulary.size, *penalty))
    if choice.is_greedy:
        return [*links, ll.llama_sampler_init_greedy()]
    if choice.top_k:
        links.append(ll.llama_sampler_init_top_k(choice.top_k))
    if choice.top_p < 1.0:
        links.append(ll.llama_sampler_init_top_p(choice.top_p, 1))
    if choice.min_p > 0.0:
        links.append(ll.llama_sampler_init_min_p(choice.min_p, 1))
    seed = secrets.randbelow(SEEDS) if choice.seed is None else choice.seed
    return [*links, ll.llama_sampler_init_temp(choice.temperature), ll.llama_sampler_init_dist(seed)]
