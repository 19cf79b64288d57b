"""The process that the desktop's plugins share: which of them run in it, and what it weighs."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
from figures import Figure
from place import CannotMeasure, Place

from ingle.client import Ingle
from ingle.errors import IngleError
from ingle.vocabulary import PluginState
from ingle.wire.calls.daemon import StatusResult
from ingle.wire.calls.plugin import PluginInfo

HOST = "desktop"
MIB = 2**20


@contextmanager
def only(place: Place, config: str, names: tuple[str, ...]) -> Iterator[Ingle]:
    """A fresh daemon with just these plugins running; afterwards they are what they were."""
    with place.configured(config) as ingle:
        before = _enabled(ingle)
        _enable(ingle, set(names))
    try:
        with place.configured(config) as ingle:  # what was imported for the others is gone
            for name in names:
                ingle.call("plugin.enable", name=name)  # returns once it runs
            try:
                yield ingle
            finally:
                with suppress(IngleError):
                    _enable(ingle, before)
    finally:
        place.reset()


def enable_all(ingle: Ingle) -> None:
    """Every plugin of the desktop."""
    for plugin in ingle.status().plugins:
        if plugin.host == HOST:
            ingle.call("plugin.enable", name=plugin.name)


def waiting(status: StatusResult) -> list[PluginInfo]:
    """Those of the desktop that are enabled and do not run."""
    return [
        one
        for one in status.plugins
        if one.host == HOST and one.state not in {PluginState.DISABLED, PluginState.RUNNING}
    ]


def weight(status: StatusResult, name: str) -> Iterator[Figure]:
    """RSS, and PSS, which counts what it shares with others (libraries) by its share; which plugins
    run in it, and what keeps those that are enabled and do not run."""
    running = [one for one in status.plugins if one.host == HOST and one.state == PluginState.RUNNING]
    pids = {one.pid for one in running}
    if len(pids) != 1:
        raise CannotMeasure(f"the plugins of the desktop run in {len(pids)} processes")
    memory = psutil.Process(pids.pop()).memory_full_info()
    missing = [f"without {one.name}: {one.reason or one.state}" for one in waiting(status)]
    note = "; ".join([", ".join(one.name for one in running), *missing])
    yield Figure(f"RSS of the desktop host, {name}", memory.rss / MIB, "MiB", note=note)
    yield Figure(f"PSS of the desktop host, {name}", memory.pss / MIB, "MiB")


def _enabled(ingle: Ingle) -> set[str]:
    return {plugin.name for plugin in ingle.status().plugins if plugin.state != PluginState.DISABLED}


def _enable(ingle: Ingle, names: set[str]) -> None:
    """These and no others."""
    enabled = _enabled(ingle)
    for name in enabled - names:
        ingle.call("plugin.disable", name=name)
    for name in names - enabled:
        ingle.call("plugin.enable", name=name)
