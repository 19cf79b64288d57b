"""What goes into a batch: the rules as properties, on machines that are unlike each other."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingle.engine.child.pace import Pace
from ingle.engine.child.scheduler import (
    BACKGROUND,
    BESIDE,
    CALM_TURN,
    INTERACTIVE,
    PROMPT_TURN,
    RIDE,
    SHARE,
    TURN,
    Budget,
    Claim,
    Cost,
    passed_over,
    plan,
)

BUDGET = Budget(rows=256, outputs=128, step_ms=50.0, calm_ms=500.0, calm_rows=128)


@dataclass(frozen=True)
class Line:
    """A machine on which the first row costs `first` ms and every further one `each`; `pair` is
    what a batch costs more than a single row."""

    first: float
    each: float
    pair: float = 0.0

    def ms(self, rows: int) -> float:
        return self.first + (self.pair if rows > 1 else 0.0) + self.each * (rows - 1)

    hoped = ms

    def rows_within(self, ms: float, most: int) -> int:
        more = int((ms - self.first - self.pair) / self.each)
        return max(min(1 + more, most), 1)

    def together(self, rows: int) -> int:
        return max(range(1, rows + 1), key=lambda count: (count / self.ms(count), count))


TWO_CORES = Line(6.5, 1.2, 9.0)
GPU = Line(2.0, 0.001)
UNKNOWN = Pace(2)
machines = st.sampled_from([TWO_CORES, GPU, Line(300.0, 100.0), UNKNOWN])


@st.composite
def some_claims(draw: st.DrawFn, most: int = 64) -> list[Claim]:
    found = []
    for key in range(draw(st.integers(1, most))):
        is_generating = draw(st.booleans())
        drafts = draw(st.integers(0, 8)) if is_generating else 0
        found.append(
            Claim(
                key,
                draw(st.integers(0, 2)),
                1 + drafts if is_generating else draw(st.integers(1, 5000)),
                is_generating,
                not is_generating and draw(st.booleans()),
                draw(st.integers(0, 200)),
                draw(st.integers(0, 2)),
                drafts * draw(st.floats(0, 1)),
            )
        )
    return found


@given(some_claims(), machines)
def test_a_step_keeps_its_limits(running: list[Claim], machine: Cost):
    shares = plan(running, BUDGET, machine)
    by_key = {claim.key: claim for claim in running}
    assert sum(shares.values()) <= BUDGET.rows
    has_all = {claim.key for claim in running if claim.is_dense or claim.is_generating}
    outputs = sum(rows if key in has_all else 1 for key, rows in shares.items())
    assert outputs <= BUDGET.outputs
    assert all(1 <= rows <= by_key[key].rows for key, rows in shares.items())


@given(some_claims(), machines)
def test_whoever_runs_makes_progress_together(running: list[Claim], machine: Cost):
    assert plan(running, BUDGET, machine)


@given(some_claims(), machines)
def test_groups_never_share_a_step(running: list[Claim], machine: Cost):
    shares = plan(running, BUDGET, machine)
    assert len({claim.group for claim in running if claim.key in shares}) == 1


@given(some_claims(), machines)
def test_lower_classes_cost_a_higher_one_next_to_nothing_unless_they_waited_long(
    running: list[Claim], machine: Cost
):
    shares = plan(running, BUDGET, machine)
    top = min(claim.rank for claim in running)
    served = [claim for claim in running if claim.key in shares]
    lower = [claim for claim in served if claim.rank > top]
    if lower:
        mine = sum(shares[claim.key] for claim in served if claim.rank == top)
        assert machine.ms(sum(shares.values())) <= machine.ms(mine) * RIDE


@given(some_claims(), machines)
def test_a_prompt_never_delays_for_long_what_somebody_reads_along(running: list[Claim], machine: Cost):
    shares = plan(running, BUDGET, machine)
    served = [claim for claim in running if claim.key in shares]
    has_text = any(claim.is_generating and claim.rank == INTERACTIVE for claim in served)
    if has_text and sum(shares.values()) > len(served):
        drafts = sum(shares[claim.key] - 1 for claim in served if claim.is_generating)
        if not drafts:
            least = max(machine.ms(len(running) + 1), machine.ms(len(running)) * BESIDE)
            assert machine.ms(sum(shares.values())) <= max(BUDGET.step_ms, least) * RIDE


@settings(max_examples=10, deadline=None)
@given(some_claims(most=8), machines.filter(lambda machine: machine is not UNKNOWN))
def test_nobody_starves(running: list[Claim], machine: Cost):
    """Whatever the others do, everyone is served within a bounded number of steps."""
    waited: dict[int, float] = {}
    steps = 200 * len(running)
    for _ in range(steps):
        shares = plan(running, BUDGET, machine, waited)
        waited = passed_over(running, shares, waited, machine.ms(sum(shares.values())))
        running = [
            replace(claim, passed_over=0 if claim.key in shares else claim.passed_over + 1)
            for claim in running
        ]
    assert max(claim.passed_over for claim in running) < steps


@pytest.mark.parametrize("machine", [TWO_CORES, GPU, Line(300.0, 100.0)])
@pytest.mark.parametrize("kind", ["text", "prompt"])
def test_a_class_has_its_share_of_the_time_beside_a_person_who_never_stops(machine: Cost, kind: str):
    other = text(2, BACKGROUND) if kind == "text" else prompt(2, 10**6, BACKGROUND)
    running, waited, spent, total = [text(1, INTERACTIVE), other], dict[int, float](), 0.0, 0.0
    for _ in range(2000):
        shares = plan(running, BUDGET, machine, waited)
        ms = machine.ms(sum(shares.values()))
        waited = passed_over(running, shares, waited, ms)
        total += ms
        spent += machine.ms(shares[2]) if 2 in shares else 0.0
    assert spent >= total * SHARE[BACKGROUND] * 0.8
    if machine is not GPU:  # there it rides along at no cost
        assert spent <= total * SHARE[BACKGROUND] * 1.5


@given(some_claims(), machines)
def test_a_class_that_was_passed_over_gets_a_small_share(running: list[Claim], machine: Cost):
    top = min(claim.rank for claim in running)
    lower = {claim.rank for claim in running} - {top}
    if lower:
        shares = plan(running, BUDGET, machine, dict.fromkeys(lower, 1e9))
        assert any(claim.key in shares for claim in running if claim.rank > top)
        most = max(BUDGET.step_ms, machine.ms(1) * BESIDE) + machine.ms(len(running))
        assert machine.ms(sum(shares.values())) <= RIDE * most


def text(key: int, rank: int = 1, drafts: int = 0, gain: float = 0.0, passed_over: int = 0) -> Claim:
    return Claim(key, rank, 1 + drafts, True, passed_over=passed_over, gain=gain)


def prompt(key: int, rows: int, rank: int = 1) -> Claim:
    return Claim(key, rank, rows, False)


def test_a_persons_prompt_is_read_at_full_speed_beside_background_text():
    running = [text(1, BACKGROUND), prompt(2, 900, INTERACTIVE)]
    assert plan(running, BUDGET, TWO_CORES) == {2: 256}


def test_a_prompt_is_read_in_portions_as_large_as_may_be():
    assert plan([prompt(1, 260)], BUDGET, TWO_CORES) == {1: 256}
    assert plan([prompt(1, 130)], BUDGET, TWO_CORES) == {1: 130}


def test_a_slow_machine_reads_prompts_in_large_portions_all_the_same():
    slow = Line(300.0, 100.0)
    assert plan([prompt(1, 1280)], BUDGET, slow) == {1: BUDGET.calm_rows}
    person = [text(1, INTERACTIVE), prompt(2, 1280, INTERACTIVE)]
    assert plan(person, BUDGET, slow) == {2: 4}


def test_what_nobody_reads_along_does_not_make_portions_small():
    assert plan([text(1), prompt(2, 1280)], BUDGET, TWO_CORES) == {2: 256}
    person = [text(1, INTERACTIVE), prompt(2, 1280, INTERACTIVE)]
    assert plan(person, BUDGET, TWO_CORES) == {2: 29}


def test_on_a_gpu_background_rides_along_with_a_person():
    shares = plan([text(1, BACKGROUND), text(2, INTERACTIVE), prompt(3, 900, BACKGROUND)], BUDGET, GPU)
    assert set(shares) == {1, 2, 3}


def test_prompts_are_read_one_after_the_other_the_shortest_first_and_nothing_is_left_unused():
    running = [prompt(1, 1000), prompt(2, 10)]
    shares = plan(running, BUDGET, TWO_CORES)
    assert shares[2] == 10
    assert shares[1] > 100
    assert plan([prompt(1, 2560), prompt(2, 1280)], BUDGET, TWO_CORES) == {2: 256}
    waited = replace(prompt(1, 2560), passed_over=PROMPT_TURN)
    assert plan([waited, prompt(2, 1280)], BUDGET, TWO_CORES) == {1: 256}


def test_on_a_cpu_texts_and_prompts_take_turns_and_on_a_gpu_they_share():
    texts = [text(1), text(2)]
    assert plan([*texts, prompt(3, 900)], BUDGET, TWO_CORES).keys() == {3}
    waited = [replace(one, passed_over=CALM_TURN) for one in texts]
    assert plan([*waited, prompt(3, 900)], BUDGET, TWO_CORES).keys() <= {1, 2}
    assert plan([*texts, prompt(3, 900)], BUDGET, GPU).keys() == {1, 2, 3}


def test_where_two_rows_cost_more_than_twice_one_texts_take_turns():
    running = [text(1, passed_over=3), text(2, passed_over=5)]
    assert plan(running, BUDGET, TWO_CORES) == {2: 1}
    assert plan(running, BUDGET, GPU) == {1: 1, 2: 1}


def test_many_texts_are_decoded_together_where_that_is_faster():
    running = [text(key) for key in range(32)]
    assert len(plan(running, BUDGET, TWO_CORES)) == 32


def test_a_draft_is_tried_where_it_pays():
    assert plan([text(1, drafts=4, gain=3.5)], BUDGET, TWO_CORES) == {1: 5}
    assert plan([text(1, drafts=4, gain=0.5)], BUDGET, TWO_CORES) == {1: 1}
    assert plan([text(1, drafts=4, gain=0.5)], BUDGET, GPU) == {1: 5}


@pytest.mark.parametrize("rank", [1, BACKGROUND])
def test_prompts_go_for_a_while_before_texts_that_nobody_reads_along(rank: int):
    ready, pending = text(1, rank), prompt(2, 5000, rank)
    waited = replace(ready, passed_over=CALM_TURN)
    assert plan([replace(ready, passed_over=3), pending], BUDGET, TWO_CORES).keys() == {2}
    assert plan([waited, pending], BUDGET, TWO_CORES) == {1: 1}


def test_a_groups_turn_ends_when_another_has_waited():
    mine, other = replace(text(1), group=1), replace(text(2), group=2)
    assert plan([mine, replace(other, passed_over=TURN - 1)], BUDGET, GPU) == {1: 1}
    assert plan([mine, replace(other, passed_over=TURN)], BUDGET, GPU) == {2: 1}


def test_nothing_to_do_is_an_empty_step():
    assert plan([], BUDGET, GPU) == {}
