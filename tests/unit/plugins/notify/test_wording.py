"""Which events are told, how urgently, and that no text can fake a layout."""

import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.sdk import Event
from ingle.sdk.testing import load

FOLDER = Path(__file__).resolve().parents[4] / "plugins" / "notify"
load(FOLDER)
wording = sys.modules["ingle_plugin_notify.wording"]
Bubble = sys.modules["ingle_plugin_notify.bubbles"].Bubble


@pytest.mark.parametrize(
    ("topic", "name", "data", "key", "urgency"),
    [
        ("skill", "summary.ready", {"title": "t", "text": "x", "result": "r"}, "summary", "normal"),
        ("skill", "summary.failed", {"title": "t", "reason": "x"}, "not-summarised", "low"),
        ("skill", "summary.failed", {"reason": "x", "asked": True}, "not-summarised", "normal"),
        ("engine", "state", {"state": "failed", "reason": "x"}, "engine", "normal"),
        ("plugin", "state", {"name": "files", "state": "failed"}, "plugin files", "normal"),
    ],
)
def test_what_is_told_and_how_urgently(
    topic: str, name: str, data: dict[str, Any], key: str, urgency: str
) -> None:
    bubble = wording.bubble_of(Event(topic, name, data), {"failures": True})
    assert (bubble.key, bubble.urgency) == (key, urgency)
    quieter = wording.bubble_of(Event(topic, name, data), {"failures": False})
    assert (quieter is not None) == (name == "summary.ready")


@pytest.mark.parametrize(
    ("topic", "name", "state"),
    [("skill", "summary.delta", ""), ("skill", "result.ready", ""), ("engine", "state", "loading"),
     ("engine", "loading", ""), ("plugin", "state", "waiting"), ("context", "item.added", "")],
)  # fmt: skip
def test_most_events_are_not_told(topic: str, name: str, state: str) -> None:
    event = Event(topic, name, {"state": state, "name": "files"})
    assert wording.bubble_of(event, {"failures": True}) is None
    assert wording.taken_back_by(event) == ""


def test_a_failure_is_taken_back_when_it_is_over() -> None:
    assert wording.taken_back_by(Event("engine", "state", {"state": "ready"})) == "engine"
    running = Event("plugin", "state", {"name": "files", "state": "running"})
    assert wording.taken_back_by(running) == "plugin files"


@given(st.text(), st.booleans())
def test_nothing_in_a_text_can_fake_a_layout(text: str, has_markup: bool) -> None:
    shown = wording.body_of(Bubble("t", text), 50, has_markup) + wording.title_of(text)
    assert not [char for char in shown if unicodedata.category(char)[0] == "C" and char != "\n"]
    assert not has_markup or "<" not in wording.body_of(Bubble("t", text), 50, True)


@given(st.text(), st.integers(50, 500))
def test_a_body_is_as_long_as_it_may_be(text: str, most: int) -> None:
    assert len(wording.body_of(Bubble("t", text), most, False)) <= most + 1


def test_what_was_not_read_is_said_behind_any_text() -> None:
    data = {"title": "t", "text": "word " * 500, "coverage": {"read": 1, "total": 4, "parts": 1}}
    bubble = wording.bubble_of(Event("skill", "summary.ready", data), {"failures": True})
    assert wording.body_of(bubble, 60, True).endswith("…\n(25 % of the text was read)")


@pytest.mark.parametrize("title", ["", "\u202e\x00"])
def test_a_title_is_never_empty(title: str) -> None:
    assert wording.title_of(title) == "Ingle"
