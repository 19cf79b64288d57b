"""`plugin.*`: what the plugin host can tell and do; a port, as server and plughost are strangers."""

import builtins
from typing import Any, Protocol

from ingle.rpc.dispatcher import Call, Handler
from ingle.wire.calls.base import NoParams
from ingle.wire.calls.plugin import (
    PluginCallParams,
    PluginGrants,
    PluginGrantsParams,
    PluginInfo,
    PluginParams,
)


class Plugins(Protocol):
    """What `plughost` offers; all of it may raise `NotFound`."""

    def list(self) -> list[PluginInfo]: ...
    async def enable(self, name: str) -> PluginInfo: ...
    async def disable(self, name: str) -> PluginInfo: ...
    async def call(self, plugin: str, command: str, args: dict[str, Any]) -> Any:
        """Raises `PluginFailed` when it does not run or does not answer."""

    def grants(self, name: str | None) -> builtins.list[PluginGrants]: ...


def handlers(plugins: Plugins) -> dict[str, Handler]:
    async def list_(_: NoParams, call: Call) -> list[PluginInfo]:
        return plugins.list()

    async def enable(params: PluginParams, call: Call) -> PluginInfo:
        return await plugins.enable(params.name)

    async def disable(params: PluginParams, call: Call) -> PluginInfo:
        return await plugins.disable(params.name)

    async def call_(params: PluginCallParams, call: Call) -> Any:
        return await plugins.call(params.plugin, params.command, params.args)

    async def grants(params: PluginGrantsParams, call: Call) -> list[PluginGrants]:
        return plugins.grants(params.name)

    return {
        "plugin.list": list_,
        "plugin.enable": enable,
        "plugin.disable": disable,
        "plugin.call": call_,
        "plugin.grants": grants,
    }
