"""`context.*`: the gate, the memory, and the word to those who care that something arrived."""

import asyncio

from ingle.assistant.digest import Digest
from ingle.config import ContextConfig
from ingle.context import policy
from ingle.context.items import Item, Memory, find
from ingle.context.reading import read_text
from ingle.context.results import Publish, Results
from ingle.errors import InvalidParams, NotPermitted, Paused
from ingle.rpc.dispatcher import Call, Handler
from ingle.wire.calls.context import (
    ContextForgetParams,
    ContextForgetResult,
    ContextGetParams,
    ContextHit,
    ContextItem,
    ContextItemInfo,
    ContextListParams,
    ContextPutParams,
    ContextPutResult,
    ContextSearchParams,
)

AROUND = 80
"""Characters shown on either side of a hit."""


class ContextMethods:
    """The handlers, with the state that they share: `is_paused` and the limits."""

    def __init__(
        self,
        memory: Memory,
        results: Results,
        digest: Digest,
        publish: Publish,
        config: ContextConfig,
    ) -> None:
        self._memory, self._results, self._digest, self._publish = memory, results, digest, publish
        self.config = config
        self.is_paused = False

    def pause(self, reason: str = "") -> None:
        """Refuse what plugins send."""
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def handlers(self) -> dict[str, Handler]:
        return {
            "context.put": self.put,
            "context.list": self.listed,
            "context.get": self.get,
            "context.search": self.search,
            "context.forget": self.forget,
        }

    async def put(self, params: ContextPutParams, call: Call) -> ContextPutResult:
        if self.is_paused and call.caller.grants is not None:
            raise Paused("paused: plugins may not send")
        text = await self._text(params, call)
        reason = policy.refusal(text, self.config.max_item_bytes)
        if reason is not None:
            return ContextPutResult(id=None, accepted=False, reason=reason)
        item = Item(
            kind=params.kind,
            title=params.title or policy.title_of(text, params.path),
            origin=params.origin or params.path or call.caller.name,
            text=text,
        )
        self._memory.put(item)
        self._publish("context", "item.added", {"item": _info(item)})
        if params.summarize or (params.summarize is None and self._digest.wants(item)):
            self._digest.add(item, is_asked=params.summarize is True)
        return ContextPutResult(id=item.id, accepted=True)

    async def _text(self, params: ContextPutParams, call: Call) -> str:
        if params.text is not None and params.path is None:
            return params.text
        if params.path is None or params.text is not None:
            raise InvalidParams("give one of `text` and `path`")
        if call.caller.grants is not None:
            raise NotPermitted(f"{call.caller.name} may not have the daemon read files", "send `text`")
        return await asyncio.to_thread(read_text, params.path, self.config.max_item_bytes)

    async def listed(self, params: ContextListParams, _: Call) -> list[ContextItemInfo]:
        items = self._memory.newest(params.kind)
        return [_info(item) for item, _ in zip(items, range(params.limit), strict=False)]

    async def get(self, params: ContextGetParams, _: Call) -> ContextItem:
        return _whole(self._memory.get(params.id))

    async def search(self, params: ContextSearchParams, _: Call) -> list[ContextHit]:
        hits = []
        for item in self._memory.newest():
            span = find(item.text, params.query)
            if span is not None:
                hits.append(_hit(item, *span))
        return hits[: params.limit]

    async def forget(self, params: ContextForgetParams, _: Call) -> ContextForgetResult:
        ids = self._named(params)
        self._digest.forget(set(ids))
        self._results.forget_made_of(set(ids))
        if params.all:
            self._results.forget([each.id for each in self._results.newest()])
        return ContextForgetResult(forgotten=self._memory.forget(ids))

    def _named(self, params: ContextForgetParams) -> list[str]:
        if (params.id is not None) + (params.kind is not None) + params.all != 1:
            raise InvalidParams("give one of `id`, `kind` and `all`")
        if params.id is not None:
            return [self._memory.get(params.id).id]
        return [item.id for item in self._memory.newest(params.kind)]


def _info(item: Item) -> ContextItemInfo:
    return ContextItemInfo(
        id=item.id, kind=item.kind, title=item.title, origin=item.origin,
        chars=len(item.text), created=item.created, summary=item.summary,
    )  # fmt: skip


def _whole(item: Item) -> ContextItem:
    return ContextItem(
        id=item.id, kind=item.kind, title=item.title, origin=item.origin, text=item.text,
        chars=len(item.text), created=item.created, summary=item.summary,
    )  # fmt: skip


def _hit(item: Item, start: int, end: int) -> ContextHit:
    around = item.text[max(0, start - AROUND) : end + AROUND]
    return ContextHit(id=item.id, title=item.title, start=start, end=end, text=around)
