"""Which tier a model has, measured: a short set of small tasks, judged by rules, never by a name.

The tier follows from what a model can be trusted to write (`WRITING`); *medium* also needs the
tasks where something has to be worked out. Greedy, so that measuring twice gives the same.
"""

import re
import time
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import msgspec

from ingle.assistant.shape import Shape, shaped
from ingle.assistant.turn import DATA, Delta, Turn
from ingle.engine.protocol import GenerateParams
from ingle.vocabulary import Tier
from ingle.wire.calls.model import EvalCase, ModelEvalResult

MAX_TOKENS = 72

WRITING = ("answer", "fix", "rewrite", "summarize")
SMALL_SHARE = 0.47
"""Of the writing tasks: SmolLM2-135M solves 5 of 14, Qwen2.5-Coder-0.5B 8 of 14; the middle."""

MEDIUM_SHARE = 0.9
"""Of all tasks, reasoning included."""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One task; what its fields ask of an answer stands in `evaluation.toml`."""

    ability: str
    prompt: str
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    most_words: int = 0
    whole: tuple[str, ...] = ()

    def is_met(self, answer: str) -> bool:
        """Whether an answer is good enough. Pure."""
        told = " ".join(answer.split()).replace("’", "'").lower()
        if self.whole and told.strip(" .!\"'*") not in {one.lower() for one in self.whole}:
            return False
        if self.most_words and not 0 < len(told.split()) <= self.most_words:
            return False
        return all(_has(told, one) for one in self.has) and not any(
            _has(told, one) for one in self.lacks
        )


def _has(text: str, alternatives: str) -> bool:
    """Whether one of `a|b` stands in the text; a number only where it stands alone."""
    return any(
        re.search(rf"(?<![\w:]){re.escape(one)}" if one[0].isalnum() else re.escape(one), text)
        for one in alternatives.lower().split("|")
    )


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case: tuple[Case, ...]


@cache
def cases() -> tuple[Case, ...]:
    """The built-in set."""
    text = resources.files("ingle.assistant").joinpath("evaluation.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _File).case


async def evaluate(turn: Turn, delta: Delta) -> ModelEvalResult:
    """Ask every task and judge; `delta` hears a line for each."""
    started = time.monotonic()
    passed: dict[str, list[bool]] = {}
    for case in cases():
        met = case.is_met(await _answered(turn, case))
        passed.setdefault(case.ability, []).append(met)
        delta(f"{case.ability}: {'solved' if met else 'not solved'}\n")
    results = [
        EvalCase(ability=ability, passed=sum(marks), total=len(marks))
        for ability, marks in passed.items()
    ]
    return ModelEvalResult(
        model=turn.model.name,
        tier=tier_of({one.ability: (one.passed, one.total) for one in results}),
        cases=results,
        seconds=time.monotonic() - started,
    )


async def _answered(turn: Turn, case: Case) -> str:
    params = GenerateParams(
        spans=turn.prompt([("user", DATA)], case.prompt).spans,
        max_tokens=MAX_TOKENS,
        temperature=0.0,
        seed=1,
    )
    return shaped((await turn.write(params)).text, Shape())


def tier_of(abilities: Mapping[str, tuple[int, int]]) -> Tier:
    """The tier that the measured abilities make up. Pure."""
    if _share(abilities, list(abilities)) >= MEDIUM_SHARE:
        return "medium"
    return "small" if _share(abilities, WRITING) >= SMALL_SHARE else "tiny"


def _share(abilities: Mapping[str, tuple[int, int]], names: Sequence[str]) -> float:
    marks = [abilities[name] for name in names if name in abilities]
    total = sum(total for _, total in marks)
    return sum(passed for passed, _ in marks) / total if total else 0.0
