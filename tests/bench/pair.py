"""Both sides on the same file, with the same threads, slots and context, ready to be asked.

Without llama-server our side is measured alone, and what compares is left out.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from llama_server import LlamaServer, Settings
from place import CannotMeasure, Place
from playing import ask
from prompts import Prompt, Words, single_tokens
from sides import Daemon, Side

from ingle.client import Ingle
from ingle.engine import machine
from ingle.models.library import Library

T = TypeVar("T")

SEED = 20240607
_texts_drawn = 0


@dataclass
class Pair:
    """`turn` says who begins: they take turns, so that whatever else the machine does meets both."""

    daemon: Daemon
    server: LlamaServer | None
    settings: Settings
    words: Words
    ingle: Ingle
    turn: int = 0

    @property
    def sides(self) -> list[Side]:
        found: list[Side] = [self.daemon, *([self.server] if self.server else [])]
        self.turn += 1
        return found if self.turn % 2 else found[::-1]

    def each(self, measured: Callable[[Side], T]) -> dict[str, T]:
        """What is measured on both sides, one after the other, by the side's name."""
        return {side.name: measured(side) for side in self.sides}

    def system(self, words: int = 100) -> str:
        """A system prompt that no cache has seen."""
        return f"You answer questions about words. {self.words.unique(words)}."


@contextmanager
def pair(place: Place, *, slots: int, n_ctx: int) -> Iterator[Pair]:
    """Raises `CannotMeasure` when a side does not come up, or when they read different prompts."""
    try:
        with place.engine(slots=slots, n_ctx=n_ctx) as ingle:
            settings = _settings(place, ingle, slots, n_ctx)
            words = Words(single_tokens(lambda text: len(ingle.tokenize(text))), _fresh_seed())
            daemon = Daemon(place.paths.socket)
            if place.programs is None:
                yield Pair(daemon, None, settings, words, ingle)
                return
            log = place.root / "llama-server.log"
            with LlamaServer(place.programs.server, settings, log) as server:
                both = Pair(daemon, server, settings, words, ingle)
                _check(both)
                yield both
    finally:
        place.reset()


def _settings(place: Place, ingle: Ingle, slots: int, n_ctx: int) -> Settings:
    model = Library(place.paths.models).find(ingle.status().engine.model or "")
    path = Path(model.path).resolve()
    return Settings(path, model.family, machine.threads(), slots, n_ctx)


def _fresh_seed() -> int:
    """No two pairs draw the same texts, and every run draws the same ones."""
    global _texts_drawn  # noqa: PLW0603 - one counter for the process
    _texts_drawn += 1
    return SEED + _texts_drawn


def _check(both: Pair) -> None:
    """The same words are the same tokens on both sides."""
    prompt = Prompt(both.system(), both.words.unique(24), both.words.unique(24))
    read = both.each(lambda side: ask(side, prompt, 4).input_tokens)
    if len(set(read.values())) > 1:
        raise CannotMeasure(f"the sides read different prompts: {read} tokens")
