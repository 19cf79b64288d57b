"""Counting requests: the limit, the places kept for a person, the pause."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from ingle.engine.admission import RESERVED, Admission
from ingle.errors import Busy, Paused
from ingle.vocabulary import Priority


def nothing() -> None:
    """Nobody has to be told."""


def fill(
    stack: ExitStack, admission: Admission, priority: Priority, on_pause: Callable[[], None] = nothing
) -> int:
    count = 0
    try:
        while count < 1000:
            stack.enter_context(admission.enter(priority, on_pause))
            count += 1
    except Busy:
        return count
    raise AssertionError("nobody was refused")


def test_a_person_is_let_in_when_others_are_already_refused():
    admission = Admission(20)
    with ExitStack() as stack:
        assert fill(stack, admission, "background") == 20 - RESERVED
        assert fill(stack, admission, "interactive") == RESERVED
        with pytest.raises(Busy, match="20"):
            stack.enter_context(admission.enter("interactive", nothing))


def test_a_tiny_queue_still_has_room_for_everyone():
    with ExitStack() as stack:
        assert fill(stack, Admission(1), "normal") == 1


def test_whoever_leaves_makes_room_and_is_no_longer_counted():
    admission = Admission(1)
    with admission.enter("normal", nothing):
        assert admission.queue().normal == 1
    assert admission.queue().normal == 0
    with admission.enter("normal", nothing):
        pass


def test_a_pause_ends_background_requests_and_refuses_new_ones():
    admission, told = Admission(10), []
    with (
        admission.enter("background", lambda: told.append("background")),
        admission.enter("interactive", lambda: told.append("interactive")),
    ):
        admission.pause()
    assert told == ["background"]
    with pytest.raises(Paused):
        admission.enter("background", nothing).__enter__()
    admission.resume()
    with admission.enter("background", nothing):
        pass


def test_that_there_is_work_is_told_once_and_that_there_is_none_too():
    told: list[bool] = []
    admission = Admission(10, told.append)
    with admission.enter("normal", nothing), admission.enter("interactive", nothing):
        assert told == [True]
    assert told == [True, False]
    with pytest.raises(ValueError, match="broke"), admission.enter("background", nothing):
        raise ValueError("broke")
    assert told == [True, False, True, False]
