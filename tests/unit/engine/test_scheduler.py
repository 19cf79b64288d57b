"""What goes into a batch: the rules as properties, and the order of the queue."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.scheduler import (
    BACKGROUND,
    INTERACTIVE,
    MAX_EVICTIONS,
    PROMOTE_S,
    Budget,
    Claim,
    Holder,
    Waiting,
    evict_for,
    plan,
    queue_order,
)

BUDGET = Budget(rows=256, beside=32, outputs=128)


def claims(draw: st.DrawFn) -> list[Claim]:
    found = []
    for key in range(draw(st.integers(1, 64))):
        is_generating = draw(st.booleans())
        found.append(
            Claim(
                key,
                draw(st.integers(0, 2)),
                1 if is_generating else draw(st.integers(1, 5000)),
                is_generating,
                not is_generating and draw(st.booleans()),
                draw(st.integers(0, 200)),
            )
        )
    return found


some_claims = st.composite(claims)()


@given(some_claims)
def test_a_step_keeps_its_budget(running: list[Claim]):
    shares = plan(running, BUDGET)
    by_key = {claim.key: claim for claim in running}
    assert sum(shares.values()) <= BUDGET.rows
    outputs = sum(rows if by_key[key].is_dense else 1 for key, rows in shares.items())
    assert outputs <= BUDGET.outputs
    assert all(1 <= rows <= by_key[key].rows for key, rows in shares.items())


@given(some_claims)
def test_whoever_runs_makes_progress_together(running: list[Claim]):
    assert plan(running, BUDGET)


@given(some_claims)
def test_every_interactive_text_gets_its_row(running: list[Claim]):
    shares = plan(running, BUDGET)
    texts = [claim for claim in running if claim.is_generating and claim.rank == INTERACTIVE]
    assert all(shares[claim.key] == 1 for claim in texts)


@given(some_claims)
def test_background_waits_for_a_person_unless_it_has_waited_long(running: list[Claim]):
    shares = plan(running, BUDGET)
    served = [claim for claim in running if claim.key in shares and claim.rank == BACKGROUND]
    if any(claim.rank == INTERACTIVE for claim in running):
        assert len(served) <= 1
        assert all(claim.passed_over >= BUDGET.patience for claim in served)
        assert all(shares[claim.key] <= BUDGET.share for claim in served)


@given(some_claims)
def test_a_prompt_never_delays_text_of_its_class_for_long(running: list[Claim]):
    shares = plan(running, BUDGET)
    prompts = [claim for claim in running if claim.key in shares and not claim.is_generating]
    for claim in prompts:
        texts = [one for one in running if one.is_generating and one.rank <= claim.rank]
        if texts and claim.passed_over < BUDGET.patience:
            assert shares[claim.key] <= BUDGET.beside


@given(some_claims)
def test_nobody_starves(running: list[Claim]):
    """Whatever the others do, everyone is served within a bounded number of steps."""
    for _ in range(BUDGET.patience + len(running) + 201):
        shares = plan(running, BUDGET)
        running = [
            replace(claim, passed_over=0 if claim.key in shares else claim.passed_over + 1)
            for claim in running
        ]
        assert max(claim.passed_over for claim in running) <= 200 + BUDGET.patience + len(running)


def test_a_persons_prompt_is_read_at_full_speed_beside_background_text():
    running = [Claim(1, BACKGROUND, 1, True), Claim(2, INTERACTIVE, 900, False)]
    assert plan(running, BUDGET) == {2: BUDGET.rows}


def test_prompts_of_one_class_share_a_step_and_leave_nothing_unused():
    running = [Claim(1, 1, 10, False), Claim(2, 1, 1000, False), Claim(3, 1, 1000, False)]
    shares = plan(running, BUDGET)
    assert sum(shares.values()) == BUDGET.rows
    assert shares[1] == 10
    assert min(shares[2], shares[3]) >= BUDGET.rows // 3


def test_nothing_to_do_is_an_empty_step():
    assert plan([], BUDGET) == {}


def test_the_queue_goes_by_class_then_by_arrival():
    waiting = [Waiting(1, 2, 5.0), Waiting(2, 1, 1.0), Waiting(3, 1, 3.0), Waiting(4, 0, 0.1)]
    assert [one.key for one in queue_order(waiting)] == [4, 3, 2, 1]


def test_a_long_wait_counts_as_a_higher_class():
    waiting = [Waiting(1, BACKGROUND, 2 * PROMOTE_S + 1), Waiting(2, INTERACTIVE, 1.0)]
    assert queue_order(waiting)[0].key == 1


holders = st.lists(
    st.builds(
        Holder, st.integers(), st.integers(0, 2), st.integers(1, 500), st.integers(0, MAX_EVICTIONS)
    ),
    unique_by=lambda one: one.key,
    max_size=8,
)


@given(st.integers(0, 2), st.integers(1, 2000), st.integers(0, 500), st.integers(0, 3), holders)
def test_room_is_made_for_a_person_at_the_expense_of_background_only(
    rank: int, cells: int, free_cells: int, free_seqs: int, running: list[Holder]
):
    victims = evict_for(rank, cells, (free_cells, free_seqs), running)
    if victims is None:
        return
    chosen = [one for one in running if one.key in victims]
    assert all(one.rank == BACKGROUND and one.evictions < MAX_EVICTIONS for one in chosen)
    assert not chosen or rank == INTERACTIVE
    assert free_cells + sum(one.cells for one in chosen) >= cells
    assert free_seqs + len(chosen) >= 1
