"""The states of the popup, and what each shows."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fakes.popup_plugin import module

model, screens, choices = module("model"), module("screen"), module("choices")
Model, Phase, Escape, Action = model.Model, model.Phase, model.Escape, model.Action
Source, Task, Outcome, Trouble = model.Source, model.Task, model.Outcome, model.Trouble
diff = module("diff")

LETTER = Source("7", "primary", "I has a cat.", "Mousepad", can_replace=True)
FIX = Task("skill", "Fix", "fix")
ASK = Task("ask", "Ask", asked="whose cat?")


def at_work(task: object = FIX, source: object = LETTER) -> object:
    it = Model()
    it.took(source)
    it.starts(task)
    return it


def finished(text: str = "I have a cat.", **more: object) -> object:
    it = at_work(**more)
    it.finishes(Outcome(text, "20 tok/s"), diff.diff("I has a cat.", text))
    return it


def test_a_rewrite_can_replace_what_was_selected() -> None:
    screen = screens.screen_of(finished())
    assert screen.buttons == (
        Action.REPLACE, Action.COPY, Action.FOLLOW, Action.AGAIN, Action.CHANGES,
    )  # fmt: skip
    assert screen.default is Action.REPLACE
    assert "1 change" in screen.status
    assert "20 tok/s" in screen.status


@pytest.mark.parametrize(
    ("task", "source"),
    [
        (FIX, Source("7", "clipboard", "x y")),
        (FIX, Source("7", "primary", "x y", "xterm", can_replace=False, why_not="a terminal")),
        (ASK, LETTER),
    ],
)
def test_nothing_is_replaced_that_cannot_be_or_that_is_an_answer(task: object, source: object) -> None:
    screen = screens.screen_of(finished(task=task, source=source))
    assert Action.REPLACE not in screen.buttons
    assert screen.default is Action.COPY


def heard(it: object) -> object:
    """Of an answer that comes at forty tokens a second."""
    for number in range(5):
        it.heard("a" * 16, 10.0 + number / 10)
    return it


def test_before_the_first_word_it_says_what_is_being_read() -> None:
    it = at_work(source=Source("7", "primary", "word " * 614))
    assert screens.screen_of(it).status == "Reading 614 words …"
    it.covers(3070, 3070)
    assert screens.screen_of(it).status == "Reading 614 words …"
    it.covers(14_640, 24_000)
    assert screens.screen_of(it).status == "Reading 61 % of 24,000 characters …"


def test_while_it_is_written_the_pace_and_what_is_read_are_said() -> None:
    it = heard(at_work())
    assert screens.screen_of(it).status == "about 40 tok/s"
    it.covers(14_640, 24_000)
    assert screens.screen_of(it).status == ("about 40 tok/s  ·  only 61 % of 24,000 characters read")
    it.covers(3000, 3000)
    assert screens.screen_of(it).status == "about 40 tok/s  ·  all 3,000 characters read"


def test_what_was_read_for_one_answer_is_not_said_of_the_next() -> None:
    it = at_work()
    it.covers(14_640, 24_000)
    it.finishes(Outcome("I have a cat."))
    it.starts(Task("follow", "Follow up", asked="shorter"))
    assert screens.screen_of(it).status == "Reading 4 words …"
    assert "read" not in screens.screen_of(heard(it)).status


def test_without_a_text_it_thinks() -> None:
    assert screens.screen_of(at_work(task=ASK, source=None)).status == "Thinking …"


def test_why_it_cannot_be_replaced_is_said() -> None:
    source = Source("7", "primary", "x y", "xterm", why_not="it is a terminal")
    assert "cannot be replaced: it is a terminal" in screens.screen_of(finished(source=source)).status


def test_escape_stops_then_closes_and_the_partial_answer_stays() -> None:
    it = at_work()
    it.heard("I have", 1.0)
    assert it.escape() is Escape.STOP
    it.stops()
    assert it.escape() is Escape.CLOSE
    screen = screens.screen_of(it)
    assert (screen.text, screen.phase) == ("I have", Phase.DONE)
    assert Action.REPLACE not in screen.buttons


def test_what_follows_up_a_rewrite_can_replace_the_text_and_what_follows_up_a_question_cannot() -> None:
    for task, can in ((FIX, True), (ASK, False)):
        it = finished(task=task)
        for asked in ("shorter", "and politer"):
            it.starts(Task("follow", "Follow up", asked=asked))
            assert (model.ONLY_TEXT in it.messages()[0]["content"]) is can
            it.finishes(Outcome("A cat."))
        assert (Action.REPLACE in screens.screen_of(it).buttons) is can
        it.starts(ASK)
        it.finishes(Outcome("Yours."))
        assert Action.REPLACE not in screens.screen_of(it).buttons


def test_escape_leads_from_an_answer_back_to_the_choices_and_closes_then() -> None:
    for it in (finished(), failed := at_work()):
        if it is failed:
            it.heard("I have", 1.0)
            it.fails(Trouble("The engine ended"))
        assert screens.screen_of(it).escape is Escape.BACK
        it.goes_back()
        screen = screens.screen_of(it)
        assert (screen.has_choices, screen.heading, screen.text, it.source) == (True, "", "", LETTER)
        assert screen.escape is Escape.CLOSE


def test_without_a_text_escape_closes_an_answer() -> None:
    assert finished(task=ASK, source=None).escape() is Escape.CLOSE
    it = Model()
    it.shows_result("A letter", "Ada writes.", "r9")
    assert it.escape() is Escape.CLOSE


def test_enter_takes_the_first_way_out_of_trouble() -> None:
    it = at_work()
    it.fails(Trouble("No", offers=(model.Offer("again", "_Try again"),)))
    assert screens.screen_of(it).enter == "try again"
    assert screens.screen_of(finished()).enter == "replace"


def test_stopping_before_the_first_word_leads_back_to_the_choices() -> None:
    it = at_work()
    it.stops()
    assert it.phase is Phase.CHOOSING
    assert it.source is LETTER


def test_a_skill_that_needs_an_argument_asks_for_it_and_escape_goes_back() -> None:
    it = Model()
    it.took(LETTER)
    it.wants(
        choices.Choice(
            "skill", "translate", "Translate", takes=("to",), missing=("to",),
            helps=(("to", "the language to translate into"),),
        )
    )  # fmt: skip
    screen = screens.screen_of(it)
    assert (screen.tag, screen.placeholder, screen.has_choices) == (
        "Translate",
        "The language to translate into",
        False,
    )
    assert it.told("German").given == (("to", "German"),)
    assert it.escape() is Escape.BACK
    it.goes_back()
    assert it.phase is Phase.CHOOSING


def test_a_follow_up_is_asked_in_the_conversation() -> None:
    it = finished()
    it.starts(Task("follow", "Follow up", asked="shorter"))
    roles = [one["role"] for one in it.messages()]
    assert roles == ["system", "user", "assistant", "user"]
    assert "I has a cat." in it.messages()[1]["content"]
    assert it.messages()[2:] == [
        {"role": "assistant", "content": "I have a cat."},
        {"role": "user", "content": "shorter"},
    ]
    it.finishes(Outcome("A cat."))
    again = it.starts_again()
    assert again.asked == "shorter"
    assert len(it.messages()) == 4


def test_a_stopped_follow_up_leaves_the_answer_before_it() -> None:
    it = finished()
    it.starts(Task("follow", "Follow up", asked="shorter"))
    it.stops()
    assert screens.screen_of(it).text == "I have a cat."


def test_dropping_the_text_takes_the_chip_away() -> None:
    it = Model()
    it.took(LETTER)
    assert screens.screen_of(it).chip.title == "Selected in Mousepad"
    it.drop()
    assert screens.screen_of(it).chip is None
    assert screens.screen_of(it).placeholder == screens.ASK


def test_an_empty_selection_is_none() -> None:
    it = Model()
    it.took(Source("7", "primary", " \n"), "nothing is selected")
    assert it.source is None
    assert screens.screen_of(it).status == "nothing is selected"


def test_trouble_keeps_what_was_written() -> None:
    it = at_work()
    it.heard("I have", 1.0)
    it.fails(Trouble("The engine ended"))
    screen = screens.screen_of(it)
    assert (screen.trouble.title, screen.text) == ("The engine ended", "I have")


def test_the_pace_is_about_what_was_heard() -> None:
    it = at_work()
    for at in range(11):
        it.heard("word word ", 1.0 + at / 10)
    assert it.pace == "about 25 tok/s"


class Popup(RuleBasedStateMachine):
    """Whatever is pressed in whatever order, it makes sense."""

    def __init__(self) -> None:
        super().__init__()
        self.it = Model()

    @rule(text=st.sampled_from(["", "a b c"]), can=st.booleans())
    def take(self, text: str, can: bool) -> None:
        self.it.opened()
        self.it.takes()
        self.it.took(Source("1", "primary", text, can_replace=can))

    @rule()
    def drop(self) -> None:
        self.it.drop()

    @rule(task=st.sampled_from([FIX, ASK, Task("follow", "Follow up", asked="more")]))
    def start(self, task: object) -> None:
        self.it.starts(task)

    @rule(text=st.text(max_size=3))
    def hear(self, text: str) -> None:
        if self.it.phase is Phase.RUNNING:
            self.it.heard(text, 1.0)

    @precondition(lambda self: self.it.phase is Phase.RUNNING)
    @rule(good=st.booleans())
    def end(self, good: bool) -> None:
        self.it.finishes(Outcome("done")) if good else self.it.fails(Trouble("no"))

    @rule()
    def escape(self) -> None:
        match self.it.escape():
            case Escape.STOP:
                self.it.stops()
            case Escape.BACK:
                self.it.goes_back()
            case Escape.CLOSE:
                self.it.opened()

    @rule()
    def again(self) -> None:
        if self.it.task and self.it.phase in (Phase.DONE, Phase.FAILED):
            self.it.starts_again()

    @invariant()
    def it_can_be_seen_and_two_escapes_close_it(self) -> None:
        screen = screens.screen_of(self.it)
        assert (Action.STOP in screen.buttons) == (self.it.phase is Phase.RUNNING)
        assert (screen.trouble is not None) == (self.it.phase is Phase.FAILED)
        assert screen.default in (None, *screen.buttons)
        if screen.escape is Escape.BACK:
            assert self.it.source is not None or self.it.phase is Phase.ARGUMENT
        if self.it.can_replace:
            assert self.it.source is not None
            assert self.it.outcome is not None


TestPopup = Popup.TestCase
