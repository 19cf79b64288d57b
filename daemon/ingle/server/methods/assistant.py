"""`assistant.*` and `skill.*`: hand a request to the assistant and stream what comes."""

from ingle.assistant.assistant import Assistant
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


def handlers(assistant: Assistant) -> dict[str, Handler]:
    async def generate(params: GenerateParams, call: Call) -> GenerateResult:
        return await streamed(call, params.stream, lambda delta: assistant.generate(params, delta))

    async def run(params: SkillRunParams, call: Call) -> SkillResult:
        return await streamed(call, params.stream, lambda delta: assistant.run_skill(params, delta))

    async def ask(params: AskParams, call: Call) -> AskResult:
        return await streamed(call, params.stream, lambda delta: assistant.ask(params, delta))

    async def list_(_: NoParams, call: Call) -> list[SkillInfo]:
        return assistant.skill_list()

    return {
        "assistant.generate": generate,
        "assistant.ask": ask,
        "skill.run": run,
        "skill.list": list_,
    }
