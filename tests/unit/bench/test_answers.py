"""What the rounds of a cell come to."""

import pytest
from answers import Answer, Round, Tallies, Tally


def answer(
    first_s: float, total_s: float = 1.0, *, read: int = 10, cached: int = 0, wrote: int = 5
) -> Answer:
    return Answer(first_s, total_s, read, cached, wrote)


def test_time_between_tokens_is_an_average_over_the_rest_of_the_answer():
    assert answer(0.2, 1.0, wrote=5).token_ms == pytest.approx(200)


def test_an_answer_of_one_token_says_nothing_about_the_time_between_tokens():
    tally = Tally()
    tally.add(answer(0.2, wrote=1))
    assert (tally.first_ms, tally.token_ms) == ([200.0], [])


def test_a_question_that_was_given_up_counts_with_the_time_it_had_waited():
    tally = Tally()
    tally.add_round(Round((answer(0.1),), (30.0,), (), 5.0))
    assert tally.first(0.95) == 30_000
    assert tally.count == "of 2 (1 given up)"


def test_cached_tokens_are_no_work():
    tally = Tally()
    tally.add_round(Round((), (), (answer(1, read=100, cached=40, wrote=20),) * 2, 4.0))
    assert (tally.worked, tally.written) == ([40.0], [10.0])


def test_ratios_are_of_the_same_round():
    found = Tallies()
    for ours, theirs in ((1.0, 2.0), (3.0, 4.0)):
        found.of("ingle").add(answer(ours))
        found.of("llama-server").add(answer(theirs))
    assert found.ratios(lambda side: side.first_ms) == [0.5, 0.75]


def test_without_a_peer_nothing_is_compared():
    found = Tallies()
    found.of("ingle").add(answer(1.0))
    assert found.theirs is None
    assert found.ratios(lambda side: side.first_ms) == []
    assert found.peer(lambda side: side.first(0.5)) is None
