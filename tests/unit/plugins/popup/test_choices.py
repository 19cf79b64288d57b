"""Rows by what is typed: a skill's name, a question, an instruction, a command."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fakes.popup_plugin import module

choices = module("choices")
Choice = choices.Choice

SKILLS = [
    Choice("skill", "rewrite", "Rewrite", "The same text in another tone", takes=("tone",)),
    Choice("skill", "fix", "Fix", "The same text with its spelling and grammar corrected"),
    Choice("skill", "summarize", "Summarize", "The gist of a text"),
    Choice("skill", "translate", "Translate", "In another language", takes=("to",), missing=("to",)),
    Choice("skill", "ask", "Ask", "An answer", takes=("question",), missing=("question",)),
    Choice("skill", "edit", "Edit", "Changed", takes=("instruction",), missing=("instruction",)),
]
COMMANDS = [
    Choice("command", "pause", "Pause", "Plugins stop watching"),
    Choice("command", "seen", "What it saw", "The texts that are remembered"),
    Choice("command", "quit", "Quit", "End the daemon and everything else", is_found_by_summary=False),
]


def names(typed: str, *, has_text: bool = True) -> list[str]:
    return [one.name for one in choices.matching(SKILLS, COMMANDS, typed, has_text=has_text)]


def test_with_nothing_typed_the_skills_come_first_and_then_the_commands() -> None:
    assert names("") == ["rewrite", "fix", "summarize", "translate", "pause", "seen", "quit"]
    assert names("", has_text=False) == ["pause", "seen", "quit"]


def test_the_beginning_of_a_name_narrows_them_down() -> None:
    assert names("tr")[0] == "translate"
    assert names("pau")[0] == "pause"
    assert names("spelling")[0] == "fix"


def test_words_behind_a_name_are_its_argument() -> None:
    row = choices.matching(SKILLS, COMMANDS, "translate to German", has_text=True)[0]
    assert (row.name, dict(row.given), row.missing) == ("translate", {"to": "German"}, ())
    assert row.title == "Translate · German"
    row = choices.matching(SKILLS, COMMANDS, "rew more formal", has_text=True)[0]
    assert dict(row.given) == {"tone": "formal"}


def test_a_question_is_asked_and_an_instruction_changes_the_text() -> None:
    assert names("who wrote this?")[:2] == ["ask", "edit"]
    assert names("make it a list")[:2] == ["edit", "ask"]
    row = choices.matching(SKILLS, COMMANDS, "make it a list", has_text=True)[0]
    assert (dict(row.given), row.said) == ({"instruction": "make it a list"}, "make it a list")


def test_a_change_that_wants_a_larger_model_is_marked_like_any_skill() -> None:
    weak = [*SKILLS[:-1], replace(SKILLS[-1], badge="needs a larger model")]
    rows = choices.matching(weak, COMMANDS, "make it a list", has_text=True)
    assert [(one.name, one.badge) for one in rows[:2]] == [("edit", "needs a larger model"), ("ask", "")]


def test_without_a_text_everything_else_is_a_question() -> None:
    assert names("make it a list", has_text=False) == ["ask"]
    assert names("rewrite", has_text=False) == ["ask"]


def test_a_word_of_a_question_never_finds_a_command_that_ends_something() -> None:
    assert names("everything?") == ["ask", "edit"]
    assert names("everything") == ["edit", "ask"]
    assert names("qui")[0] == "quit"


def test_what_works_now_comes_before_what_wants_a_larger_model() -> None:
    weak = [Choice("skill", "rewrite", "Rewrite", badge="needs a larger model"), SKILLS[2], SKILLS[1]]
    assert [one.name for one in choices.in_order(weak)] == ["fix", "summarize", "rewrite"]


def test_a_screen_reader_hears_the_whole_row() -> None:
    row = Choice("skill", "fix", "Fix", "Spelling corrected", badge="needs a larger model")
    assert row.spoken == "Fix. Spelling corrected. needs a larger model"


@given(st.text(max_size=30), st.booleans())
def test_anything_typed_can_at_least_be_asked_and_no_row_comes_twice(typed: str, has: bool) -> None:
    found = choices.matching(SKILLS, COMMANDS, typed, has_text=has)
    assert len({(one.kind, one.name) for one in found}) == len(found)
    if typed.split():
        assert any(one.kind == "ask" for one in found)
