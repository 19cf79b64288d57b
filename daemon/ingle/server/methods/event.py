"""`event.*` and `rpc.discover`: what the connection itself offers."""

from typing import Any, cast

from ingle.rpc.dispatcher import Call, Handler
from ingle.server.events import EventHub, Listener
from ingle.wire.calls.base import NoParams
from ingle.wire.calls.daemon import SubscribeParams, SubscribeResult
from ingle.wire.schema import openrpc


def handlers(hub: EventHub, version: str) -> dict[str, Handler]:
    async def subscribe(params: SubscribeParams, call: Call) -> SubscribeResult:
        return SubscribeResult(topics=hub.subscribe(cast(Listener, call.caller), params.topics))

    async def unsubscribe(params: SubscribeParams, call: Call) -> SubscribeResult:
        return SubscribeResult(topics=hub.unsubscribe(cast(Listener, call.caller), params.topics))

    async def discover(_: NoParams, call: Call) -> dict[str, Any]:
        return openrpc(version)

    return {"event.subscribe": subscribe, "event.unsubscribe": unsubscribe, "rpc.discover": discover}
