"""`result.*`: what was kept of the last results."""

from ingle.context.results import KeptResult, Results
from ingle.rpc.dispatcher import Call, Handler
from ingle.wire.calls.result import (
    ResultForgetParams,
    ResultForgetResult,
    ResultGetParams,
    ResultInfo,
    ResultListParams,
)


def handlers(results: Results) -> dict[str, Handler]:
    async def list_(params: ResultListParams, call: Call) -> list[ResultInfo]:
        newest = zip(results.newest(), range(params.limit), strict=False)
        return [_info(result) for result, _ in newest]

    async def get(params: ResultGetParams, call: Call) -> ResultInfo:
        return _info(results.get(params.id))

    async def forget(params: ResultForgetParams, call: Call) -> ResultForgetResult:
        one = None if params.id is None else results.get(params.id).id
        ids = [each.id for each in results.newest() if one in (None, each.id)]
        return ResultForgetResult(forgotten=results.forget(ids))

    return {"result.list": list_, "result.get": get, "result.forget": forget}


def _info(result: KeptResult) -> ResultInfo:
    return ResultInfo(
        id=result.id, kind=result.kind, title=result.title, text=result.text, at=result.at,
        origin=result.origin, item=result.item,
    )  # fmt: skip
