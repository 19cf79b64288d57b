"""`context.*`: what plugins and people hand over, and what is remembered of it."""

from typing import Annotated

import msgspec

from ingle.wire.calls.base import Name, Params, Result, Text

Kind = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


class ContextPutParams(Params, frozen=True):
    """One of `text` and `path` (a text file that the daemon reads). `summarize`: true has it
    summarised next, however short and of whatever kind; false never; null as it is configured."""

    kind: Kind
    text: str | None = None
    path: str | None = None
    title: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    origin: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    summarize: bool | None = None


class ContextPutResult(Result, frozen=True):
    """`id` is null where the item was not accepted; then `reason` says why."""

    id: str | None
    accepted: bool
    reason: str | None = None


class ContextItemInfo(Result, frozen=True):
    id: str
    kind: str
    title: str
    origin: str
    chars: int
    created: float
    """Seconds since the epoch."""
    summary: str | None = None


class ContextItem(ContextItemInfo, frozen=True, kw_only=True):
    text: str


class ContextListParams(Params, frozen=True):
    kind: Kind | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50


class ContextGetParams(Params, frozen=True):
    id: Name


class ContextSearchParams(Params, frozen=True):
    query: Text
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10


class ContextHit(Result, frozen=True):
    """`start` and `end`: the first place that matched, in characters; `text` the words around it."""

    id: str
    title: str
    start: int
    end: int
    text: str


class ContextForgetParams(Params, frozen=True):
    """One of: one item, all of a kind, everything."""

    id: Name | None = None
    kind: Kind | None = None
    all: bool = False


class ContextForgetResult(Result, frozen=True):
    forgotten: int
