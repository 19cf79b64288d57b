"""Numbers, promises, and the line that shows them."""

import pytest
from figures import Figure, median, percentile, row
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_so_many_are_not_above(values: list[float], share: float):
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


def test_the_highest_percentiles_of_few_values_are_the_worst_one():
    assert percentile([3.0, 1.0, 2.0], 0.95) == 3.0


@pytest.mark.parametrize(("value", "holds"), [(1.9, False), (2.0, True), (3.0, True), (3.1, False)])
def test_a_promise_includes_its_bound(value: float, holds: bool):
    assert Figure("x", value, "s", least=2.0, most=3.0).holds is holds


def test_a_row_shows_promise_verdict_and_the_other_side():
    line = row(Figure("TTFT", 91.4, "ms", most=90, peer=163.0, note="of 20"))
    assert " ".join(line.split()) == "TTFT 91.4 ms at most 90 MISSED llama-server 163; of 20"


def test_a_median_tells_how_its_values_scatter():
    assert median("x", [1.0, 5.0, 3.0], "s").note == "1 to 5 in 3"
