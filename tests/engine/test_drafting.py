"""Drafts through llama.cpp: whatever is guessed, the text is the one without guesses.

The guesses here are made from the text itself, right ones and wrong ones, so that every kind of
sampler has to judge both; what is really guessed from a prompt is tested with the child.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fakes import tiny_gguf
from fakes.asking import ask
from fakes.supervised import installed, supervised
from ingle.config import EngineConfig
from ingle.engine.child import step
from ingle.engine.child.constraint import Constraints
from ingle.engine.child.drafting import Account, Drafting
from ingle.engine.child.llama.context import Context, ContextShape
from ingle.engine.child.llama.model import Model
from ingle.engine.child.sampling import Choice, Sampler
from ingle.engine.child.slots import Grant
from ingle.engine.child.text import TextStream
from ingle.engine.child.work.generation import Generation
from ingle.engine.supervisor import MODULE

pytestmark = pytest.mark.engine

FOLDER = TemporaryDirectory(prefix="ingle-drafting-")
SHAPE = ContextShape(n_ctx=1024, n_batch=128, n_seq=2, n_outputs=64, threads=1)
MOST = 60

JSON = {
    "type": "array",
    "items": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    "minItems": 3,
    "maxItems": 5,
}


@cache
def context(model: str) -> Context:
    path = tiny_gguf.build(Path(FOLDER.name) / f"{model}.gguf", model, kind="f32")
    nothing = {"gpus": [], "gpu_layers": 0, "check_tensors": False}
    return Context(Model(str(path), progress=lambda _: None, **nothing), SHAPE)


class Free:
    """A machine on which rows cost next to nothing."""

    def ms(self, rows: int) -> float:
        return 5.0 + rows / 100

    hoped = ms


@dataclass
class Guesses:
    """Stands for `Drafting`: the text that is coming, with mistakes."""

    text: list[int]
    chance: random.Random
    written: int = 0
    right: int = 0

    def accept(self, token: int) -> None:
        self.written += 1

    def propose(self, most: int) -> tuple[list[int], float]:
        length = min(self.chance.randrange(8), most)
        ahead = self.text[self.written : self.written + length]
        return [token if self.chance.random() < 0.8 else 5 for token in ahead], 1.0

    def settle(self, drafted: int, right: int) -> None:
        self.right += right


@dataclass
class Run:
    output: list[int]
    text: str
    steps: int
    reason: str | None


def run(where: Context, sampler: Sampler, drafting: object = None, stops: tuple[str, ...] = ()) -> Run:
    """What the loop does for one request, with a step cut off now and then."""
    vocabulary = where.vocabulary
    prompt = vocabulary.tokenize("the inner ear hears the bearing and then the inner ear")
    work = Generation(
        0, prompt, MOST, sampler, TextStream(stops), vocabulary.piece, vocabulary.is_end,
        lambda _: None, drafting,
    )  # fmt: skip
    work.grant = Grant(1, (), 900)
    steps = 0
    while work.rows:
        feeds = work.take(40)
        steps += 1
        is_cut = steps % 7 == 0  # what was computed stays, and nobody reads the logits
        outcome = step.run(where, [replace(feed, wants=()) for feed in feeds] if is_cut else feeds, 1)
        assert outcome.code == 0
        if is_cut:
            work.undo(feeds, [where.kept(1)])
        else:
            work.accept(feeds, outcome.values)
            assert where.kept(1) >= work.fed
    where.remove(1)
    work.close()
    return Run(work.output, work.text, steps, work.finish_reason)


SAMPLERS: dict[str, Callable[[Context], Sampler]] = {
    "greedy": lambda where: Sampler(Choice(), where.vocabulary.size),
    "penalty": lambda where: Sampler(Choice(repeat_penalty=1.3), where.vocabulary.size),
    "seeded": lambda where: Sampler(
        Choice(temperature=1.2, top_k=30, top_p=0.95, min_p=0.01, repeat_penalty=1.1, seed=3),
        where.vocabulary.size,
    ),
    "schema": lambda where: Sampler(
        Choice(), where.vocabulary.size, Constraints(where.vocabulary).of_schema(JSON)
    ),
    "grammar": lambda where: Sampler(
        Choice(temperature=1.0, seed=5),
        where.vocabulary.size,
        Constraints(where.vocabulary).of_grammar('root ::= ([a-m]{3,9} " ")+ "."'),
    ),
}


@pytest.fixture(params=["llama", "gemma3", "falcon", "phi3"])
def where(request: pytest.FixtureRequest) -> Context:
    return context(request.param)


@pytest.mark.parametrize("kind", SAMPLERS)
@pytest.mark.parametrize("seed", range(3))
def test_the_text_is_the_same_whatever_was_guessed(where: Context, kind: str, seed: int):
    make = SAMPLERS[kind]
    plain = run(where, make(where))
    guesses = Guesses(plain.output, random.Random(seed))
    drafted = run(where, make(where), guesses)
    assert (drafted.output, drafted.text, drafted.reason) == (plain.output, plain.text, plain.reason)
    assert guesses.written == len(plain.output)
    assert drafted.steps < plain.steps or len(plain.output) < 4


def test_a_stop_string_inside_a_draft_ends_the_text_there(where: Context):
    make = SAMPLERS["greedy"]
    plain = run(where, make(where))
    stop = plain.text[len(plain.text) // 2 :][:6]
    stopped = run(where, make(where), stops=(stop,))
    drafted = run(where, make(where), Guesses(plain.output, random.Random(1)), stops=(stop,))
    assert drafted.text == stopped.text == plain.text[: plain.text.index(stop)]
    assert drafted.output == stopped.output


def test_a_text_that_repeats_itself_is_written_in_fewer_steps(where: Context):
    """A random model soon does."""
    make = SAMPLERS["greedy"]
    plain = run(where, make(where))
    drafting = Drafting(plain.output, Free(), Account())
    drafted = run(where, make(where), drafting)
    assert drafted.output == plain.output
    assert drafted.steps < plain.steps * 0.7


async def test_the_child_says_the_same_with_drafts_and_counts_its_tokens(tiny_model: Path):
    async with supervised(config=EngineConfig(n_ctx=1024), child_module=MODULE) as running:
        await running.supervisor.use(installed(tiny_model))
        for number in range(4):
            text = f"{number} the inner ear and the inner ear"
            plain = await running.engine.generate(ask(text, 200))
            before = await running.supervisor.call("status", {})
            drafted = await running.engine.generate(ask(text, 200, draft=True))
            after = await running.supervisor.call("status", {})
            assert drafted.text == plain.text
            assert drafted.usage.output_tokens == plain.usage.output_tokens == 200
            assert after.decoded_tokens - before.decoded_tokens == 199  # one came with the prompt
