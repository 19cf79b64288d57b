"""The measured cost of steps: what is believed, and when it is tried again."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.pace import AGAIN_S, RARELY_S, REPEATS, SELDOM_S, SLOW_MS, Pace


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def learned(pace: Pace, rows: int, took: dict[int, float]) -> int:
    """Let the pace try steps of `rows` until it has settled; the threads that it settles on."""
    for _ in range(20):
        threads = pace.threads(rows)
        pace.observe(rows, threads, took[threads])
    return pace.threads(rows)


@pytest.mark.parametrize(
    ("took", "best"),
    [
        ({4: 24.0, 2: 12.0, 1: 6.0}, 1),
        ({4: 50.0, 2: 90.0, 1: 170.0}, 4),
        ({4: 10.0, 2: 10.5, 1: 18.0}, 4),
    ],
)
def test_the_fastest_number_of_threads_is_taken_and_the_most_of_those_that_are_as_fast(
    clock: Clock, took: dict[int, float], best: int
):
    assert learned(Pace(4, clock=clock), 64, took) == best


def test_a_single_row_takes_the_fewest_threads_that_are_about_as_fast(clock: Clock):
    assert learned(Pace(4, clock=clock), 1, {4: 10.0, 2: 10.5, 1: 18.0}) == 2


def test_one_bad_first_sample_does_not_settle_it(clock: Clock):
    pace = Pace(2, clock=clock)
    pace.observe(32, 2, 113.0)
    pace.observe(32, 1, 95.0)
    assert pace.threads(32) == 2
    pace.observe(32, 2, 55.0)
    assert learned(pace, 32, {2: 55.0, 1: 95.0}) == 2


def test_nobody_waits_for_a_trial_unless_it_can_hardly_get_worse(clock: Clock):
    pace = Pace(2, clock=clock)
    for _ in range(REPEATS):
        pace.observe(32, 2, 55.0)
    assert pace.threads(32) == 1
    assert pace.threads(32, is_urgent=True) == 2
    for _ in range(10):
        pace.observe(32, 2, 206.0)
    assert pace.threads(32, is_urgent=True) == 1, "the machine is busy"


def test_what_was_better_once_is_looked_at_again_soon_and_then_ever_more_seldom(clock: Clock):
    """A few bad moments shall not cost minutes, and a busy machine not a trial every few seconds."""
    pace = Pace(2, clock=clock)
    assert learned(pace, 32, {2: 50.0, 1: 93.0}) == 2
    for _ in range(3 * REPEATS):
        pace.observe(32, 2, 200.0)
        pace.observe(32, 1, 93.0)
    assert pace.threads(32, is_urgent=True) == 1
    tries = []
    for _ in range(600):
        clock.now += 1.0
        threads = pace.threads(32, is_urgent=True)
        tries.append(threads == 2)
        pace.observe(32, threads, {2: 200.0, 1: 93.0}[threads])
    assert any(tries[:10])
    assert sum(tries) < 60
    clock.now += RARELY_S + 1
    assert pace.threads(32, is_urgent=True) == 2
    assert learned(pace, 32, {2: 50.0, 1: 93.0}) == 2


def test_a_long_step_is_no_place_for_a_trial(clock: Clock):
    pace = Pace(2, clock=clock)
    pace.observe(256, 2, 350.0)
    assert pace.threads(256) == 2, "nothing is known of fewer threads"
    for _ in range(10):
        pace.observe(256, 2, 900.0)
    assert pace.threads(256) == 2, "it is deep in a long text, which says nothing of threads"


def test_a_long_step_follows_what_smaller_ones_found(clock: Clock):
    pace = Pace(2, clock=clock)
    learned(pace, 32, {2: 250.0, 1: 95.0})
    for _ in range(REPEATS):
        pace.observe(256, 2, 2000.0)
    assert pace.threads(256) == 1


def test_a_slow_model_is_not_slowed_further_by_trials(clock: Clock):
    pace = Pace(2, clock=clock)
    pace.observe(1, 2, SLOW_MS * 2)
    for rows in (8, 32, 256):
        pace.observe(rows, 2, SLOW_MS * rows)
        assert pace.threads(rows) == 2


def test_a_single_row_tells_nothing_about_a_prompt(clock: Clock):
    pace = Pace(2, clock=clock)
    learned(pace, 1, {2: 8.0, 1: 7.0})
    pace.observe(256, 2, 350.0)
    assert pace.threads(256) == 2


def test_fewer_threads_are_not_tried_once_they_were_clearly_slower(clock: Clock):
    pace = Pace(4, clock=clock)
    tried = set()
    for _ in range(20):
        tried.add(threads := pace.threads(64))
        pace.observe(64, threads, {4: 50.0, 2: 90.0}[threads])
    assert tried == {4, 2}


def test_what_lost_is_tried_again_sooner_if_it_lost_by_little(clock: Clock):
    pace = Pace(2, clock=clock)
    assert learned(pace, 24, {2: 44.0, 1: 52.0}) == 2
    clock.now += AGAIN_S + 1
    pace.observe(24, 2, 44.0)
    assert pace.threads(24) == 1
    assert learned(pace, 8, {2: 20.0, 1: 90.0}) == 2
    clock.now += AGAIN_S + 1
    pace.observe(8, 2, 20.0)
    assert pace.threads(8) == 2
    clock.now += SELDOM_S
    pace.observe(8, 2, 20.0)
    assert pace.threads(8) == 1


def test_what_lost_clearly_is_tried_when_steps_become_slower_than_they_were(clock: Clock):
    pace = Pace(2, clock=clock)
    assert learned(pace, 8, {2: 20.0, 1: 30.0}) == 2
    clock.now += RARELY_S + 1
    pace.observe(8, 2, 20.0)
    assert pace.threads(8) == 2
    for _ in range(10):
        pace.observe(8, 2, 90.0)
    assert pace.threads(8) == 1


def test_a_size_is_not_tried_with_what_lost_clearly_at_a_smaller_one(clock: Clock):
    pace = Pace(2, clock=clock)
    learned(pace, 32, {2: 50.0, 1: 90.0})
    for rows, ms in ((48, 70.0), (512, 600.0)):
        pace.observe(rows, 2, ms)
        assert pace.threads(rows) == 2


def test_a_machine_that_became_busy_is_met_with_fewer_threads(clock: Clock):
    pace = Pace(2, clock=clock)
    learned(pace, 24, {2: 44.0, 1: 60.0})
    assert learned(pace, 24, {2: 250.0, 1: 61.0}) == 1


def test_one_slow_step_changes_nothing(clock: Clock):
    pace = Pace(1, clock=clock)
    for ms in (7.0, 7.0, 7.0, 1800.0):
        pace.observe(1, 1, ms)
    assert pace.ms(1) == pytest.approx(7.0)


def test_between_two_measured_sizes_the_cost_is_between_theirs(clock: Clock):
    pace = Pace(1, clock=clock)
    pace.observe(1, 1, 6.0)
    pace.observe(8, 1, 27.0)
    pace.observe(128, 1, 150.0)
    assert 6.0 < pace.ms(4) < 27.0 < pace.ms(64) < 150.0 < pace.ms(512)


def test_before_anything_was_measured_every_step_is_allowed():
    assert Pace(2).rows_within(50.0, 256) == 256


@given(st.dictionaries(st.integers(1, 512), st.floats(0.1, 1e4), min_size=1), st.floats(0.1, 1e4))
def test_rows_within_a_time_never_exceed_what_was_asked(costs: dict[int, float], ms: float):
    pace = Pace(1)
    for rows, cost in costs.items():
        pace.observe(rows, 1, cost)
    assert 1 <= pace.rows_within(ms, 256) <= 256


def test_texts_are_decoded_one_by_one_where_a_pair_costs_more_than_twice(clock: Clock):
    pace = Pace(1, clock=clock)
    pace.observe(1, 1, 6.5)
    for _ in range(REPEATS):
        assert pace.together(2) == 2, "so few samples settle nothing"
        pace.observe(2, 1, 17.0)
    assert pace.together(2) == 1
    assert pace.together(8) == 8, "never measured: thought cheap, so that it is"
    pace.observe(8, 1, 27.0)
    assert pace.together(8) == 8


def test_a_size_that_lost_is_tried_again(clock: Clock):
    pace = Pace(1, clock=clock)
    pace.observe(1, 1, 6.5)
    for _ in range(REPEATS):
        pace.observe(8, 1, 68.0)
    assert pace.together(8) == 1
    clock.now += RARELY_S + 1
    assert pace.together(8) == 8


def test_tuning_a_slow_model_is_short():
    tried = []

    def step_ms(threads: int) -> float:
        tried.append(threads)
        return SLOW_MS + 1

    Pace(8).tune(step_ms)
    assert tried == [8]


def test_an_untuned_pace_takes_the_threads_it_was_given():
    pace = Pace(6, is_tuned=False)
    assert learned(pace, 1, {6: 1.0}) == learned(pace, 128, {6: 1.0}) == 6


def test_what_was_measured_long_ago_is_hoped_to_be_a_part_of_the_largest_step(clock: Clock):
    pace = Pace(1, clock=clock)
    pace.observe(1, 1, 6.0)
    pace.observe(128, 1, 133.0)
    assert pace.hoped(8) == pace.ms(8) == 13.0
    for _ in range(5):
        clock.now += 1
        pace.observe(8, 1, 300.0)
    assert pace.hoped(8) == pace.ms(8) == 300.0
    assert pace.hoped(16) < 30 < pace.ms(16)
    clock.now += RARELY_S + 1
    assert pace.hoped(8) == 13.0
    pace.observe(8, 1, 27.0)
    assert pace.hoped(8) == pace.ms(8)


def test_what_was_measured_once_in_a_bad_moment_is_tried_again_soon(clock: Clock):
    pace = Pace(1, clock=clock)
    pace.observe(1, 1, 6.0)
    pace.observe(128, 1, 133.0)
    pace.observe(8, 1, 300.0)
    assert pace.hoped(8) == 300.0
    clock.now += AGAIN_S + 1
    assert pace.hoped(8) == 13.0


def test_nothing_is_hoped_of_what_is_larger_than_all_that_was_measured(clock: Clock):
    pace = Pace(1, clock=clock)
    assert pace.hoped(8) == 0.0
    pace.observe(1, 1, 6.0)
    pace.observe(8, 1, 27.0)
    clock.now += RARELY_S + 1
    assert pace.hoped(16) == pace.ms(16)
    assert pace.hoped(8) == pace.ms(8)
