"""How the cost of steps grows along a text, found out while running."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.depth import LEAST, MOST, UNKNOWN, Depth
from ingle.engine.child.pace import Pace


def cost(ms: float, depth: float, doubles_at: float) -> float:
    return ms * (1 + depth / doubles_at)


@given(st.floats(300, 50_000), st.floats(1, 1000))
def test_it_finds_where_a_step_costs_twice(doubles_at: float, ms: float):
    depth = Depth()
    for tokens in range(0, 4000, 400):
        depth.learn((32, 2), tokens, cost(ms, tokens, doubles_at))
    assert depth.doubles_at == pytest.approx(doubles_at, rel=0.01)
    assert depth.factor(0) == 1.0
    assert depth.factor(doubles_at) == pytest.approx(2.0, rel=0.01)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0.001, 1e6))))
def test_nonsense_stays_within_bounds(steps: list[tuple[float, float]]):
    depth = Depth()
    for tokens, ms in steps:
        depth.learn((1, 1), tokens, ms)
    assert LEAST <= depth.doubles_at <= MOST


def test_steps_near_one_another_say_nothing():
    depth = Depth()
    for tokens, ms in ((100, 7.0), (110, 70.0), (120, 1.0)):
        depth.learn((1, 1), tokens, ms)
    assert depth.doubles_at == UNKNOWN


def test_a_number_of_threads_is_not_judged_by_how_deep_its_steps_were():
    """Deep in one text with two threads, early in another with one: two are faster all the same."""
    pace = Pace(2)
    for tokens in range(0, 4000, 250):
        pace.observe(32, 2, cost(55.0, tokens, 2000), tokens)
        pace.observe(32, 1, cost(95.0, tokens, 2000), tokens)
    for _ in range(10):
        pace.observe(32, 2, cost(55.0, 4000, 2000), 4000)
        pace.observe(32, 1, 95.0, 0)
    assert pace.threads(32) == 2
    assert pace.ms(32) == pytest.approx(55.0, rel=0.1)
    assert pace.behind(4000).ms(32) == pytest.approx(165.0, rel=0.1)
    assert pace.behind(4000).rows_within(165.0, 256) == pace.rows_within(55.0, 256)
