"""Who may offer a session: the person's own clients, and no plugin, whatever it was granted."""

from collections.abc import Mapping
from typing import Any

import pytest

from ingle.errors import NotPermitted
from ingle.rpc.dispatcher import Call
from ingle.rpc.peer import Peer
from ingle.server.methods import desktop
from ingle.wire.calls.desktop import DesktopAttachParams, DesktopChangedParams
from ingle.wire.schema import GRANTS


class Client:
    def __init__(self, grants: frozenset[str] | None) -> None:
        self.name, self.grants = "plugin sly", grants

    async def notify(self, method: str, params: Mapping[str, Any]) -> None: ...

    def on_close(self, callback: Any) -> None: ...


class Sessions:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    async def attach(self, launcher: Peer, about: str, missing: Mapping[str, str]) -> str:
        self.told.append((launcher, about, missing))
        return "enough"

    def changed(self, launcher: Peer, missing: Mapping[str, str]) -> None:
        self.told.append((launcher, missing))


async def test_a_client_offers_its_session() -> None:
    sessions, client = Sessions(), Client(None)
    handlers = desktop.handlers(sessions)
    params = DesktopAttachParams(about="X11 :0", missing={"display": "no display"})
    answer = await handlers["desktop.attach"](params, Call(client))
    assert answer.reason == "enough"
    await handlers["desktop.changed"](DesktopChangedParams(missing={}), Call(client))
    assert sessions.told == [(client, "X11 :0", {"display": "no display"}), (client, {})]


@pytest.mark.parametrize("grants", [frozenset(), frozenset(GRANTS)])
async def test_a_plugin_never_does(grants: frozenset[str]) -> None:
    sessions = Sessions()
    handlers = desktop.handlers(sessions)
    with pytest.raises(NotPermitted, match="plugin sly"):
        await handlers["desktop.attach"](DesktopAttachParams(about="mine"), Call(Client(grants)))
    with pytest.raises(NotPermitted, match="plugin sly"):
        await handlers["desktop.changed"](DesktopChangedParams(missing={}), Call(Client(grants)))
    assert not sessions.told
