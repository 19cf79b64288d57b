"""The order of things, on a fake desk that can fail at every step."""

import sys
from pathlib import Path
from typing import Any

import pytest

from ingle.sdk.testing import load

load(Path(__file__).resolve().parents[4] / "plugins" / "selection")
transaction = sys.modules["ingle_plugin_selection.transaction"]
offers = sys.modules["ingle_plugin_selection.offers"]
programs = sys.modules["ingle_plugin_selection.programs"]

BEFORE = offers.of_text("what I copied")
STEPS = ["until_focused", "moment", "has_selected", "keep", "paste", "until_served", "put_back"]


class FakeDesk:
    """A clipboard, one window with a text; `fails` names the step that raises or says no."""

    def __init__(self, fails: str = "") -> None:
        self.fails, self.steps = fails, list[str]()
        self.clipboard, self.text = BEFORE, "one two three"

    def step(self, name: str) -> bool:
        self.steps.append(name)
        return self.fails != name

    def until_focused(self, place: Any) -> bool:
        return self.step("until_focused")

    def has_selected(self, place: Any, text: str) -> bool:
        return self.step("has_selected")

    def moment(self) -> int:
        self.step("moment")
        return 7

    def keep(self, selection: str) -> Any:
        if not self.step("keep"):
            raise transaction.NotDone("it holds a secret")
        return transaction.Kept(selection, self.clipboard)

    def paste(self, place: Any, chord: Any, text: str, kept: Any, moment: int) -> None:
        if not self.step("paste"):
            raise transaction.NotDone(transaction.MOVED)
        assert moment == 7
        self.clipboard = offers.of_text(text)

    def until_served(self) -> bool:
        if self.fails == "server":
            raise OSError("the X server has ended")
        if self.step("until_served"):
            self.text = "one ZWEI three"
        return self.fails != "until_served"

    def press(self, place: Any, chord: Any, moment: int) -> None:
        if not self.step("press"):
            raise transaction.NotDone(transaction.MOVED)

    def copied(self, place: Any, most: int) -> str | None:
        if not self.step("copied"):
            return None
        self.clipboard = offers.of_text("two")
        return "two"

    def put_back(self, kept: Any) -> None:
        self.step("put_back")
        self.clipboard = kept.offer


def replace(desk: FakeDesk, selected: str | None = "two") -> None:
    transaction.replace(desk, "here", "ZWEI", programs.PASTE, selected)


def test_all_of_it_in_this_order():
    desk = FakeDesk()
    replace(desk)
    assert desk.steps == STEPS
    assert (desk.text, desk.clipboard) == ("one ZWEI three", BEFORE)


@pytest.mark.parametrize("fails", ["until_focused", "has_selected", "keep", "paste", "until_served"])
def test_whatever_fails_the_clipboard_is_as_before_and_the_reason_is_said(fails):
    desk = FakeDesk(fails)
    with pytest.raises(transaction.NotDone) as refused:
        replace(desk)
    assert str(refused.value)
    assert (desk.text, desk.clipboard) == ("one two three", BEFORE)
    assert ("put_back" in desk.steps) == (fails == "until_served")


def test_the_clipboard_is_put_back_when_the_world_ends_in_the_middle():
    desk = FakeDesk("server")
    with pytest.raises(OSError, match="ended"):
        replace(desk)
    assert desk.steps[-1] == "put_back"


def test_without_a_selection_none_is_looked_for():
    desk = FakeDesk()
    replace(desk, None)
    assert "has_selected" not in desk.steps


@pytest.mark.parametrize(("fails", "text"), [("", "two"), ("copied", None)])
def test_copying_leaves_the_clipboard_as_it_was(fails, text):
    desk = FakeDesk(fails)
    assert transaction.copy(desk, "here", programs.COPY, 1000) == text
    assert desk.clipboard == BEFORE


def test_no_key_is_pressed_where_the_clipboard_could_not_be_put_back():
    desk = FakeDesk("keep")
    with pytest.raises(transaction.NotDone):
        transaction.copy(desk, "here", programs.COPY, 1000)
    assert "press" not in desk.steps
