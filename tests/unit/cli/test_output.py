"""Nothing that a model says reaches a terminal as anything but text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.terminal import output
from ingle.cli.output import BOLD, clean, encoded, one_line
from ingle.errors import NotFound

CORPUS = {
    "\x1b[31mred\x1b[0m": "red",
    "\x1b]0;owned\x07title": "title",
    "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\": "link",
    "\x1b]52;c;cm0gLXJm\x07clipboard": "clipboard",
    "\x1bP1$r0m\x1b\\dcs": "dcs",
    "\x9b2Jc1": "c1",
    "\x1b[2J\x1b[H\x1b[?1049hcleared": "cleared",
    "\x1bcreset": "reset",
    "\x1b7saved\x1b8": "saved",
    "over\rwritten": "overwritten",
    "back\x08\x08space": "backspace",
    "bell\x07": "bell",
    "windows\r\nline": "windows\nline",
    "\u202eevil\u202c": "evil",
    "\u2066isolate\u2069": "isolate",
    "zero\u200bwidth\ufeff": "zerowidth",
    "tag\U000e0041s": "tags",
    "line\u2028separator": "lineseparator",
    "tab\tand\nnewline": "tab\tand\nnewline",
    "שלום": "שלום",
    "می\u200cخواهم": "می\u200cخواهم",
    "👩\u200d🚒": "👩\u200d🚒",
}


@pytest.mark.parametrize(("text", "shown"), CORPUS.items())
def test_what_could_make_a_terminal_act_is_left_out(text, shown):
    assert clean(text) == shown


@given(st.text(alphabet=st.characters(), max_size=200))
def test_no_control_character_survives(text):
    left = clean(text)
    assert not any(ord(char) < 32 and char not in "\t\n" for char in left)
    assert not any(0x7F <= ord(char) < 0xA0 or 0x202A <= ord(char) <= 0x202E for char in left)


@given(st.lists(st.sampled_from([*CORPUS, "\x1b", "[31m", "]0;", "\x07", "plain"]), max_size=8))
def test_cutting_a_sequence_into_pieces_lets_no_escape_through(pieces):
    assert "\x1b" not in "".join(map(clean, pieces))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_json_loses_nothing_and_is_as_harmless(text):
    line = encoded({"text": text})
    assert json.loads(line) == {"text": text}
    assert clean(line) == line


def test_one_line_is_flat_and_cut_with_an_ellipsis():
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("abcdef", 4) == "abc…"


def test_styles_only_on_a_terminal_that_wants_them():
    for options, styled in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        out, stdout, _ = output(**options)
        out.line("title", BOLD)
        assert ("\x1b[1m" in stdout.getvalue()) is styled
    out, stdout, _ = output(is_terminal=False)
    out.line("title", BOLD)
    assert stdout.getvalue() == "title\n"


def test_a_streamed_answer_ends_its_line():
    out, stdout, _ = output(is_terminal=False)
    out.text("half a ")
    out.text("line")
    out.end_text()
    out.end_text()
    assert stdout.getvalue() == "half a line\n"


def test_a_line_after_an_unfinished_answer_starts_anew():
    out, stdout, _ = output(is_terminal=False)
    out.text("answer")
    out.line("next")
    assert stdout.getvalue() == "answer\nnext\n"


def test_progress_is_replaced_by_what_comes_next():
    out, stdout, stderr = output()
    out.progress("⠋ thinking")
    out.text("answer")
    assert stderr.getvalue().endswith("\r\x1b[K")
    assert stdout.getvalue() == "answer"


@pytest.mark.parametrize("options", [{"is_terminal": False}, {"as_json": True}, {"is_quiet": True}])
def test_notes_and_progress_are_for_a_person_at_a_terminal(options):
    out, _, stderr = output(**options)
    out.note("by the way")
    out.progress("thinking")
    assert stderr.getvalue() == ""


def test_an_error_has_a_message_and_a_hint():
    out, stdout, stderr = output(is_terminal=False)
    out.error(NotFound("no \x1b[31msuch thing", "look elsewhere"))
    assert stderr.getvalue() == "ingle: no such thing\nhint: look elsewhere\n"
    assert stdout.getvalue() == ""


def test_an_error_as_json_stands_on_standard_output():
    out, stdout, stderr = output(as_json=True)
    out.error(NotFound("no such thing", "look"))
    error = json.loads(stdout.getvalue())["error"]
    assert error == {"code": -32008, "key": "not_found", "message": "no such thing", "hint": "look"}
    assert stderr.getvalue() == ""


def test_a_table_has_a_header_only_for_a_person():
    for is_terminal in (True, False):
        out, stdout, _ = output(is_terminal=is_terminal, NO_COLOR="1")
        out.table([("a", "long\ncell"), ("bb", "")], ("name", "what"))
        rows = stdout.getvalue().splitlines()
        assert ("name  what" in rows) is is_terminal
        assert rows[-1] == "bb"
        assert any(row.endswith("long cell") for row in rows)


def test_an_empty_table_is_nothing():
    out, stdout, _ = output(is_terminal=False)
    out.table([], ("a", "b"))
    assert stdout.getvalue() == ""
