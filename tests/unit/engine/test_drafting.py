"""Guesses about a text from what was read: right where it copies, silent where it does not pay."""

import random
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.drafting import (
    LENGTHS,
    LIKELY,
    Account,
    Cost,
    Drafting,
    Index,
    Trust,
    best_length,
)

tokens = st.lists(st.integers(0, 5), max_size=60)


@dataclass(frozen=True)
class Machine:
    """What steps cost, by points (rows, milliseconds) on a line; all is known."""

    points: tuple[tuple[int, float], ...]

    def ms(self, rows: int) -> float:
        for (low, low_ms), (high, high_ms) in pairwise(self.points):
            if rows <= high:
                return low_ms + (high_ms - low_ms) * (rows - low) / (high - low)
        raise AssertionError(rows)

    hoped = ms


SLOW_CORES = Machine(((1, 6.5), (2, 17.0), (4, 25.0), (8, 27.0), (16, 35.0), (32, 50.0)))
"""SmolLM2-135M on two of them: a second row costs more than a second step."""
GPU = Machine(((1, 5.0), (32, 6.5)))
PRICELESS = Machine(((1, 6.0), (32, 192.0)))
"""Every row costs a step."""
UNKNOWN = Machine(((1, 0.0), (32, 0.0)))


@dataclass
class Outcome:
    ratio: float
    """Of the time without drafts to the time with them."""
    drafted: int
    output: list[int]


def written(prompt: list[int], text: list[int], cost: Cost, saved: float = 0.0) -> Outcome:
    """Write `text` as `Generation` does, with a model that knows it, after other texts that have saved
    so many steps."""
    account, output, ms, drafted = Account(), list[int](), 0.0, 0
    account.earn(saved)
    drafting = Drafting(prompt, cost, account)
    while len(output) < len(text):
        at = len(output)
        draft, gain = drafting.propose(len(text) - at - 1)
        assert 0 <= gain <= len(draft) <= len(text) - at - 1
        ms += cost.ms(1 + len(draft))
        drafted += len(draft)
        right = 0
        while right < len(draft) and draft[right] == text[at + right]:
            right += 1
        if draft:
            drafting.settle(len(draft), right)
        for token in text[at : at + right + 1]:
            output.append(token)
            drafting.accept(token)
    return Outcome(cost.ms(1) * len(text) / ms, drafted, output)


def article(seed: int, length: int = 800, words: int = 300) -> list[int]:
    """Words as often as in a language (Zipf's law)."""
    chosen = random.Random(seed)
    weights = [1 / rank for rank in range(1, words + 1)]
    return chosen.choices(range(words), weights, k=length)


def edited(text: list[int], share: float, seed: int) -> list[int]:
    chosen = random.Random(seed)
    return [1000 + chosen.randrange(500) if chosen.random() < share else word for word in text]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.0, 0.01, 0.03])
def test_a_text_that_copies_is_written_faster(share: float, seed: int):
    text = article(seed)
    assert written(text, edited(text[:400], share, seed), SLOW_CORES).ratio >= 1.3
    assert written(text, edited(text[:400], share, seed), GPU).ratio >= 4


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("cost", [SLOW_CORES, GPU, PRICELESS])
def test_no_text_is_written_slower(share: float, seed: int, cost: Cost):
    text = article(seed)
    assert written(text, edited(text[:400], share, seed), cost).ratio >= 0.97
    assert written(text, article(seed + 100), cost).ratio >= 0.97


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("share", [0.15, 0.2, 0.25, 0.3, 0.4, 1.0])
def test_no_text_pays_for_what_others_have_saved(share: float, seed: int):
    text = article(seed)
    outcome = written(text, edited(text[:160], share, seed), SLOW_CORES, saved=1000.0)
    assert outcome.ratio >= 0.94  # one long draft that is wrong; 0.86 when all could be spent here


def test_where_every_row_costs_a_step_nothing_is_drafted():
    assert written([1, 2, 3, 4] * 50, [1, 2, 3, 4] * 50, PRICELESS).drafted == 0


def test_before_anything_was_measured_nothing_is_drafted():
    drafting = Drafting([1, 2, 3, 4, 1, 2, 3], UNKNOWN, Account())
    drafting.accept(4)
    assert drafting.propose(8) == ([], 0.0)


def test_a_text_that_repeats_itself_is_guessed_past_its_end():
    drafting = Drafting([7, 8, 9] * 20, GPU, Account())
    for token in [7, 8, 9, 7, 8, 9]:
        drafting.accept(token)
    draft, _ = drafting.propose(10)
    assert draft == [7, 8, 9, 7, 8, 9, 7][: len(draft)]
    assert len(draft) > 3


def test_after_a_changed_word_the_copy_goes_on_where_it_was():
    prompt = [*range(10), 50, 51, 4, 5, 60, 61]
    drafting = Drafting(prompt, GPU, Account())
    for token in [0, 1, 2, 3, 99, 5, 6]:
        drafting.accept(token)
    draft, _ = drafting.propose(3)
    assert draft == [7, 8, 9]


@given(tokens)
def test_the_last_tokens_are_found_where_they_stood(text: list[int]):
    found = Index(text).find(None)
    before = [end for end in range(2, len(text)) if text[end - 2 : end] == text[-2:]]
    assert (found is not None) == bool(before)
    if found is not None:
        place, size = found
        assert text[place - size : place] == text[-size:]
        assert place < len(text)


@given(tokens, st.integers(0, 60))
def test_of_several_places_the_nearest_is_taken(text: list[int], near: int):
    found = Index(text).find(near)
    if found is not None:
        place, size = found
        places = [end for end in range(size, len(text)) if text[end - size : end] == text[-size:]]
        assert abs(place - near) == min(abs(one - near) for one in places[-16:])


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=60))
def test_trust_is_a_chance_and_follows_what_happens(seen: list[tuple[int, bool]]):
    trust = Trust()
    for run, is_right in seen:
        before = trust.chance(run)
        trust.learn(run, is_right=is_right)
        assert 0 < trust.chance(run) < 1
        assert (trust.chance(run) >= before) if is_right else (trust.chance(run) <= before)


@given(st.floats(0.01, 0.99), st.integers(0, 40), st.lists(st.floats(0.1, 50), min_size=32, max_size=32))
def test_the_length_is_the_one_that_makes_the_most_tokens(chance: float, most: int, prices: list[float]):
    def cost(rows: int) -> float:
        return prices[rows - 1]

    def rate(length: int) -> float:
        return sum(chance**count for count in range(length + 1)) / cost(length + 1)

    length, gain = best_length(lambda _: chance, 5, most, cost)
    assert length == 0 or (length in LENGTHS and chance >= LIKELY)
    assert length <= most
    assert gain == pytest.approx(sum(chance**count for count in range(1, length + 1)))
    assert all(rate(length) >= rate(other) * 0.999 for other in LENGTHS if length and other <= most)
    if length:
        assert rate(length) > rate(0)


def test_on_a_machine_that_proves_slow_drafts_are_paid_for_before_the_next():
    """What is hoped to be cheap is tried, and once it was dear, not again at once."""

    @dataclass(frozen=True)
    class Disappointing(Machine):
        def hoped(self, rows: int) -> float:
            return self.ms(1)

    machine = Disappointing(((1, 6.0), (32, 320.0)))
    account, text = Account(), [1, 2, 3, 4] * 200
    drafting, dear = Drafting(text, machine, account), 0
    for token in text:
        draft, _ = drafting.propose(31)
        if draft:
            drafting.settle(len(draft), 0)
            dear += 1
        drafting.accept(token)
    assert dear == 1
