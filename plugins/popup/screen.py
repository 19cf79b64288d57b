"""What is to be seen, from what is known: the window draws a `Screen` and decides nothing. Pure."""

import re
from dataclasses import dataclass

from . import wording
from .diff import Piece, changes_in
from .model import Action, Escape, Model, Offer, Phase, Source, Trouble

ASK = "Ask anything"
WORK = "What shall be done with it? Type a question or a change, or choose"
FOLLOW = "Follow up"
_MNEMONIC = re.compile("_(.)")
"""In a label: the key that presses the button; two are one underscore."""


@dataclass(frozen=True)
class Chip:
    """The text that is worked on."""

    title: str
    size: str
    preview: str

    @property
    def spoken(self) -> str:
        return f"Text to work on. {self.title}, {self.size}: {self.preview}"


@dataclass(frozen=True)
class Turn:
    """A question and, if there is one already, its answer."""

    asked: str
    answer: str = ""


@dataclass(frozen=True)
class Screen:
    """`run` changes with every new answer; `text` is the whole answer once it is there."""

    phase: Phase
    run: int
    chip: Chip | None
    is_taking: bool
    tag: str
    placeholder: str
    heading: str
    earlier: tuple[Turn, ...]
    text: str
    quotes: tuple[str, ...]
    changes: tuple[Piece, ...]
    status: str
    trouble: Trouble | None
    buttons: tuple[Action, ...]
    offers: tuple[Offer, ...]
    shows_changes: bool
    escape: Escape

    @property
    def has_choices(self) -> bool:
        return self.phase is Phase.CHOOSING

    @property
    def default(self) -> Action | None:
        """What Enter does when nothing is typed."""
        return next((one for one in (Action.REPLACE, Action.COPY) if one in self.buttons), None)

    @property
    def enter(self) -> str:
        """The same in a word, or the first way out of trouble."""
        if self.offers:
            words = _MNEMONIC.sub(r"\1", self.offers[0].label)
            return words[:1].lower() + words[1:]
        return str(self.default or "")


def screen_of(model: Model, engine: str = "") -> Screen:
    """`engine` is a line about the resident model, for when there is nothing else to say."""
    outcome = model.outcome
    shows = bool(model.changes) and model.shows_changes
    return Screen(
        phase=model.phase,
        run=model.run,
        chip=_chip(model.source),
        is_taking=model.is_taking,
        tag=_tag(model),
        placeholder=_placeholder(model),
        heading=_heading(model),
        earlier=tuple(Turn(_first_line(asked), answer) for asked, answer in model.turns),
        text=outcome.text if outcome else "",
        quotes=outcome.quotes if outcome else (),
        changes=tuple(model.changes) if shows else (),
        status=_status(model, engine),
        trouble=model.trouble if model.phase is Phase.FAILED else None,
        buttons=tuple(_buttons(model)),
        offers=model.trouble.offers if model.trouble and model.phase is Phase.FAILED else (),
        shows_changes=shows,
        escape=model.escape(),
    )


def _chip(source: Source | None) -> Chip | None:
    if source is None:
        return None
    title = wording.title_of_source(source.kind, source.program)
    return Chip(title, wording.size_of(source.text), wording.preview(source.text))


def _tag(model: Model) -> str:
    if model.phase is Phase.ARGUMENT and model.wanted:
        return model.wanted.title
    return ""


def _placeholder(model: Model) -> str:
    match model.phase:
        case Phase.ARGUMENT if model.wanted:
            return model.wanted.asks_for
        case Phase.RUNNING | Phase.DONE:
            return FOLLOW
        case Phase.FAILED:
            return ASK
    return WORK if model.source else ASK


def _heading(model: Model) -> str:
    if model.task is None or model.phase in (Phase.CHOOSING, Phase.ARGUMENT):
        return ""
    return model.task.asked if model.task.kind != "skill" else model.task.title


def _first_line(asked: str) -> str:
    return asked.partition("\n")[0]


def _status(model: Model, engine: str) -> str:
    if model.notice:
        return model.notice
    match model.phase:
        case Phase.RUNNING:
            return _progress(model)
        case Phase.DONE:
            changes = changes_in(model.changes) if model.changes else 0
            counted = f"{changes} change{'s' * (changes != 1)}" if changes else ""
            why_not = _why_not(model)
            return wording.joined(counted, model.outcome.figures if model.outcome else "", why_not)
    return model.note or engine


def _progress(model: Model) -> str:
    """While nothing can be said of the pace, what is being read."""
    covered = model.covered or (0, 0)
    if model.pace:
        return wording.joined(model.pace, wording.coverage(*covered))
    return wording.reading(model.source.text, *covered) if model.source else "Thinking …"


def _why_not(model: Model) -> str:
    if model.makes_text and model.source and not model.source.can_replace and model.source.why_not:
        return f"cannot be replaced: {model.source.why_not}"
    return ""


def _buttons(model: Model) -> list[Action]:
    if model.phase is Phase.RUNNING:
        return [Action.STOP]
    if model.phase is not Phase.DONE:
        return []
    first = [Action.REPLACE] if model.can_replace else []
    changes = [Action.CHANGES] if model.changes else []
    again = [Action.AGAIN] if model.can_try_again else []
    return [*first, Action.COPY, Action.FOLLOW, *again, *changes]
