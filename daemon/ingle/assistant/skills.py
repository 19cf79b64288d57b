"""What the assistant can do with a text: one small TOML file a skill, ours and people's own.

A skill says what it needs, how it asks the model, and what shape the result has. Files of the
person are checked strictly; one that is broken is listed with its reason and costs no other.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ingle.assistant.arguments import Arg, Value
from ingle.errors import ConfigError, NotFound
from ingle.vocabulary import TIERS, Tier

BUILT_IN = "built-in"

Strategy = Literal["generative", "extractive", "scoring"]
"""Writing; choosing sentences of the text; choosing among given answers. The last two cannot invent."""

Output = Literal["text", "line", "json", "label", "answer"]
"""What the result is: running text, one line, JSON by a schema, one of the labels, a cited answer."""

Long = Literal["reduce", "pieces", "merge"]
"""What is done with a text over the budget: notes of all parts are worked on as one text; each
part is worked on alone; the JSON of the parts is merged."""

_CHOOSING: dict[Output, Strategy] = {
    "text": "extractive",
    "line": "scoring",
    "label": "scoring",
    "answer": "scoring",
}
"""How a result of each shape can be had without writing; JSON cannot."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Prompt(_Table, frozen=True):
    """`{text}` is where the text goes, in a span of its own; `{NAME}` is an argument. `part` is
    asked of each part of a long text whose notes are reduced."""

    user: str
    system: str = ""
    part: str = ""


class Length(_Table, frozen=True):
    """How long an answer may be, in tokens: `share` of the text's, between the bounds."""

    share: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.0
    least: Annotated[int, msgspec.Meta(ge=1)] = 200
    most: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 400

    def of(self, tokens: int) -> int:
        return max(self.least, min(self.most, int(tokens * self.share)))


class Parameters(_Table, frozen=True):
    """`sentences`: the answer ends after so many; 0 is no limit."""

    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.0
    repeat_penalty: Annotated[float, msgspec.Meta(ge=1, le=2)] = 1.0
    length: Length = Length()
    stop: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=100)], ...] = ()
    sentences: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


class Skill(_Table, frozen=True):
    """`needs` is the tier from which `strategy` is used; a smaller model does `below`, if anything."""

    name: str
    summary: str
    needs: Tier
    prompt: Prompt
    strategy: Strategy = "generative"
    below: Strategy | None = None
    output: Output = "text"
    long: Long = "reduce"
    title: bool = False
    """Whether the result has a title."""
    parameters: Parameters = Parameters()
    args: dict[str, Arg] = {}
    source: str = BUILT_IN

    def strategy_for(self, tier: Tier, *, anyway: bool = False) -> Strategy | None:
        """What a model of `tier` does; None where it is too small. `anyway` wants `strategy`."""
        if anyway or TIERS.index(tier) >= TIERS.index(self.needs):
            return self.strategy
        return self.below


@dataclass(frozen=True)
class Broken:
    """A file of the person's that is no skill, and why."""

    name: str
    source: str
    reason: str


@dataclass(frozen=True)
class SkillSet:
    """All skills by name; the person's own come before ours of the same name."""

    skills: Mapping[str, Skill] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()

    @classmethod
    def load(cls, user_dir: Path | None = None) -> "SkillSet":
        """Ours, and those in `user_dir` if it is there. Reads files; never raises for theirs."""
        skills = {skill.name: skill for skill in _built_in()}
        broken = []
        for path in sorted(user_dir.glob("*.toml")) if user_dir else ():
            try:
                skill = read(path)
            except ConfigError as error:
                broken.append(Broken(path.stem, str(path), error.message))
            else:
                skills[skill.name] = skill
        return cls(skills, tuple(broken))

    def find(self, name: str) -> Skill:
        """Raises `NotFound`; for a broken file with its reason."""
        if name in self.skills:
            return self.skills[name]
        for file in self.broken:
            if file.name == name:
                raise NotFound(f"the skill {name} is broken: {file.reason}", "correct the file")
        known = ", ".join(self.skills)
        raise NotFound(f"there is no skill {name[:80]!r}", f"the skills are: {known}")


def _built_in() -> Iterator[Skill]:
    folder = resources.files("ingle.assistant").joinpath("skills")
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    for file in files:
        yield parse(file.read_text("utf-8"), file.name)


def read(path: Path) -> Skill:
    """A skill of the person's. Raises `ConfigError` that names the file."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    return parse(text, str(path), source=str(path))


def parse(text: str, file: str, source: str = BUILT_IN) -> Skill:
    """The skill in a TOML text. Raises `ConfigError` that names `file` and the key."""
    try:
        table = tomllib.loads(text)
        skill = msgspec.convert({"name": Path(file).stem} | table | {"source": source}, Skill)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {_plainly(str(error))}") from None
    if fault := _fault(skill):
        raise ConfigError(f"{file}: {fault}")
    return skill


def _plainly(reason: str) -> str:
    reason = re.sub(r"Object contains unknown field `(.+?)`", r"unknown key '\1'", reason)
    reason = re.sub(r"Object missing required field `(.+?)`", r"the key '\1' is missing", reason)
    return reason.replace(" - at `$.", " (in `").replace("`$", "`") + (
        ")" if " - at `$." in reason else ""
    )


def _fault(skill: Skill) -> str | None:
    """What msgspec cannot see."""
    if not _NAME.fullmatch(skill.name):
        return f"{skill.name!r} is no name for a skill: a-z, 0-9, _ and -, a letter first"
    for strategy in (skill.strategy, skill.below):
        if strategy not in (None, "generative", _CHOOSING.get(skill.output)):
            return f"output {skill.output!r} cannot be had by strategy {strategy!r}"
    used = {name for one in _templates(skill) for name in _PLACEHOLDER.findall(one)}
    if unknown := sorted(used - {"text"} - set(skill.args)):
        return f"the prompt uses {{{unknown[0]}}}, which is no argument"
    needs_text = (skill.prompt.user, skill.prompt.part or "{text}")
    if any(one.count("{text}") != 1 for one in needs_text):
        return "a prompt has {text} exactly once"
    return _fault_of_args(skill)


def _fault_of_args(skill: Skill) -> str | None:
    wanted = {"label": "labels", "json": "schema", "answer": "question"}.get(skill.output)
    if wanted is not None and wanted not in skill.args:
        return f"output {skill.output!r} needs an argument {wanted!r}"
    if "text" in skill.args:
        return "`text` is what the skill works on and cannot be an argument"
    return None


def _templates(skill: Skill) -> tuple[str, ...]:
    return (skill.prompt.system, skill.prompt.user, skill.prompt.part)


def marks(skill: Skill, args: Mapping[str, Value], mark: str) -> dict[str, str]:
    """`mark` for each argument whose value is not the skill's own."""
    return {name: mark for name, value in args.items() if value != skill.args[name].default}


def filled(template: str, values: Mapping[str, Value], marks: Mapping[str, str] | None = None) -> str:
    """A prompt with its arguments, each behind its mark; braces that are no argument stay."""

    def fill(found: re.Match[str]) -> str:
        value = values.get(found[1], found[0])
        if isinstance(value, list):
            value = ", ".join(value)
        return (marks or {}).get(found[1], "") + (
            json.dumps(value) if isinstance(value, dict) else value
        )

    return _PLACEHOLDER.sub(fill, template).strip("\n")
