"""Which notification is which, and what is told of those that could not be shown."""

import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ingle.sdk.testing import load

FOLDER = Path(__file__).resolve().parents[4] / "plugins" / "notify"
load(FOLDER)
bubbles = sys.modules["ingle_plugin_notify.bubbles"]
waiting_room = sys.modules["ingle_plugin_notify.waiting_room"]
Bubble, Screen = bubbles.Bubble, bubbles.Screen


def test_one_with_the_same_key_is_replaced_until_it_is_closed() -> None:
    screen = Screen()
    screen.put(4, Bubble("a", "text", "key"))
    screen.put(5, Bubble("b", "text"))
    assert (screen.replaced_by("key"), screen.replaced_by("other"), screen.replaced_by("")) == (4, 0, 0)
    screen.put(4, Bubble("c", "text", "key"))
    assert screen.get(4).title == "c"
    screen.drop(4)
    assert (screen.replaced_by("key"), screen.get(4)) == (0, None)


def test_what_was_shown_is_not_kept() -> None:
    screen = Screen()
    screen.put(4, Bubble("a", "a private text", result="r1"))
    assert screen.get(4) == Bubble("a", "", result="r1")


@given(st.lists(st.tuples(st.integers(1, 200), st.sampled_from(["", "a", "b"]))))
def test_the_screen_is_bounded_and_keeps_the_newest(rows: list[tuple[int, str]]) -> None:
    screen = Screen()
    for id_, key in rows:
        screen.put(id_, Bubble("t", "x", key))
    newest = list(dict.fromkeys(id_ for id_, _ in reversed(rows)))[: bubbles.MOST]
    assert all(screen.get(id_) for id_ in newest)
    assert len(screen._shown) == len(newest)


def test_one_that_waited_is_shown_as_it_is() -> None:
    one = Bubble("a", "text", "key", "low", "r1")
    assert waiting_room.together([one]) == one
    assert waiting_room.together([]) is None


def test_many_that_waited_are_named_the_newest_first() -> None:
    room = waiting_room.WaitingRoom()
    for number in range(7):
        room.add(Bubble(f"title {number}", "text", result=f"r{number}" if number < 6 else ""))
    told = waiting_room.together(room.leave())
    assert told.title == "7 messages came meanwhile"
    assert told.text.splitlines() == [*(f"· title {n}" for n in (6, 5, 4, 3, 2)), "and 2 more"]
    assert told.result == "r5"
    assert room.leave() == []


def test_what_is_no_longer_so_does_not_wait() -> None:
    room = waiting_room.WaitingRoom()
    room.add(Bubble("a", "x", "engine"))
    room.add(Bubble("b", "x", "summary"))
    room.drop("engine")
    assert [bubble.title for bubble in room.leave()] == ["b"]
