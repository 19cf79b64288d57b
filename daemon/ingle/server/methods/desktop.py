"""`desktop.*`: the graphical session that plugins run in; a port, as in `plugin`."""

from collections.abc import Mapping
from typing import Protocol, cast

from ingle.errors import NotPermitted
from ingle.rpc.dispatcher import Call, Handler
from ingle.rpc.peer import Peer
from ingle.wire.calls.base import Done
from ingle.wire.calls.desktop import DesktopAttachParams, DesktopChangedParams, DesktopEnded


class Sessions(Protocol):
    """What `plughost` offers."""

    async def attach(self, launcher: Peer, about: str, missing: Mapping[str, str]) -> str:
        """Have plugins run there until it is cancelled; gives why it is not wanted any more."""

    def changed(self, launcher: Peer, missing: Mapping[str, str]) -> None: ...


def handlers(sessions: Sessions) -> dict[str, Handler]:
    async def attach(params: DesktopAttachParams, call: Call) -> DesktopEnded:
        reason = await sessions.attach(_launcher(call), params.about, params.missing)
        return DesktopEnded(reason=reason)

    async def changed(params: DesktopChangedParams, call: Call) -> Done:
        sessions.changed(_launcher(call), params.missing)
        return Done()

    return {"desktop.attach": attach, "desktop.changed": changed}


def _launcher(call: Call) -> Peer:
    """Never a plugin, whatever it was granted: who starts the hosts holds the rights of all of them.

    Raises `NotPermitted`.
    """
    if call.caller.grants is not None:
        raise NotPermitted(f"{call.caller.name} is a plugin: only `ingle desktop` offers a session", "")
    return cast(Peer, call.caller)
