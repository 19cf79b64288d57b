"""A conversation in the form that a family of models was trained on; `formats` has the forms.

It becomes spans. The template's own text is special, so its control tokens are parsed; what a
system prompt, a person or a document says is data and stays text even if it looks like a control
token. A file's own Jinja template is never executed.
"""

from collections.abc import Sequence
from typing import Literal

from ingle.models.formats import TEMPLATES, Template
from ingle.vocabulary import Span

Turn = tuple[str, str]
"""(role, content); a role is "system", "user" or "assistant"."""


def template_of(family: str) -> Template:
    return TEMPLATES.get(family, TEMPLATES["plain"])


def render(family: str, turns: Sequence[Turn]) -> list[Span]:
    """Write down a conversation, up to the opening of the assistant's answer.

    A trailing assistant turn is left open, so that the model continues it. An unknown family is
    "plain". Empty system texts are left out.
    """
    template = template_of(family)
    system, rest = _trimmed(template, turns)
    pieces = [_own(template.first)]
    if system and template.system is not None:
        pieces += _around(template.system, system)
    elif system:
        rest = _joined(system, rest, template.system_joins)
    for index, (role, text) in enumerate(rest):
        if role == "user":
            pieces.append(_own(template.between if index else ""))
            pieces += _around(template.user, text)
        elif index == len(rest) - 1:
            return _merged([*pieces, _own(template.opens + template.lead), Span(text)])
        else:
            pieces += _around(template.assistant, text)
    return _merged([*pieces, _own(template.opens)])


def _trimmed(template: Template, turns: Sequence[Turn]) -> tuple[str, list[Turn]]:
    """The system text, one for the whole conversation, and the other turns."""
    texts = [content for role, content in turns if role == "system" and content]
    system = "\n\n".join(texts) or template.default_system
    rest: list[Turn] = []
    for role, content in turns:
        if role not in ("system", *template.trims):
            rest.append((role, content))
        elif role != "system":
            is_inside = bool(system and template.first and not rest)
            rest.append((role, content.rstrip() if is_inside else content.strip()))
    return (system.strip() if "system" in template.trims else system), rest


def _joined(system: str, turns: list[Turn], which: Literal["first", "last"]) -> list[Turn]:
    """The system text before that of a person's turn; a turn of its own where there is none."""
    places = [index for index, (role, _) in enumerate(turns) if role == "user"]
    if not places or (which == "first" and places[0]):
        return [("user", system), *turns]
    place = places[0 if which == "first" else -1]
    joined = ("user", f"{system}\n\n{turns[place][1]}")
    return [*turns[:place], joined, *turns[place + 1 :]]


def _own(text: str) -> Span:
    return Span(text, special=True)


def _around(marks: tuple[str, str], content: str) -> list[Span]:
    return [_own(marks[0]), Span(content), _own(marks[1])]


def _merged(pieces: list[Span]) -> list[Span]:
    """Without empty spans, and with neighbours of the template in one, as a tokeniser wants it."""
    spans: list[Span] = []
    for piece in pieces:
        if not piece.text:
            continue
        if spans and spans[-1].special and piece.special:
            spans[-1] = _own(spans[-1].text + piece.text)
        else:
            spans.append(piece)
    return spans
