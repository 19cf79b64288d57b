"""Who can join a host that runs: nobody who stands on more than its process was started for."""

from pathlib import Path

import pytest

from fakes.plugin_daemon import write_plugin
from ingle.plughost import discovery, life
from ingle.plughost.discovery import BUILT_IN
from ingle.plughost.life import Life
from ingle.plughost.process import CannotStart, HostProcess
from ingle.plughost.tenant import Tenant
from ingle.rpc.dispatcher import Dispatcher


class Nowhere:
    """A place where nothing can be started; it notes what was required."""

    title = ""

    def __init__(self) -> None:
        self.required: list[list[str]] = []

    def missing(self, requires: object) -> str | None:
        return None

    async def start(self, name: str, requires: list[str], sockets: int) -> HostProcess:
        self.required.append(requires)
        raise CannotStart("there is no room", is_excused=True)


def tenants(folder: Path, source: str, **requires: list[str]) -> list[Tenant]:
    for name, required in requires.items():
        write_plugin(folder, name, host="shared", requires=required)
    found = discovery.find([(source, folder)]).plugins
    return [Tenant(found[name], {}, lambda _: None) for name in requires]


async def lived(of: Life) -> None:
    await of.keep(Dispatcher(), lambda: None, lambda: None)


async def test_after_one_has_left_the_next_host_is_not_started_for_it_and_it_cannot_join(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "EXCUSED_S", 0.0)
    window, bubbles = tenants(tmp_path, BUILT_IN, window=["display"], bubbles=["session-bus"])
    place = Nowhere()
    shared = Life("shared", (window, bubbles), place)
    await lived(shared)
    assert shared.can_be_of((window,))
    await shared.change((window,))
    assert shared.is_of((window,))
    assert shared.can_be_of((window, bubbles))  # the process that ended last was started for both
    await lived(shared)
    assert place.required == [["display", "session-bus"], ["display"]]
    assert not shared.can_be_of((window, bubbles))


async def test_somebody_elses_plugin_cannot_leave_and_nobody_joins_where_nobody_stays(
    tmp_path: Path,
) -> None:
    first, second = tenants(tmp_path, "user", first=[], second=[])
    shared = Life("shared", (first,), Nowhere())
    assert shared.can_be_of((first, second))
    assert not shared.can_be_of((second,))
    await shared.change((first, second))
    assert not shared.can_be_of((first,))
    shared.spoil(second)
    assert not shared.is_of((first, second))
