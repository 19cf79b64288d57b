"""Prompts that no cache has seen, and when they are sent."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompts import CANDIDATES, Load, Prompt, Words, arrivals, job, planned, single_tokens

LOAD = Load("", lanes=2, jobs=3, job_words=200, job_tokens=40, ask_words=24)


def words(seed: int = 1) -> Words:
    return Words(CANDIDATES, seed)


def test_the_same_seed_makes_the_same_round_so_that_both_sides_can_be_asked_the_same():
    assert planned(LOAD, words(), "be brief") == planned(LOAD, words(), "be brief")


def test_no_text_of_a_round_begins_as_another_one_of_any_round():
    source = words()
    plans = [planned(LOAD, source, "be brief") for _ in range(3)]
    texts = [prompt.user for plan in plans for lane in plan.lanes for prompt in lane]
    texts += [prompt.user for plan in plans for _, prompt in plan.asks]
    beginnings = {tuple(text.split()[:6]) for text in texts}
    assert len(beginnings) == len(texts)


@given(st.integers(0, 1000), st.floats(0.5, 5), st.floats(1, 100))
def test_questions_come_at_rising_moments_about_as_often_as_wanted(
    seed: int, every: float, until: float
):
    moments = list(arrivals(Random(seed), every, until))
    assert all(every * 0.6 < later - at < every * 1.4 for at, later in pairwise(moments))
    assert all(0 < at < until for at in moments)


def test_each_lane_has_its_part_of_the_jobs_and_more_for_as_long_as_the_round_lasts():
    plan = planned(LOAD, words(), "")
    assert len(plan.lanes) == LOAD.lanes
    assert plan.each == 2
    assert all(len(lane) > plan.each for lane in plan.lanes)


def test_a_background_that_nobody_disturbs_has_no_questions():
    assert planned(replace(LOAD, ask_words=0), words(), "").asks == ()


def test_a_job_has_as_many_words_as_wanted_and_its_answer_is_begun():
    prompt = job(LOAD, words())
    said = f"{prompt.user} {prompt.begun}".split()
    assert len(said) == LOAD.job_words
    assert said == (said[:30] * 7)[: LOAD.job_words]
    assert len(prompt.begun.split()) == 60


def test_a_prompt_leaves_out_what_is_empty():
    assert Prompt("", "hello").turns() == [("user", "hello")]
    assert [role for role, _ in Prompt("a", "b", "c").turns()] == ["system", "user", "assistant"]


def test_words_of_several_tokens_are_left_out():
    def tokens_of(text: str) -> int:
        return sum(2 if word == "butter" else 1 for word in text.split())

    assert single_tokens(tokens_of, ["water", "butter", "coffee"]) == ["water", "coffee"]


def test_too_few_words_are_refused():
    with pytest.raises(ValueError, match="too few"):
        Words(["water"], 1)
