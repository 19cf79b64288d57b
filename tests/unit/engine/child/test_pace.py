"""The number of threads follows the measured times, and leans to fewer."""

import pytest

from ingle.engine.child.pace import best_threads


@pytest.mark.parametrize(
    ("times", "best"),
    [
        ({2: 25.0, 1: 7.0}, 1),
        ({2: 10.0, 1: 19.0}, 2),
        ({2: 10.0, 1: 10.5}, 1),
        ({8: 20.0, 4: 12.0, 2: 18.0, 1: 30.0}, 4),
        ({6: 20.0, 3: 21.0, 1: 50.0}, 3),
        ({1: 30.0}, 1),
    ],
)
def test_the_fewest_threads_that_are_about_as_fast_as_any(times: dict[int, float], best: int) -> None:
    assert best_threads(max(times), times.__getitem__) == best


def test_one_slow_step_among_three_does_not_decide() -> None:
    times = {2: iter([25.0, 24.0, 26.0]), 1: iter([70.0, 7.0, 7.0])}
    assert best_threads(2, lambda count: next(times[count])) == 1


def test_a_large_model_keeps_all_threads_and_is_not_tried_further() -> None:
    tried: list[int] = []

    def step_ms(count: int) -> float:
        tried.append(count)
        return 300.0

    assert best_threads(8, step_ms) == 8
    assert set(tried) == {8}
