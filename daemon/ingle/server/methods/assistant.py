"""`assistant.*` and `skill.*`: hand a request to the assistant, stream what comes, keep it if wanted."""

import msgspec

from ingle.assistant.assistant import Assistant
from ingle.context import policy
from ingle.context.items import Memory
from ingle.context.results import KeptResult, Results, kind_of
from ingle.rpc.dispatcher import Call, Handler
from ingle.server.streaming import streamed
from ingle.wire.calls.assistant import (
    AskParams,
    AskResult,
    GenerateParams,
    GenerateResult,
    SkillInfo,
    SkillResult,
    SkillRunParams,
)
from ingle.wire.calls.base import NoParams


def handlers(assistant: Assistant, memory: Memory, results: Results) -> dict[str, Handler]:
    async def generate(params: GenerateParams, call: Call) -> GenerateResult:
        result = await streamed(call, params.stream, lambda delta: assistant.generate(params, delta))
        if not params.keep:
            return result
        kept = results.keep(_of_conversation(params, result, call.caller.name))
        return msgspec.structs.replace(result, result=kept)

    async def run(params: SkillRunParams, call: Call) -> SkillResult:
        result = await streamed(
            call, params.stream, lambda out: assistant.run_skill(params, out, out.covers)
        )
        if not params.keep:
            return result
        kept = results.keep(_of_skill(params, result, call.caller.name))
        return msgspec.structs.replace(result, result=kept)

    async def ask(params: AskParams, call: Call) -> AskResult:
        known = _ids(memory)
        result = await streamed(call, params.stream, lambda out: assistant.ask(params, out, out.covers))
        if not params.keep:
            return result
        answer = _of_answer(params, result, call.caller.name, known)
        if not answer.sources <= _ids(memory):  # forgotten while it was being answered
            return result
        return msgspec.structs.replace(result, result=results.keep(answer))

    async def list_(_: NoParams, call: Call) -> list[SkillInfo]:
        return assistant.skill_list()

    return {
        "assistant.generate": generate,
        "assistant.ask": ask,
        "skill.run": run,
        "skill.list": list_,
    }


def _ids(memory: Memory) -> frozenset[str]:
    return frozenset(item.id for item in memory.newest())


def _of_conversation(params: GenerateParams, result: GenerateResult, origin: str) -> KeptResult:
    asked = params.messages[-1].content if params.messages else params.prompt or ""
    return KeptResult("answer", policy.title_of(asked), result.text, origin)


def _of_skill(params: SkillRunParams, result: SkillResult, origin: str) -> KeptResult:
    title = result.title or policy.title_of(params.text)
    return KeptResult(kind_of(params.skill), title, result.text, origin)


def _of_answer(params: AskParams, result: AskResult, origin: str, known: frozenset[str]) -> KeptResult:
    """An answer from memory is made of what it quotes, or, when it was written, of all that was read."""
    quoted = frozenset(citation.document for citation in result.citations)
    sources = known & quoted if result.strategy == "scoring" else known
    return KeptResult(
        "answer",
        policy.title_of(params.question),
        result.answer,
        origin,
        sources if params.text is None else frozenset(),
    )
