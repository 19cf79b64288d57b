"""Guessing ahead by looking up in the prompt: what it gives where texts are copied, what it costs else.

By the engine child's own clocks, on the prompts of our own skills, greedily, with and without in turns.
The answers of the copying tasks are begun with the first words of the text, so that a tiny model, too,
does what it was asked for.
"""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from child import resident, with_child
from figures import Figure, median, number
from place import ROOT, Effort, Place

from ingle.assistant.skills import SkillSet, filled
from ingle.engine import protocol
from ingle.engine.life import Life
from ingle.models.library import InstalledModel
from ingle.models.templates import render

SLOTS, N_CTX = 4, 8192
WRITTEN = 128
BEGUN_WORDS = 12

EMAIL = """\
Dear Ms Okafor, thank you for you're message of last Tuesday. We have recieved the two boxes with the \
spare parts, but the invoice that was inside names a diffrent order, number 48-1170. Could you please send \
us the right one untill Friday? Our accounting closes the month on the 30th, and without the invoice we \
can not pay. The parts themselfs are fine: Mr Lindqvist has fitted them on Thursday and the pump runs \
again. He asks wether the old seals should be sent back to you in Rotterdam or may be thrown away here. \
With kind regards, Tomas Brandt, workshop."""

NOTES = """\
Meeting on the library's opening hours, 14 March, present: Ana, Piet, Hyun-woo, Marta.
- Since January the reading room closes at 18:00 instead of 20:00, to save heating.
- Visitors fell from 210 to 160 a day; students miss the evening most.
- Piet: heating the small room only would cost 90 euros a week and seat 24 people.
- Marta: two volunteers would stay until 20:00 on Monday to Thursday.
- Decided: the small room stays open until 20:00 from April, for a trial of three months.
- Hyun-woo counts visitors, Ana tells the newspaper, next meeting on 11 July."""

FREE = "Write down everything that you know about fire, water, earth and air."


@dataclass(frozen=True)
class Task:
    """`copies`: the answer is mostly what stands in the text."""

    name: str
    skill: str
    text: str
    copies: bool = False

    def turns(self, skills: SkillSet) -> list[tuple[str, str]]:
        """As the skill would put it; without one the text is the request."""
        begun = " ".join(self.text.split()[:BEGUN_WORDS]) if self.copies else ""
        said = [("user", self.text)]
        if self.skill:
            skill = skills.find(self.skill)
            args = {name: str(arg.default) for name, arg in skill.args.items()}
            user = filled(skill.prompt.user, {**args, "text": self.text})
            said = [("system", skill.prompt.system), ("user", user)]
        return [*said, *([("assistant", begun)] if begun else [])]


def _tasks() -> list[Task]:
    article = (ROOT / "packaging" / "demo" / "text.txt").read_text(encoding="utf-8").split("\n\n")
    return [
        Task("correct an e-mail", "fix", EMAIL, copies=True),
        Task("correct an article", "fix", article[2], copies=True),
        Task("rewrite an e-mail", "rewrite", EMAIL),
        Task("summarise an article", "summarize", "\n\n".join(article[:2])),
        Task("summarise notes", "summarize", NOTES),
        Task("write freely", "", FREE),
    ]


def measure(place: Place, effort: Effort) -> Iterator[Figure]:
    """We are compared with ourselves."""
    model = resident(place)
    found = with_child(model, SLOTS, N_CTX, lambda life: _all(life, model, effort))
    for task, runs in found.items():
        plain, drafted = ([pair[side] for pair in runs] for side in (0, 1))
        note = f"without {number(statistics.median(plain))}"
        yield median(f"{task.name}, drafting", drafted, "tok/s", note=note)
        ratios = [ours / bare for bare, ours in runs]
        yield median(f"{task.name}, on over off", ratios, "", least=1.3 if task.copies else 0.97)


async def _all(
    life: Life, model: InstalledModel, effort: Effort
) -> dict[Task, list[tuple[float, float]]]:
    """(Without, with) drafting, in turns."""
    skills, found = SkillSet.load(), {}
    for task in _tasks()[:: 2 if effort.is_quick else 1]:
        spans = render(model.family, task.turns(skills))
        params = protocol.GenerateParams(spans=spans, max_tokens=WRITTEN)
        await _rate(life, params, draft=True)
        found[task] = [
            (await _rate(life, params, draft=False), await _rate(life, params, draft=True))
            for _ in range(effort.rounds)
        ]
    return found


async def _rate(life: Life, params: protocol.GenerateParams, *, draft: bool) -> float:
    """Tokens a second after the first one."""
    result = await life.call("generate", msgspec.structs.replace(params, draft=draft))
    assert isinstance(result, protocol.GenerateResult)
    return 1000 * (result.usage.output_tokens - 1) / result.timing.decode_ms
