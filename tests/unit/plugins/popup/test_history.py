"""Up and Down: back through what was typed, and home to what was being typed."""

from hypothesis import given
from hypothesis import strategies as st

from fakes.popup_plugin import module

History = module("history").History


def filled(*texts: str, most: int = 100) -> object:
    history = History(most)
    for text in texts:
        history.add(text)
    return history


def test_up_goes_back_and_down_comes_home_to_the_draft() -> None:
    history = filled("first", "second")
    assert history.older("a draft") == "second"
    assert history.older("second") == "first"
    assert history.older("first") is None
    assert history.newer() == "second"
    assert history.newer() == "a draft"
    assert history.newer() is None


def test_what_is_typed_again_is_the_newest_and_stands_there_once() -> None:
    history = filled("one", "two", "one", "  ", "one ")
    assert [history.older(""), history.older(""), history.older("")] == ["one", "two", None]


def test_typing_begins_at_the_newest_again() -> None:
    history = filled("one", "two")
    history.older("")
    history.older("")
    history.rest()
    assert not history.is_browsing
    assert history.older("new") == "two"


def test_a_history_of_none_keeps_nothing() -> None:
    assert filled("one", most=0).older("") is None


@given(st.lists(st.text(min_size=1, max_size=3)), st.integers(1, 5), st.text(max_size=3))
def test_never_more_than_its_size_and_the_draft_is_never_lost(
    texts: list[str], most: int, draft: str
) -> None:
    history = filled(*texts, most=most)
    steps = 0
    while history.older(draft) is not None:
        steps += 1
    assert steps <= most
    back = draft
    while (found := history.newer()) is not None:
        back = found
    assert back == draft
