"""Skills that write: one turn where the text fits, or else part by part, always in shape.

What the model writes goes through `shape`, while it streams; an answer that is empty or declines
to do the work is asked for once more, and then is an error rather than a result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ingle.assistant.arguments import Value
from ingle.assistant.merging import merged
from ingle.assistant.reading import Plan, plan, room, tokens_per_char, whole
from ingle.assistant.sentences import split
from ingle.assistant.shape import Shape, Shaper
from ingle.assistant.skills import Skill, filled, marks
from ingle.assistant.turn import DATA, GIVEN, Delta, Turn, Written
from ingle.engine.protocol import GenerateParams
from ingle.errors import ContextTooLong, ModelTooSmall
from ingle.models.templates import Turn as Said
from ingle.vocabulary import FinishReason

PART_TOKENS = 1200
"""Small models lose the thread in longer ones."""

MOST_TOKENS = 24_000
"""What is beyond is named in `usage.dropped`."""

PROMPT_TOKENS = 160
"""Room for the instructions and the template; arguments are counted apart."""

RETRY_TEMPERATURE = 0.5
SCHEMA_DATA_CHARS = 1_000_000


@dataclass(frozen=True)
class Result:
    """What a skill wrote, from what was read. `strategy` is "generative" or "map-reduce"."""

    text: str
    finish_reason: FinishReason
    plan: Plan
    strategy: str = "generative"
    data: Any = None


class Declined(Exception):
    """The model wrote nothing, or that it will not."""


async def run(turn: Turn, skill: Skill, args: Mapping[str, Value], text: str, delta: Delta) -> Result:
    """Run a generative skill on a text of any length."""
    writer = _Writer(turn, skill, args)
    tokens = int(await tokens_per_char(turn, text) * len(text)) + 1
    budget = await writer.budget(tokens)
    if tokens <= budget:
        return await writer.once(text, delta)
    reading = await plan(turn, text, budget, MOST_TOKENS)
    turn.covers(reading.coverage)
    match skill.long:
        case "pieces":
            return await writer.pieces(text, reading, delta)
        case "merge":
            return await writer.merge(text, reading, delta)
        case _:
            return await writer.reduce(text, reading, delta)


@dataclass(frozen=True)
class _Writer:
    """One skill with its arguments, asked of one model."""

    turn: Turn
    skill: Skill
    args: Mapping[str, Value]

    def _shape(self, text: str) -> Shape:
        """Only a text that is given back changed may begin as what it was made of."""
        same = self.skill.long == "pieces"
        return Shape(self.skill.parameters.sentences, self.skill.output == "line", text if same else "")

    async def budget(self, tokens: int) -> int:
        """How many tokens of a text fit one turn with the prompt and the answer."""
        fixed = PROMPT_TOKENS + await self.turn.count("".join(str(one) for one in self.args.values()))
        share = self.skill.parameters.length.share
        free = room(self.turn) - fixed - self.skill.parameters.length.least
        fits = int(free / (1 + share)) if self.skill.long == "pieces" else free - self._answer(tokens)
        if fits < 32:
            raise ContextTooLong("the model has no room for this skill's instructions and a text")
        return min(fits, PART_TOKENS if tokens > PART_TOKENS else fits)

    def _answer(self, tokens: int) -> int:
        return min(self.skill.parameters.length.of(tokens), room(self.turn) // 4)

    async def once(self, text: str, delta: Delta) -> Result:
        reading = whole(text, split(text) if len(text) < SCHEMA_DATA_CHARS else ())
        self.turn.covers(reading.coverage)
        if self.skill.output == "json":
            written, data = await self._json(text)
            delta(written.text)
            return Result(written.text, written.finish_reason, reading, data=data)
        written = await self._ask(self.skill.prompt.user, text, delta)
        return Result(written.text, written.finish_reason, reading)

    async def pieces(self, text: str, reading: Plan, delta: Delta) -> Result:
        """Each part on its own; what stood between two parts stands between their results."""
        said, reason = "", _STOP
        for part in reading.parts:
            piece = part.of(text)
            gap = _gap_before(text, part.start) if said else ""
            delta(gap)
            written = await self._ask(self.skill.prompt.user, piece.strip(), delta)
            said += gap + written.text
            reason = written.finish_reason if written.finish_reason != "stop" else reason
        return Result(said, reason, reading, "map-reduce")

    async def merge(self, text: str, reading: Plan, delta: Delta) -> Result:
        """The JSON of all parts in one."""
        found = [(await self._json(part.of(text)))[1] for part in reading.parts]
        data = merged(found)
        written = msgspec.json.encode(data).decode()
        delta(written)
        return Result(written, "stop", reading, "map-reduce", data)

    async def reduce(self, text: str, reading: Plan, delta: Delta) -> Result:
        """Notes of every part, noted again until they fit, then the skill on the notes."""
        notes = [await self._note(part.of(text)) for part in reading.parts]
        budget = PART_TOKENS
        while len(notes) > 1 and await self.turn.count("\n\n".join(notes)) > budget:
            notes = [await self._note("\n".join(pair)) for pair in _pairs(notes)]
        written = await self._ask(self.skill.prompt.user, "\n\n".join(notes), delta)
        return Result(written.text, written.finish_reason, reading, "map-reduce")

    async def _note(self, text: str) -> str:
        part = self.skill.prompt.part or self.skill.prompt.user
        try:
            return (await self._ask(part, text.strip(), _unheard)).text
        except ModelTooSmall:
            return text[: len(text) // 8]  # its beginning, rather than to lose the part

    async def _ask(self, template: str, text: str, delta: Delta) -> Written:
        """One answer in shape. Raises `ModelTooSmall` where the model declines twice."""
        params = await self._params(template, text)
        for attempt in (params, _warmer(params)):
            try:
                return await shaped_answer(self.turn, attempt, self._shape(text), delta)
            except Declined:
                continue
        raise ModelTooSmall(
            f"{self.turn.model.name} declined to do {self.skill.name!r}, twice",
            "try again with a shorter text, or a larger model: `ingle model list` shows them",
        )

    async def _params(self, template: str, text: str) -> GenerateParams:
        parameters, prompt = self.skill.parameters, self.turn.prompt(self._said(template), text)
        return GenerateParams(
            spans=prompt.spans,
            prefix_spans=prompt.recurring,
            max_tokens=self._answer(await self.turn.count(text)),
            temperature=parameters.temperature,
            repeat_penalty=parameters.repeat_penalty,
            seed=1,
            stop=list(parameters.stop),
            draft=True,
        )

    def _said(self, template: str) -> list[Said]:
        values = {name: _safe(value) for name, value in self.args.items()} | {"text": DATA}
        given = marks(self.skill, self.args, GIVEN)
        system = filled(self.skill.prompt.system, values, given)
        return [("system", system), ("user", filled(template, values, given))]

    async def _json(self, text: str) -> tuple[Written, Any]:
        """An object of the schema. An answer that ran into its limit is no JSON and an error."""
        params = await self._params(self.skill.prompt.user, text.strip())
        schema = self.args.get("schema")
        assert isinstance(schema, dict)
        full = msgspec.structs.replace(params, schema=schema, stop=[])
        written = await self.turn.write(full)
        try:
            return written, msgspec.json.decode(written.text)
        except msgspec.DecodeError:
            raise ContextTooLong(
                "the JSON for this text is longer than the model may write",
                "ask for fewer fields, or give a shorter text",
            ) from None


_STOP: FinishReason = "stop"


async def shaped_answer(turn: Turn, params: GenerateParams, shape: Shape, delta: Delta) -> Written:
    """Generate and shape; stops the engine when the shape is full. Raises `Declined`."""
    shaper = Shaper(shape)

    def hear(piece: str) -> bool:
        if fresh := shaper.feed(piece):
            turn.saw_text()
            delta(fresh)
        return not (shaper.is_full or shaper.is_refusing)

    written = await turn.write(params, hear)
    if shaper.is_refusing:
        raise Declined
    rest = shaper.finish(was_cut=written.finish_reason == "length")
    if not shaper.shown.strip():
        raise Declined
    turn.saw_text()
    delta(rest)
    return Written(shaper.shown, written.finish_reason)


def _warmer(params: GenerateParams) -> GenerateParams:
    return msgspec.structs.replace(params, temperature=RETRY_TEMPERATURE, seed=2)


def _safe(value: Value) -> Value:
    """An argument cannot stand where the text stands."""
    return value.replace(DATA, "").replace(GIVEN, "") if isinstance(value, str) else value


def _gap_before(text: str, start: int) -> str:
    before = text[:start]
    return before[len(before.rstrip()) :] or ("" if not before[-1:].isascii() else " ")


def _pairs(notes: Sequence[str]) -> list[Sequence[str]]:
    return [notes[at : at + 2] for at in range(0, len(notes), 2)]


def _unheard(_: str) -> None:
    """Notes are not for people."""
