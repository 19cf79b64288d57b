"""Requests over a model of the KV cache: whoever shares, gives way, is cut or leaves, every text is
what it would have been alone, no cell is used twice, and everybody's turn comes."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fakes.cells import FakeCells
from fakes.seated import House, alone, flat_pace, generation
from ingle.engine.child.pace import Pace
from ingle.engine.child.queueing import MOST_LOSSES
from ingle.engine.child.scheduler import BACKGROUND, INTERACTIVE
from ingle.engine.child.slots import Slots
from ingle.engine.child.work.base import Work
from ingle.engine.child.work.generation import Generation
from ingle.engine.child.work.reading import Reading
from ingle.engine.child.work.scoring import Scoring
from ingle.errors import EngineUnavailable

NORMAL = 1


@pytest.fixture
def house() -> Any:
    made: list[House] = []

    def build(cells: int = 200, slots: int = 3, spare: int = 4, **options: Any) -> House:
        shelf_bytes = options.pop("shelf_bytes", 10_000)
        pace = options.pop("pace", None) or flat_pace()
        fake = FakeCells(cells, **options)
        made.append(House(fake, Slots(slots, cells, 2, spare, cells // 2), shelf_bytes, pace=pace))
        return made[-1]

    yield build
    for one in made:
        one.close()


PROMPT = list(range(1, 41))


def test_a_request_begins_with_what_another_one_has_computed(house: Any):
    place = house()
    first, second = place.ask(generation(NORMAL, PROMPT)), None
    place.run(first)
    second = place.ask(generation(NORMAL, [*PROMPT, 77, 78]))
    place.run(second)
    assert (first.cached, second.cached) == (0, len(PROMPT))
    assert second.work.output == alone(second.work)


def test_a_conversation_goes_on_where_it_was(house: Any):
    place = house()
    first = place.ask(generation(NORMAL, PROMPT))
    place.run(first)
    answered = [*PROMPT, *first.work.output]
    second = place.ask(generation(NORMAL, [*answered, 50, 51]))
    place.run(second)
    assert second.cached == len(answered) - 1  # nobody has fed the last token


def test_the_last_token_of_a_prompt_is_always_computed(house: Any):
    place = house()
    place.run(place.ask(generation(NORMAL, PROMPT)))
    again = place.ask(generation(NORMAL, PROMPT))
    place.run(again)
    assert again.cached == len(PROMPT) - 1
    assert again.work.output == alone(again.work)


def test_what_is_being_read_serves_who_comes_meanwhile(house: Any):
    place = house()
    place.ask(generation(NORMAL, PROMPT))
    for _ in range(4):
        place.step(rows=8)
    second = place.ask(generation(INTERACTIVE, PROMPT))
    place.step()
    assert second.cached == 32


def test_the_same_computed_twice_at_a_time_is_kept_once(house: Any):
    place = house()
    pair = [place.ask(generation(NORMAL, [*PROMPT, last])) for last in (91, 92)]
    place.run(*pair)
    assert [ticket.cached for ticket in pair] == [0, 0]
    third = place.ask(generation(NORMAL, [*PROMPT, 93], most=200 - 41))  # every cell there is
    place.run(third)
    assert third.work.output == alone(third.work)


def test_whoever_wants_to_be_computed_anew_neither_takes_nor_gives(house: Any):
    place = house()
    place.run(place.ask(generation(NORMAL, PROMPT)))
    work = generation(NORMAL, [*PROMPT, 60])
    work.may_share = False
    fresh = place.ask(work)
    place.run(fresh)
    assert fresh.cached == 0
    after = place.ask(generation(NORMAL, [*PROMPT, 60, 61]))
    place.run(after)
    assert after.cached == len(PROMPT)


def test_adapters_do_not_share(house: Any):
    place = house()
    place.run(place.ask(generation(NORMAL, PROMPT)))
    work = generation(NORMAL, PROMPT)
    work.adapter = type("Adapted", (), {"key": "other"})()
    other = place.ask(work)
    place.run(other)
    assert other.cached == 0


def test_scoring_and_reading_share_too(house: Any):
    place = house()
    place.run(place.ask(generation(NORMAL, PROMPT)))
    scored = place.ask(Scoring(NORMAL, [*PROMPT, 3], [[1, 2], [3, 4]], 2))
    read = place.ask(Reading(NORMAL, PROMPT, [5, 6, 7], 100))
    long = place.ask(Reading(NORMAL, PROMPT, [5] * 80, 60))
    place.run(scored, read, long)
    assert (scored.cached, read.cached, long.cached) == (len(PROMPT), len(PROMPT) - 1, 0)


@pytest.mark.parametrize("shelf_bytes", [10_000, 0])
@pytest.mark.parametrize("cells", [200, 90])
def test_a_person_takes_a_seat_and_the_other_goes_on_where_it_was(
    house: Any, cells: int, shelf_bytes: int
):
    """With enough cells, with too few for both, and where its state cannot be saved."""
    place = house(cells=cells, slots=1, shelf_bytes=shelf_bytes)
    background = place.ask(generation(BACKGROUND, PROMPT, most=20))
    while len(background.work.output) < 5:
        place.step()
    person = place.ask(generation(INTERACTIVE, [9] * 30, most=20))
    place.run(person)
    assert not background.finished.done()
    assert background.started < person.started < person.ended
    place.run(background)
    assert person.work.output == alone(person.work)
    assert background.work.output == alone(background.work)
    is_lost = cells == 90 and shelf_bytes == 0
    assert background.losses == int(is_lost)


def test_who_gave_way_and_leaves_leaves_nothing_behind(house: Any):
    place = house(slots=1)
    background = place.ask(generation(BACKGROUND, PROMPT, most=20))
    place.step()
    person = place.ask(generation(INTERACTIVE, [9] * 30))
    place.step()
    assert background.key in place.seating.waiting
    place.leave(background)
    place.run(person)
    place.run(place.ask(generation(NORMAL, [5] * 50, most=150)))


def test_what_failed_is_not_kept(house: Any):
    place = house()
    failed = place.ask(generation(NORMAL, PROMPT))
    for _ in range(7):
        place.step()
    place.seating.settle(failed, EngineUnavailable("no more memory"))
    again = place.ask(generation(NORMAL, PROMPT))
    place.run(again)
    assert again.cached == 0


def test_what_a_cancelled_request_had_read_is_kept(house: Any):
    place = house()
    cancelled = place.ask(generation(NORMAL, PROMPT))
    for _ in range(3):
        place.step(rows=8)
    place.leave(cancelled)
    again = place.ask(generation(NORMAL, PROMPT))
    place.run(again)
    assert again.cached == 24


def test_a_recurrent_model_shares_nothing_and_gives_way_whole(house: Any):
    place = house(slots=1, can_share=False)
    background = place.ask(generation(BACKGROUND, PROMPT, most=20))
    while len(background.work.output) < 5:
        place.step()
    fed = background.work.fed
    person = place.ask(generation(INTERACTIVE, PROMPT))
    place.run(person)
    place.step()
    assert person.cached == 0
    assert background.work.fed > fed
    place.run(background)
    assert background.work.output == alone(background.work)


@pytest.mark.parametrize("can_share", [True, False])
def test_what_has_left_the_cache_comes_back_from_the_shelf(house: Any, can_share: bool):
    """Also for a recurrent model, that goes on from a state's very end and from nowhere else."""
    place = house(can_share=can_share)
    first = place.ask(generation(NORMAL, PROMPT * 2))
    place.run(first)
    place.run(place.ask(generation(NORMAL, [9] * 20, most=175)))
    answered = [*PROMPT * 2, *first.work.output]
    second = place.ask(generation(NORMAL, [*answered, 50, 51]))
    branch = place.ask(generation(NORMAL, [*PROMPT * 2, 44]))
    place.run(second, branch)
    assert second.cached == len(answered) - 1
    assert branch.cached == (len(PROMPT) * 2 if can_share else 0)
    assert second.work.output == alone(second.work)
    assert branch.work.output == alone(branch.work)


def test_for_the_sake_of_a_few_tokens_nothing_is_saved_again(house: Any):
    place = house(shelf_bytes=100_000)
    crowd = [9] * 20
    saved: list[int] = []
    save = place.cells.state
    place.cells.state = lambda seq: saved.append(place.cells.kept(seq)) or save(seq)
    for more, expected in ((0, [81]), (5, [81]), (100, [81, 181])):
        asked = place.ask(generation(NORMAL, [*PROMPT * 2, *[7] * more], most=2))
        place.run(asked)
        assert asked.work.output == alone(asked.work)
        assert asked.cached == (0 if not more else len(PROMPT * 2))
        place.run(place.ask(generation(BACKGROUND, crowd, most=175)))
        assert saved == expected


def test_a_sliding_window_goes_on_at_the_end_and_nowhere_else(house: Any):
    place = house(window=8)
    first = place.ask(generation(NORMAL, PROMPT))
    place.run(first)
    inside = place.ask(generation(NORMAL, [*PROMPT[:30], 99]))
    place.run(inside)
    goes_on = place.ask(generation(NORMAL, [*PROMPT, *first.work.output, 5]))
    place.run(goes_on)
    assert (inside.cached, goes_on.cached) == (0, len(PROMPT) + 5)
    assert inside.work.output == alone(inside.work)
    assert goes_on.work.output == alone(goes_on.work)


def test_nobody_starves_while_persons_come_without_end(house: Any):
    place = house(slots=2)
    background = [place.ask(generation(BACKGROUND, [n, *PROMPT], most=30)) for n in range(3)]
    for _ in range(6000):
        if all(ticket.finished.done() for ticket in background):
            break
        while len(place.seating.waiting) < 5:
            place.ask(generation(INTERACTIVE, [9] * 30, most=30))
        place.step()
    assert all(ticket.finished.done() for ticket in background)


def test_persons_never_wait_for_work_that_nobody_waits_for(house: Any):
    """However long the queue of background work is, and however long it has waited."""
    place = house(slots=3, cells=400)
    for number in range(8):
        place.ask(generation(BACKGROUND, [number, *PROMPT], most=60))
    for _ in range(1000):
        place.step(only=0)
        person = place.ask(generation(INTERACTIVE, [9] * 20))
        place.now += 10.0
        place.seating.admit()
        assert person.started == place.now
        place.leave(person)


@pytest.mark.parametrize(
    ("costs", "together"),
    [({1: 7.0, 16: 30.0, 32: 60.0}, 1), ({1: 7.0, 16: 30.0, 32: 31.0}, 3), ({1: 7.0}, 1)],
)
def test_background_work_runs_side_by_side_only_where_more_rows_cost_nothing(
    house: Any, costs: dict[int, float], together: int
):
    place = house(slots=6, cells=800, pace=Pace(1, is_tuned=False))
    for rows, ms in costs.items():
        place.pace.observe(rows, 1, ms)
    background = [place.ask(generation(BACKGROUND, [n, *PROMPT], most=30)) for n in range(3)]
    place.step()
    assert [ticket.started is not None for ticket in background] == [n < together for n in range(3)]
    place.now += 100.0  # its turn would have come long ago; it holds back nobody who may start
    others = [place.ask(generation(rank, [rank, *PROMPT])) for rank in (NORMAL, INTERACTIVE)]
    place.step()
    assert all(ticket.started == place.now for ticket in others)
    place.run(*background, *others)
    assert all(ticket.work.output == alone(ticket.work) for ticket in (*background, *others))


# ---- anything at all

requests = st.lists(
    st.tuples(
        st.integers(0, 2),  # class
        st.integers(0, 30),  # of a common beginning
        st.lists(st.integers(1, 3), min_size=1, max_size=12),  # behind it
        st.integers(1, 12),  # to write, or candidates
        st.sampled_from(["write", "write", "write", "score", "read"]),
        st.integers(0, 6),  # steps until the next one comes
    ),
    min_size=1,
    max_size=14,
)
accidents = st.lists(st.sampled_from(["", "", "", "cut", "leave", "one", "later"]), max_size=60)


def made(rank: int, common: int, rest: list[int], size: int, kind: str) -> Work:
    prompt = [*PROMPT[:common], *rest]
    if kind == "score":
        return Scoring(rank, prompt, [[1, 2], [3], [4, 5, 6]], 2)
    if kind == "read":
        return Reading(rank, prompt, [1, 2, 3, 4, 5] * size, 60)
    return generation(rank, prompt, size)


@given(
    requests,
    accidents,
    st.integers(1, 3),
    st.integers(66, 140),
    st.integers(0, 5),
    st.sampled_from([(True, 0), (True, 0), (True, 8), (False, 0)]),
    st.sampled_from([10_000, 40, 0]),
)
@example(  # a window: what was cut off once cannot be gone on with, also when it is asked a second time
    asked=[(0, 0, [1], 1, "write", 2), (2, 14, [1], 3, "write", 1), (0, 0, [1], 1, "write", 4)]
    + [(0, 0, [1], 1, "write", 0)] * 2,
    events=[*[""] * 6, "cut"],
    slots=2,
    cells=66,
    spare=0,
    kind=(True, 8),
    shelf_bytes=10_000,
)
def test_every_text_is_as_if_alone_and_the_memory_never_runs_out(
    asked: list[tuple[int, int, list[int], int, str, int]],
    events: list[str],
    slots: int,
    cells: int,
    spare: int,
    kind: tuple[bool, int],
    shelf_bytes: int,
):
    fake = FakeCells(cells, can_share=kind[0], window=kind[1])
    place = House(fake, Slots(slots, cells, 2, spare, cells // 2), shelf_bytes)
    happenings = iter(events)
    try:
        for *what, pause in asked:
            place.ask(made(*what))
            for _ in range(pause):
                happens(place, next(happenings, ""))
        place.run(*place.tickets, most=3000)
        for ticket in place.tickets:
            if isinstance(ticket.work, Generation) and not ticket.finished.cancelled():
                assert ticket.work.output == alone(ticket.work)
            assert ticket.losses <= MOST_LOSSES + sum(event == "cut" for event in events)
        assert not place.seating.running
    finally:
        place.close()


def happens(place: House, event: str) -> None:
    """One step, and what befalls it."""
    if event == "leave" and place.tickets:
        place.leave(place.tickets[len(place.tickets) // 2])
    elif event == "later":
        place.now += 25.0
    place.step(rows=5, is_cut=event == "cut", only=1 if event == "one" else None)
