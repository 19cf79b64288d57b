"""The pure parts: which keys for which program, what is inserted, memory."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.sdk import marks
from ingle.sdk.testing import load

load(Path(__file__).resolve().parents[4] / "plugins" / "selection")
programs, fitting, offers, memory, pty, compositor, serving = (
    sys.modules[f"ingle_plugin_selection.{name}"]
    for name in ("programs", "fitting", "offers", "memory", "pty", "compositor", "serving")
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("wm_class", "chord"),
    [
        (("mousepad", "Mousepad"), programs.PASTE),
        (("xterm", "XTerm"), programs.XTERM_PASTE),
        (("gnome-terminal-server", "Gnome-terminal"), programs.TERMINAL_PASTE),
        (("kitty", "kitty"), programs.TERMINAL_PASTE),
        (("emacs", "Emacs"), programs.INSERT),
        (("gvim", "Gvim"), None),
        ((), programs.PASTE),
    ],
)
def test_each_program_is_pasted_into_its_own_way(wm_class, chord):
    assert programs.paste_chord(wm_class) == chord


def test_an_unknown_program_that_holds_a_terminal_is_one():
    assert programs.is_terminal(("newterm",), holds_a_terminal=True)
    assert not programs.is_terminal(("newterm",))
    assert not programs.is_terminal(("jetbrains-idea",), holds_a_terminal=True)


@pytest.mark.parametrize("wm_class", [("xterm", "XTerm"), ("konsole",), ("emacs",), ("Xephyr",), ()])
def test_ctrl_c_is_never_pressed_where_it_may_do_something_else(wm_class):
    assert not programs.copies_with_a_key(wm_class, has_a_terminal=False)


def test_ctrl_c_is_pressed_in_an_editor_but_not_in_one_with_a_terminal():
    assert programs.copies_with_a_key(("mousepad",), has_a_terminal=False)
    assert not programs.copies_with_a_key(("code", "Code"), has_a_terminal=True)


@given(TEXTS, TEXTS)
def test_the_white_space_around_the_selection_stays(text, original):
    found = fitting.fitted(text, original)
    core = original.strip()
    if core:
        start = original.index(core)
        assert found.startswith(original[:start])
        assert found.endswith(original[start + len(core) :])
    assert not {*found} & {"\x1b", "\r", "\0"} - {*original}


def test_nothing_that_acts_is_inserted():
    assert fitting.fitted("a\x1b[201~b\r\nc\x9bd\t", "x") == "a[201~b\ncd"


@given(TEXTS)
def test_a_terminal_never_gets_a_line_feed(text):
    line = fitting.for_terminal(text)
    assert line is None or "\n" not in line


@given(TEXTS.filter(lambda text: "\0" not in text and "\r\n" not in text))
def test_a_text_is_offered_in_forms_that_all_say_the_same(text):
    for target, value in offers.of_text(text).values.items():
        assert offers.decode(value, target) == text


@pytest.mark.parametrize("name", ["x-kde-passwordManagerHint", "CLIPBOARD_STATE", "new-Concealed-type"])
def test_marks_of_secrets_are_known_by_name(name):
    assert marks.is_secret(["UTF8_STRING", name])
    assert not marks.is_secret(["UTF8_STRING", marks.OWN])
    assert marks.is_own([marks.OWN])


def test_the_last_few_are_remembered():
    last = memory.Last(2)
    for name in "abc":
        last.put(name, name.upper())
    assert (last.get("a"), last.get("b"), last.newest()) == (None, "B", "c")
    last.drop("c")
    assert last.newest() == "b"


def test_the_server_clock_begins_again():
    assert serving._is_after(5, 0xFFFFFFF0)
    assert not serving._is_after(0xFFFFFFF0, 5)


SWAY = {
    "id": 1,
    "nodes": [
        {"id": 2, "nodes": [{"id": 4, "pid": 77, "focused": True, "app_id": "org.gnome.TextEditor"}]},
        {"id": 3, "floating_nodes": [{"id": 5, "pid": 78, "focused": False, "app_id": "foot"}]},
    ],
}
HYPRLAND = {"address": "0x55", "class": "kitty", "pid": 9}


def test_the_focused_window_is_found_in_what_compositors_tell():
    assert compositor.spot_of(SWAY) == compositor.Spot("4", "org.gnome.TextEditor", 77)
    assert compositor.spot_of(HYPRLAND) == compositor.Spot("0x55", "kitty", 9)
    assert compositor.spot_of(json.loads('{"id": 1, "nodes": []}')) is None


def process(proc: Path, pid: int, parent: int, *, has_pty: bool = False) -> None:
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    (folder / "stat").write_text(f"{pid} (a (b) c) S {parent} 1 1 0")
    (folder / "fd" / "3").symlink_to("/dev/ptmx" if has_pty else "/dev/null")


def test_a_terminal_below_a_program_is_found(tmp_path):
    process(tmp_path, 10, 1)
    process(tmp_path, 11, 10)
    process(tmp_path, 12, 11, has_pty=True)
    process(tmp_path, 20, 1)
    assert pty.has_one(10, tmp_path)
    assert not pty.holds_one(10, tmp_path)
    assert pty.holds_one(12, tmp_path)
    assert not pty.has_one(20, tmp_path)


def test_a_program_that_cannot_be_seen_may_have_a_terminal(tmp_path):
    assert pty.has_one(0, tmp_path)
    assert pty.has_one(99, tmp_path)
