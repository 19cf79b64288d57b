"""The assistant's front: generate, skills, ask, evaluate, in the types of the wire.

It knows which strategy the resident model's tier allows and hands the work to the module that
does it. Model output is text: nothing here does anything with it but give it back.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from ingle.assistant import (
    ability,
    answers,
    evaluation,
    extractive,
    generating,
    labels,
    titles,
    writing,
)
from ingle.assistant.adapting import adapter_of
from ingle.assistant.arguments import Value, bound
from ingle.assistant.plain import plain
from ingle.assistant.quoting import Source, search
from ingle.assistant.reading import Plan, plan
from ingle.assistant.skills import Skill, SkillSet, Strategy, filled, marks
from ingle.assistant.turn import DATA, GIVEN, Covers, Delta, Engine, Turn, begin
from ingle.context.items import Memory
from ingle.context.policy import looks_binary
from ingle.errors import DeadlineExceeded, InvalidParams, NotFound
from ingle.models.library import InstalledModel, Library
from ingle.vocabulary import FinishReason, Usage
from ingle.wire.calls.assistant import (
    AskParams,
    AskResult,
    GenerateParams,
    GenerateResult,
    SkillInfo,
    SkillResult,
    SkillRunParams,
)
from ingle.wire.calls.model import ModelEvalResult

MEMORY_CHARS = 200_000
"""Of what is remembered, the newest first, that a question is looked up in."""


class Assistant:
    """What a request can ask of the resident model, in its own words and sizes."""

    def __init__(
        self,
        engine: Engine,
        library: Library,
        memory: Memory,
        skills: SkillSet,
        allow_weak: bool = False,
    ) -> None:
        self._engine, self._library, self._memory = engine, library, memory
        self.skills, self.allow_weak = skills, allow_weak

    async def generate(self, params: GenerateParams, delta: Delta) -> GenerateResult:
        """Continue a prompt or a conversation. Raises `ContextTooLong`; nothing is cut."""
        adapter = await adapter_of(self._library, params.adapter)
        return await generating.generate(self._engine, params, delta, adapter)

    # ---- skills

    def skill_list(self) -> list[SkillInfo]:
        """All skills, what each would do now, and why not where it would not."""
        return [
            *(self._described(skill) for skill in self.skills.skills.values()),
            *(
                SkillInfo(
                    name=one.name,
                    summary="",
                    needs="",
                    args={},
                    available=False,
                    strategy="",
                    reason=one.reason,
                    source=one.source,
                )
                for one in self.skills.broken
            ),
        ]

    def _described(self, skill: Skill) -> SkillInfo:
        model = self._engine.model
        strategy = skill.strategy_for(ability.tier_of(self._library, model), anyway=self.allow_weak)
        return SkillInfo(
            name=skill.name,
            summary=skill.summary,
            needs=skill.needs,
            args={name: arg.described for name, arg in skill.args.items()},
            available=strategy is not None,
            strategy=strategy or "",
            reason=None if strategy else ability.too_small(skill, model).message,
            source=skill.source,
            required=[name for name, arg in skill.args.items() if arg.required],
        )

    async def run_skill(
        self, params: SkillRunParams, delta: Delta, covers: Covers = lambda _: None
    ) -> SkillResult:
        """Run a skill on a text of any length. Raises `ModelTooSmall` and `InvalidParams`."""
        skill = self.skills.find(params.skill)
        args = bound(skill.name, skill.args, params.args)
        _check(params.text, "give the skill something to work on")
        adapter = await adapter_of(self._library, params.adapter)
        turn = begin(self._engine, params.priority, adapter, covers)
        strategy = self._strategy(skill, turn.model, params.anyway)
        tell = _teller(turn, delta)
        async with _deadline(params.deadline_ms):
            if skill.output == "answer":
                return await self._answer_skill(turn, skill, strategy, args, params.text, tell)
            if strategy == "extractive":
                return await self._extract(turn, skill, params.text, tell)
            if strategy == "scoring":
                return await self._choose(turn, skill, args, params.text, tell)
            return await self._write(turn, skill, args, params.text, tell)

    def _strategy(self, skill: Skill, model: InstalledModel, anyway: bool) -> Strategy:
        strategy = skill.strategy_for(
            ability.tier_of(self._library, model), anyway=anyway or self.allow_weak
        )
        if strategy is None:
            raise ability.too_small(skill, model)
        return strategy

    async def _extract(self, turn: Turn, skill: Skill, text: str, tell: Delta) -> SkillResult:
        found = await extractive.extract(turn, text, tell)
        summary = extractive.joined(text, found.sentences)
        title = await titles.pick(turn, text, summary) if skill.title else None
        return _result(
            turn,
            text.strip() if found.is_verbatim else summary,
            found.plan,
            "verbatim" if found.is_verbatim else "extractive",
            title=title,
            data={"sentences": [[one.start, one.end] for one in found.sentences]},
        )

    async def _choose(
        self, turn: Turn, skill: Skill, args: Mapping[str, Value], text: str, tell: Delta
    ) -> SkillResult:
        if skill.output == "line":
            reading = await extractive.extract(turn, text, _unheard)
            title = await titles.pick(turn, text, extractive.joined(text, reading.sentences))
            tell(title)
            return _result(turn, title, reading.plan, "scoring")
        names = args["labels"]
        assert isinstance(names, list)
        whole = await plan(turn, text, labels.PART_TOKENS, labels.MOST_TOKENS, even=True)
        turn.covers(whole.coverage)
        instruction = filled(skill.prompt.user, {**args, "text": DATA}, marks(skill, args, GIVEN))
        scores = await labels.probabilities(turn, instruction, text, whole, names)
        label = max(scores, key=scores.__getitem__)
        tell(label)
        return _result(turn, label, whole, "scoring", data={"label": label, "scores": scores})

    async def _write(
        self, turn: Turn, skill: Skill, args: Mapping[str, Value], text: str, tell: Delta
    ) -> SkillResult:
        written = await writing.run(turn, skill, args, text, tell)
        title = await titles.pick(turn, text, written.text) if skill.title else None
        return _result(
            turn,
            written.text,
            written.plan,
            written.strategy,
            finish_reason=written.finish_reason,
            title=title,
            data=written.data,
        )

    async def _answer_skill(
        self,
        turn: Turn,
        skill: Skill,
        strategy: Strategy,
        args: Mapping[str, Value],
        text: str,
        tell: Delta,
    ) -> SkillResult:
        question = str(args["question"])
        answer = await _answered(turn, skill, strategy, question, [Source(text, "text")], tell)
        return SkillResult(
            text=plain(answer.text),
            finish_reason="stop",
            model=turn.model.name,
            usage=_with_dropped(turn.usage, list(answer.dropped)),
            timing=turn.timing,
            strategy=answer.strategy,
            coverage=answer.coverage,
            data={"refused": answer.refused, "citations": msgspec.to_builtins(answer.citations)},
        )

    # ---- ask

    async def ask(self, params: AskParams, delta: Delta, covers: Covers = lambda _: None) -> AskResult:
        """Answer from the text given, from what is remembered, or from the model's knowledge."""
        if params.collection is not None:
            raise NotFound(f"there is no collection {params.collection[:80]!r}")
        skill = self.skills.find("ask")
        adapter = await adapter_of(self._library, params.adapter)
        turn = begin(self._engine, "interactive", adapter, covers)
        tell = _teller(turn, delta)
        async with _deadline(params.deadline_ms):
            answer = await self._asked(turn, skill, params, tell)
        return AskResult(
            answer=plain(answer.text),
            citations=list(answer.citations),
            refused=answer.refused,
            strategy=answer.strategy,
            model=turn.model.name,
            coverage=answer.coverage,
            usage=_with_dropped(turn.usage, list(answer.dropped)),
            timing=turn.timing,
        )

    async def _asked(self, turn: Turn, skill: Skill, params: AskParams, tell: Delta) -> answers.Answer:
        strategy = self._strategy(skill, turn.model, params.anyway)
        if params.text is not None:
            _check(params.text, "give a text to answer from, or none at all")
            sources = [Source(params.text, "text")]
            return await _answered(turn, skill, strategy, params.question, sources, tell)
        sources = self._remembered()
        if strategy == "scoring":
            if not sources:
                raise ability.too_small_to_know(turn.model)
            return await _answered(turn, skill, strategy, params.question, sources, tell)
        if sources and answers.is_about(await search(params.question, sources)):
            return await answers.write(turn, skill, params.question, sources, tell)
        return await answers.know(turn, skill, params.question, tell)

    def _remembered(self) -> list[Source]:
        found: list[Source] = []
        left = MEMORY_CHARS
        for item in self._memory.newest():
            if left <= 0:
                break
            path = item.origin if item.kind == "file" else None
            found.append(Source(item.text[:left], item.id, path))
            left -= len(item.text)
        return found

    # ---- evaluate

    async def evaluate(self, delta: Delta) -> ModelEvalResult:
        """Measure the resident model and keep its tier with it."""
        turn = begin(self._engine, "normal")
        result = await evaluation.evaluate(turn, delta)
        abilities = {one.ability: (one.passed, one.total) for one in result.cases}
        self._library.record_eval(turn.model.name, evaluation.tier_of(abilities), abilities)
        return result


async def _answered(
    turn: Turn, skill: Skill, strategy: Strategy, question: str, sources: list[Source], tell: Delta
) -> answers.Answer:
    if strategy == "scoring":
        return await answers.quote(turn, question, sources, tell)
    return await answers.write(turn, skill, question, sources, tell)


def _check(text: str, advice: str) -> None:
    """Raises `InvalidParams` for what nobody could read."""
    if not text.strip():
        raise InvalidParams("the text is empty", advice)
    if looks_binary(text):
        raise InvalidParams("the text is not text: it holds binary data", advice)


def _teller(turn: Turn, delta: Delta) -> Delta:
    """What is said to a person: plain, and the first of it is timed."""

    def tell(piece: str) -> None:
        if shown := plain(piece):
            turn.saw_text()
            delta(shown)

    return tell


def _unheard(_: str) -> None:
    """A step on the way to the answer."""


def _result(
    turn: Turn,
    text: str,
    reading: Plan,
    strategy: str,
    *,
    finish_reason: FinishReason = "stop",
    title: str | None = None,
    data: Any = None,
) -> SkillResult:
    return SkillResult(
        text=plain(text),
        finish_reason=finish_reason,
        model=turn.model.name,
        usage=_with_dropped(turn.usage, reading.dropped),
        timing=turn.timing,
        strategy=strategy,
        coverage=reading.coverage,
        title=plain(title) if title else None,
        data=data,
    )


def _with_dropped(usage: Usage, dropped: list[tuple[int, int]]) -> Usage:
    return msgspec.structs.replace(usage, dropped=dropped)


@asynccontextmanager
async def _deadline(deadline_ms: int | None) -> AsyncIterator[None]:
    """Raises `DeadlineExceeded`; a `TimeoutError` of somebody else stays what it is."""
    seconds = None if deadline_ms is None else deadline_ms / 1000
    scope = asyncio.timeout(seconds)
    try:
        async with scope:
            yield
    except TimeoutError:
        if not scope.expired():
            raise
        raise DeadlineExceeded(f"not finished within {deadline_ms} ms") from None
