"""`model.*` and `engine.*`: the models there are and the one that is resident."""

import asyncio

from ingle.assistant.assistant import Assistant
from ingle.engine.client import EngineClient
from ingle.engine.supervisor import Supervisor
from ingle.models.library import Library
from ingle.rpc.dispatcher import Call, Handler
from ingle.server.streaming import streamed
from ingle.wire.calls.base import Done, NoParams
from ingle.wire.calls.model import (
    ModelEvalResult,
    ModelInfo,
    ModelInspectParams,
    ModelInspectResult,
    ModelParkParams,
    ModelUseParams,
    TokenizeParams,
    TokenizeResult,
)


def handlers(
    library: Library, supervisor: Supervisor, engine: EngineClient, assistant: Assistant
) -> dict[str, Handler]:
    async def list_(_: NoParams, call: Call) -> list[ModelInfo]:
        return await asyncio.to_thread(shelf.listed, library, engine.model)

    async def use(params: ModelUseParams, call: Call) -> Done:
        model = await asyncio.to_thread(library.choose, params.name)
        await supervisor.use(model)
        return Done()

    async def unload(_: NoParams, call: Call) -> Done:
        await supervisor.unload()
        return Done()

    async def park(params: ModelParkParams, call: Call) -> Done:
        await supervisor.park(params.reason)
        return Done()

    async def inspect(params: ModelInspectParams, call: Call) -> ModelInspectResult:
        return await asyncio.to_thread(shelf.inspected, library, params.model)

    async def evaluate(_: NoParams, call: Call) -> ModelEvalResult:
        return await streamed(call, True, assistant.evaluate)

    async def tokenize(params: TokenizeParams, call: Call) -> TokenizeResult:
        return TokenizeResult(tokens=await engine.tokenize(params.text))

    return {
        "model.list": list_,
        "model.use": use,
        "model.unload": unload,
        "model.park": park,
        "model.inspect": inspect,
        "model.eval": evaluate,
        "engine.tokenize": tokenize,
    }
