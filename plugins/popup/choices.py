"""What can be done, narrowed down by what is typed. Pure.

The text that is typed is three things at once: the beginning of a skill's name, a question, and
an instruction. All that fits is offered; what fits best comes first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["skill", "ask", "edit", "command"]

ASK, EDIT = "ask", "edit"
"""Skills that begin with what is typed; they are not offered by name."""

_ORDER = ("rewrite", "fix", "summarize", "translate", "explain", "title", "extract", "classify")
_QUESTION = re.compile(
    r"(?:who|whom|whose|what|when|where|why|which|how|is|are|was|were|does|do|did|can|could|should|"
    r"will|would|wer|was|wann|wo|warum|wieso|welche[rsn]?|wie|ist|sind|qui|que|quoi|quand|où|pourquoi|"
    r"comment|est-ce|quién|qué|cuándo|dónde|por qué|cómo|chi|cosa|quando|dove|perché|come)\b",
    re.IGNORECASE,
)
_LEADS = ("to", "into", "in", "as", "more", "auf", "nach", "ins", "en", "a")
"""Before an argument: "translate to German", "rewrite more formal"."""


@dataclass(frozen=True)
class Choice:
    """One row. `said` is the question or the instruction that was typed; `takes` are the arguments
    of a skill, `given` those that it has, `missing` those that it still has to be told."""

    kind: Kind
    name: str
    title: str
    summary: str = ""
    badge: str = ""
    said: str = ""
    given: tuple[tuple[str, str], ...] = ()
    takes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    helps: tuple[tuple[str, str], ...] = ()
    """What is to be said for each argument."""
    is_found_by_summary: bool = True
    """A command that ends something is found by its title alone, and never by a word of a question."""
    has_number: bool = True
    """A command that ends something is not done by a single chord: it has no Alt+NUMBER."""

    @property
    def spoken(self) -> str:
        """For a screen reader."""
        return ". ".join(part for part in (self.title, self.summary, self.badge) if part)

    @property
    def asks_for(self) -> str:
        """The first argument that is missing, in words."""
        name = self.missing[0] if self.missing else ""
        words = dict(self.helps).get(name) or name
        return words[:1].upper() + words[1:]

    def told(self, name: str, value: str) -> "Choice":
        """The same with one argument more."""
        return replace(
            self,
            title=f"{self.title} · {value}",
            given=(*self.given, (name, value)),
            missing=tuple(one for one in self.missing if one != name),
        )


def in_order(choices: Sequence[Choice]) -> list[Choice]:
    """Those that work now before those that want a larger model, the usual ones first."""

    def place(choice: Choice) -> tuple[bool, int, str]:
        known = choice.name in _ORDER
        return bool(choice.badge), _ORDER.index(choice.name) if known else len(_ORDER), choice.name

    return sorted(choices, key=place)


def matching(
    skills: Sequence[Choice], commands: Sequence[Choice], typed: str, *, has_text: bool
) -> list[Choice]:
    """The rows for what is typed."""
    typed = " ".join(typed.split())
    badges = {one.name: one.badge for one in skills}
    skills = [one for one in skills if one.name not in (ASK, EDIT)] if has_text else []
    if not typed:
        return [*skills, *commands]
    named = [found for one in skills if (found := _by_name(one, typed))]
    others = [one for one in (*skills, *commands) if _fits(one, typed) and _by_name(one, typed) is None]
    questions = list(_as_said(typed, badges, has_text=has_text))
    if named or _is_a_name(typed, others):
        return [*named, *others, *questions]
    return [*questions, *others]


def _is_a_name(typed: str, others: Sequence[Choice]) -> bool:
    """One word, or the beginning of a row's title, is rather looked for than asked."""
    starts = any(one.title.lower().startswith(typed.lower()) for one in others)
    return starts or (bool(others) and " " not in typed and not is_question(typed))


def _by_name(skill: Choice, typed: str) -> Choice | None:
    """The skill when the first word begins its name; the other words are its argument."""
    first, _, rest = typed.partition(" ")
    if skill.kind != "skill" or not skill.name.startswith(first.lower()):
        return None
    if not rest:
        return skill
    if not skill.takes or (first.lower() != skill.name and len(first) < 3):
        return None
    lead, _, behind = rest.partition(" ")
    return skill.told(skill.takes[0], behind if lead.lower() in _LEADS and behind else rest)


def _fits(choice: Choice, typed: str) -> bool:
    """Whether every word that is typed begins a word of the row."""
    summary = choice.summary if choice.is_found_by_summary else ""
    words = re.findall(r"\w+", f"{choice.name} {choice.title} {summary}".lower())
    wanted = re.findall(r"\w+", typed.lower())
    return bool(wanted) and all(any(word.startswith(one) for word in words) for one in wanted)


def _as_said(typed: str, badges: Mapping[str, str], *, has_text: bool) -> Iterator[Choice]:
    ask = Choice("ask", ASK, "Ask", "From what is remembered, or from what the model knows", said=typed)
    if not has_text:
        yield ask
        return
    ask = replace(ask, title="Ask about it", summary="The answer is looked for in the text")
    edit = Choice(
        "edit",
        EDIT,
        "Change it",
        "The text is written anew, as you say",
        badge=badges.get(EDIT, ""),
        said=typed,
        given=(("instruction", typed),),
    )
    yield from (ask, edit) if is_question(typed) else (edit, ask)


def is_question(typed: str) -> bool:
    return typed.rstrip().endswith(("?", "？", "؟", ";")) or _QUESTION.match(typed.strip()) is not None
