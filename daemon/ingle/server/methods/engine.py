"""`engine.*`: what the models make of a text besides answers."""

from ingle.engine.client import EngineClient
from ingle.engine.embedding import Embedder
from ingle.engine.gpu_watch import GpuWatch
from ingle.rpc.dispatcher import Call, Handler
from ingle.server.overview import Overview
from ingle.wire.calls.base import NoParams
from ingle.wire.calls.daemon import VerifyResult
from ingle.wire.calls.model import EmbedParams, EmbedResult, TokenizeParams, TokenizeResult


def handlers(
    engine: EngineClient, embedder: Embedder, gpus: GpuWatch, overview: Overview
) -> dict[str, Handler]:
    async def tokenize(params: TokenizeParams, call: Call) -> TokenizeResult:
        return TokenizeResult(tokens=await engine.tokenize(params.text))

    async def embed(params: EmbedParams, call: Call) -> EmbedResult:
        return await embedder.embed(params)

    async def verify(_: NoParams, call: Call) -> VerifyResult:
        missing = await gpus.verify()
        overview.tell()
        return VerifyResult(missing=missing)

    return {"engine.tokenize": tokenize, "engine.embed": embed, "engine.verify": verify}
