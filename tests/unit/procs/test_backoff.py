"""When to start again, and when to stop trying."""

from ingle.procs.backoff import Backoff, CircuitBreaker


def test_delays_double_up_to_a_bound_and_start_anew_after_a_long_life() -> None:
    backoff = Backoff(first_s=1, most_s=4, healthy_s=60)
    assert [backoff.after_death(0.1) for _ in range(4)] == [1, 2, 4, 4]
    assert backoff.after_death(61) == 1
    assert backoff.after_death(1) == 2


def test_the_breaker_opens_at_three_deaths_within_the_window() -> None:
    breaker = CircuitBreaker(deaths=3, window_s=300)
    assert [breaker.record(t) for t in (0, 100, 301, 302)] == [False, False, False, True]
    breaker.reset()
    assert not breaker.record(303)
