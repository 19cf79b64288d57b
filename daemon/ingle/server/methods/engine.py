"""`engine.*`: what the models make of a text besides answers."""

from ingle.engine.client import EngineClient
from ingle.engine.embedding import Embedder
from ingle.rpc.dispatcher import Call, Handler
from ingle.wire.calls.model import EmbedParams, EmbedResult, TokenizeParams, TokenizeResult


def handlers(engine: EngineClient, embedder: Embedder) -> dict[str, Handler]:
    async def tokenize(params: TokenizeParams, call: Call) -> TokenizeResult:
        return TokenizeResult(tokens=await engine.tokenize(params.text))

    async def embed(params: EmbedParams, call: Call) -> EmbedResult:
        return await embedder.embed(params)

    return {"engine.tokenize": tokenize, "engine.embed": embed}
