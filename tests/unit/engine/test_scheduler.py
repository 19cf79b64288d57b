"""What goes into a batch: the rules as properties."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.scheduler import BACKGROUND, INTERACTIVE, Budget, Claim, plan

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
