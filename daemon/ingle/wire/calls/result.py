"""`result.*`: the last summaries, answers and rewrites, kept in memory as long as the context is."""

from typing import Annotated

import msgspec

from ingle.wire.calls.base import Name, Params, Result


class ResultListParams(Params, frozen=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20


class ResultGetParams(Params, frozen=True):
    id: Name


class ResultInfo(Result, frozen=True):
    """`kind` is "summary", "answer", or the name of the skill that made it; `item` the one item of
    the context that it was made of."""

    id: str
    kind: str
    title: str
    text: str
    at: float
    """Seconds since the epoch."""
    origin: str
    item: str | None = None


class ResultForgetParams(Params, frozen=True):
    """Without `id` all of them."""

    id: Name | None = None


class ResultForgetResult(Result, frozen=True):
    forgotten: int
