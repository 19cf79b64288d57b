"""The kinds of work as state machines: every row reaches the model once and in order.

The model here is a table: after a token comes the token plus one, and a likelihood names its target.
"""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.slots import Grant
from ingle.engine.child.text import TextStream
from ingle.engine.child.work.base import Feed, Value, Work
from ingle.engine.child.work.generation import Generation
from ingle.engine.child.work.reading import Reading
from ingle.engine.child.work.scoring import Scoring

END = 999


@dataclass
class Counting:
    """A sampler whose choice the memory below knows."""

    is_closed: bool = False
    is_complete: bool = False
    is_free: bool = True

    def pick(self, context: Any, row: int) -> int | None:
        raise AssertionError("the memory answers")

    def close(self) -> None:
        self.is_closed = True


@dataclass
class Memory:
    """What the model has been given: tokens by sequence; it refuses gaps."""

    seqs: dict[int, list[int]] = field(default_factory=dict)

    def feed(self, feed: Feed) -> list[Value]:
        held = self.seqs.get(feed.seq if feed.copy_of is None else feed.copy_of, [])
        assert feed.start <= len(held), "a gap in the positions"
        assert feed.tokens, "an empty feed"
        self.seqs[feed.seq] = held[: feed.start] + list(feed.tokens)
        values = []
        for want in feed.wants:
            values.append(self._value(feed, want))
            if want.draft is not None and values[-1] != want.draft:
                break
        return values

    def _value(self, feed: Feed, want: Any) -> Value:
        token = feed.tokens[want.index]
        if want.sampler is not None:
            return token + 1
        return [-float(target) for target in want.targets]


PORTION = 64


@dataclass
class Own:
    """A context of its own."""

    is_closed: bool = False

    @property
    def batch(self) -> Any:
        return SimpleNamespace(capacity=PORTION)

    def close(self) -> None:
        self.is_closed = True


GRANT = Grant(0, (1, 2, 3), 1000)


def run(work: Work, limits: list[int], interruptions: list[str]) -> Memory:
    """Feed everything, `limits` rows at a time, with steps cut and memory taken away on the way."""
    memory, turn = Memory(), 0
    work.grant = GRANT
    while work.rows:
        feeds = work.take(limits[turn % len(limits)])
        rows = sum(len(feed.tokens) for feed in feeds)
        assert 1 <= rows <= (limits[turn % len(limits)] if work.context is None else PORTION)
        event = interruptions[turn] if turn < len(interruptions) else ""
        turn += 1
        if event == "restart":
            if work.context is None:
                memory.seqs.clear()
            work.restart()
            work.grant = GRANT
            work.resume(0)
            continue
        values = [memory.feed(feed) for feed in feeds]
        if event == "cut":
            work.undo(feeds, [len(memory.seqs[feed.seq]) for feed in feeds])
        else:
            work.accept(feeds, values)
    return memory


limits = st.lists(st.integers(1, 9), min_size=1, max_size=5)
events = st.lists(st.sampled_from(["", "cut", "restart"]), max_size=12)
tokens = st.lists(st.integers(1, 50), min_size=1, max_size=30)


def generation(prompt: list[int], max_tokens: int = 8, stops: tuple[str, ...] = ()) -> Generation:
    return Generation(
        0, prompt, max_tokens, Counting(), TextStream(stops),
        lambda token: f"<{token}>".encode(), lambda token: token >= END, lambda _: None,
    )  # fmt: skip


@given(tokens, st.integers(1, 8), limits, events)
def test_a_generation_is_the_same_whatever_interrupts_it(
    prompt: list[int], most: int, rows: list[int], cuts: list[str]
):
    work = generation(prompt, most)
    memory = run(work, rows, cuts)
    expected = [prompt[-1] + 1 + i for i in range(most)]
    assert work.output == expected
    assert work.text == "".join(f"<{token}>" for token in expected)
    assert memory.seqs[0] == (prompt + expected)[:-1]
    assert len(memory.seqs[0]) <= work.cells
    assert work.finish_reason == "length"


@dataclass
class Guessing:
    """Guesses some of the next numbers right, as told by a list of what to add to the last one."""

    steps: list[list[int]]
    last: int = 0
    settled: list[tuple[int, int]] = field(default_factory=list)

    def accept(self, token: int) -> None:
        self.last = token

    def propose(self, most: int) -> tuple[list[int], float]:
        guess = self.steps[self.last % len(self.steps)][:most]
        return [self.last + step for step in guess], len(guess) / 2

    def settle(self, drafted: int, right: int) -> None:
        self.settled.append((drafted, right))


guesses = st.lists(st.lists(st.sampled_from([1, 2, 3, 4, 5, 7]), max_size=6), min_size=1, max_size=4)


@given(tokens, st.integers(1, 12), limits, events, guesses)
def test_a_generation_is_the_same_whatever_is_guessed(
    prompt: list[int], most: int, rows: list[int], cuts: list[str], steps: list[list[int]]
):
    work = generation(prompt, most)
    work.drafting = guessing = Guessing(steps)
    memory = run(work, rows, cuts)
    expected = [prompt[-1] + 1 + i for i in range(most)]
    assert work.output == expected
    assert memory.seqs[0][: work.fed] == (prompt + expected)[: work.fed]
    assert work.fed == len(prompt) + most - 1
    assert len(memory.seqs[0]) <= work.cells
    assert all(0 <= right <= drafted for drafted, right in guessing.settled)


def test_right_guesses_take_fewer_steps():
    work = generation([1], 9)
    work.drafting = Guessing([[1, 2, 3, 4]])
    work.grant, memory, steps = GRANT, Memory(), 0
    while work.rows:
        assert work.gain <= work.rows - 1
        feeds = work.take(99)
        work.accept(feeds, [memory.feed(feed) for feed in feeds])
        steps += 1
    assert steps == 3  # one token with the prompt, five with four guesses, three with two


@given(st.lists(st.integers(1, 50), min_size=1, max_size=150), st.integers(1, 8), limits, events)
def test_alone_its_rows_come_in_the_same_portions_whatever_interrupts_it(
    prompt: list[int], most: int, rows: list[int], cuts: list[str]
):
    def portions(limits: list[int], cuts: list[str]) -> tuple[list[int], set[tuple[int, int]]]:
        work, fed = generation(prompt, most), set[tuple[int, int]]()
        work.context = Own()
        take = work.take

        def told(limit: int) -> list[Feed]:
            feeds = take(limit)
            fed.update((feed.start, len(feed.tokens)) for feed in feeds)
            return feeds

        work.take = told  # type: ignore[method-assign]
        run(work, limits, cuts)
        assert work.context.is_closed is False
        work.close()
        assert work.context.is_closed
        return work.output, fed

    assert portions(rows, cuts) == portions([500], [])


def test_the_end_token_ends_it_and_is_not_shown():
    work = generation([END - 3])
    run(work, [4], [])
    assert work.finish_reason == "stop"
    assert work.text == "<997><998>"


def test_a_stop_string_ends_it_across_tokens():
    work = generation([5], stops=("7><8",))
    run(work, [4], [])
    assert (work.text, work.finish_reason) == ("<6><", "stop")


@given(tokens, st.lists(tokens, min_size=1, max_size=9), limits, events)
def test_scores_are_sums_over_each_candidate(
    prompt: list[int], candidates: list[list[int]], rows: list[int], cuts: list[str]
):
    work = Scoring(1, prompt, candidates, 3)
    run(work, rows, cuts)
    assert work.sums == [-float(sum(candidate)) for candidate in candidates]


@given(st.lists(tokens, min_size=1, max_size=9), limits)
def test_scoring_stays_within_the_cells_it_reserves(candidates: list[list[int]], rows: list[int]):
    work = Scoring(1, [1, 2, 3], candidates, 3)
    memory = run(work, rows, [])
    copies = sum(len(held) - 3 for seq, held in memory.seqs.items() if seq)
    assert 3 + copies <= work.cells


@given(st.lists(st.integers(1, 50), max_size=4), tokens, st.integers(12, 20), limits, events)
def test_every_token_of_a_text_is_judged_once(
    prompt: list[int], text: list[int], window: int, rows: list[int], cuts: list[str]
):
    work = Reading(1, prompt, text, window)
    memory = run(work, rows, cuts)
    first = [] if prompt else [0.0]
    assert work.logprobs == first + [-float(token) for token in text[len(first) :]]
    assert all(len(held) <= work.cells for held in memory.seqs.values())


@given(st.lists(st.integers(1, 50), max_size=4), tokens, limits)
def test_rows_without_logits_are_not_mixed_with_rows_that_have_them(
    prompt: list[int], text: list[int], rows: list[int]
):
    work = Reading(1, prompt, text, 50)
    work.grant = GRANT
    while work.rows:
        was_dense = work.is_dense
        (feed,) = work.take(rows[0])
        assert was_dense or not feed.wants
        work.accept([feed], [Memory({0: [0] * feed.start}).feed(feed)])


def test_closing_closes_the_sampler():
    work = generation([1])
    work.close()
    assert isinstance(work.sampler, Counting)
    assert work.sampler.is_closed
