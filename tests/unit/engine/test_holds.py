"""Who holds what: several reasons at a time, fading, a holder that goes away, the person's word."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.holds import MOST, PERSON, Holder, Holds
from ingle.errors import Busy
from ingle.vocabulary import Holdable

POWER, OTHER = Holder("a", "plugin power"), Holder("b", "pid 7")


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: float = 0.0
    due: dict[int, tuple[float, Callable[[], None]]] = field(default_factory=dict)

    def later(self, seconds: float, act: Callable[[], None]) -> "Appointment":
        number = len(self.due)
        while number in self.due:
            number += 1
        self.due[number] = (self.now + seconds, act)
        return Appointment(self, number)

    def move(self, seconds: float) -> None:
        self.now += seconds
        for number, (when, act) in sorted(self.due.items()):
            if when <= self.now and self.due.pop(number, None):
                act()


@dataclass
class Appointment:
    clock: Clock
    number: int

    def cancel(self) -> None:
        self.clock.due.pop(self.number, None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[str]:
    """What the model was held for at each change."""
    return []


@pytest.fixture
def holds(clock: Clock, told: list[str]) -> Holds:
    made = Holds(lambda: told.append(made.why("model")), clock.later)
    return made


def test_it_is_free_when_the_last_has_let_go(holds: Holds, told: list[str]) -> None:
    holds.take("model", "suspend", POWER)
    holds.take("model", "game", POWER)
    holds.release("model", "suspend", POWER)
    assert holds.why("model") == "game"
    holds.release("model", "game", POWER)
    assert told == ["suspend", "suspend, game", "game", ""]
    assert holds.list() == []


def test_nobody_ends_the_hold_of_another(holds: Holds) -> None:
    holds.take("model", "paused by you", PERSON)
    holds.take("model", "paused by you", POWER)
    holds.release("model", "paused by you", POWER)
    holds.release("model", "paused by you", OTHER)
    assert [(hold.reason, hold.by) for hold in holds.list()] == [("paused by you", "you")]


def test_the_persons_word_ends_all_of_them(holds: Holds, told: list[str]) -> None:
    holds.take("model", "game", POWER)
    holds.take("background", "on battery", POWER)
    holds.take("watching", "paused by you", PERSON)
    holds.lift()
    assert holds.list() == []
    changes = len(told)
    holds.release("model", "game", POWER)
    holds.lift()
    assert len(told) == changes


def test_what_fades_is_still_held_but_not_firmly(holds: Holds, clock: Clock) -> None:
    holds.take("model", "game", POWER)
    holds.release("model", "game", POWER, after_s=20)
    assert (holds.why("model"), holds.why_firmly("model")) == ("game", "")
    clock.move(19.9)
    assert holds.why("model") == "game"
    clock.move(0.1)
    assert holds.why("model") == ""


def test_what_begins_again_while_it_fades_is_held_firmly(holds: Holds, clock: Clock) -> None:
    holds.take("model", "game", POWER)
    holds.release("model", "game", POWER, after_s=20)
    clock.move(10)
    holds.take("model", "game", POWER)
    clock.move(60)
    assert holds.why_firmly("model") == "game"


def test_a_second_release_counts_from_then(holds: Holds, clock: Clock) -> None:
    holds.take("model", "game", POWER)
    holds.release("model", "game", POWER, after_s=20)
    clock.move(15)
    holds.release("model", "game", POWER, after_s=20)
    clock.move(15)
    assert holds.why("model") == "game"
    clock.move(5)
    assert holds.why("model") == ""


def test_what_is_needed_does_not_fade_any_longer(holds: Holds, clock: Clock) -> None:
    holds.take("model", "game", POWER)
    holds.take("background", "on battery", POWER)
    holds.release("model", "game", POWER, after_s=20)
    holds.end_fading("model")
    assert (holds.why("model"), holds.why("background")) == ("", "on battery")
    assert clock.due == {}


def test_a_holder_that_is_gone_holds_nothing(holds: Holds, clock: Clock) -> None:
    holds.take("model", "game", POWER)
    holds.take("background", "on battery", POWER)
    holds.take("background", "a long build", OTHER)
    holds.release("model", "game", POWER, after_s=20)
    holds.drop(POWER)
    assert [hold.reason for hold in holds.list()] == ["a long build"]
    assert clock.due == {}


def test_the_same_reason_of_two_is_said_once(holds: Holds) -> None:
    holds.take("model", "game", POWER)
    holds.take("model", "game", OTHER)
    assert holds.why("model") == "game"
    assert len(holds.list()) == 2


def test_nobody_fills_the_memory_with_reasons(holds: Holds) -> None:
    for number in range(MOST):
        holds.take("model", f"reason {number}", OTHER)
    holds.take("model", "reason 1", OTHER)
    with pytest.raises(Busy):
        holds.take("model", "one more", OTHER)


WHAT: list[Holdable] = ["model", "background", "watching"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["take", "release", "fade", "drop", "lift", "move"]),
            st.sampled_from(WHAT),
            st.sampled_from(["game", "suspend"]),
            st.sampled_from([PERSON, POWER, OTHER]),
        ),
        max_size=40,
    )
)
def test_in_whatever_order_nothing_is_left_when_all_have_let_go(
    steps: list[tuple[str, Holdable, str, Holder]],
) -> None:
    clock = Clock()
    holds = Holds(lambda: None, clock.later)
    for act, what, reason, holder in steps:
        match act:
            case "take":
                holds.take(what, reason, holder)
                assert holds.is_held_by(holder, what)
            case "release" | "fade":
                holds.release(what, reason, holder, after_s=5.0 * (act == "fade"))
            case "drop":
                holds.drop(holder)
                assert not holds.is_held_by(holder, what)
            case "lift":
                holds.lift()
            case _:
                clock.move(5)
                assert clock.due == {}
        assert bool(holds.why(*WHAT)) == bool(holds.list())
        assert len(clock.due) <= len(holds.list())
    for holder in (PERSON, POWER, OTHER):
        holds.drop(holder)
    assert (holds.list(), clock.due) == ([], {})
