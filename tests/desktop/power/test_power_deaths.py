"""Buses and X servers that die fifty times under the power plugin: nothing piles up in its process."""

import asyncio
import gc
import sys
import threading
from pathlib import Path

import pytest

from desktop.conftest import XServer
from desktop.power.stage import BusDaemon, Watched, power, said
from ingle.sdk.testing import FakeIngle

pytestmark = pytest.mark.desktop

ROUNDS = 50
SETTLED = 5
"""Rounds until what is made once is made."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause between two attempts doubles up to half a minute; here it does not."""
    plugin = sys.modules["ingle_plugin_power.plugin"]
    monkeypatch.setattr(plugin, "FIRST_RETRY_S", 0.01)
    monkeypatch.setattr(plugin, "LAST_RETRY_S", 0.02)


def kept() -> tuple[int, int, int]:
    """Open descriptors, threads and tasks of this process."""
    gc.collect()
    return len([*Path("/proc/self/fd").iterdir()]), threading.active_count(), len(asyncio.all_tasks())


async def heard(ingle: FakeIngle, times: int) -> None:
    assert isinstance(ingle._plugin, Watched)
    await ingle._plugin.has_heard_so_often(times)


async def test_fifty_deaths_of_the_bus_leave_nothing_behind(system_bus: BusDaemon) -> None:
    async with power(battery=True) as ingle:
        for number in range(ROUNDS):
            await heard(ingle, 2 * number + 1)
            if number == SETTLED:
                before = kept()
            if number < ROUNDS - 1:
                system_bus.kill()
                await heard(ingle, 2 * number + 2)
                system_bus.start()
        after = kept()
    assert [late - early for late, early in zip(after, before, strict=True)] == pytest.approx(
        [0, 0, 0], abs=3
    )


async def test_fifty_deaths_of_the_x_server_leave_nothing_behind(
    system_bus: BusDaemon, x_server: XServer
) -> None:
    async with power(fullscreen=True) as ingle:
        for number in range(ROUNDS):
            await said(ingle, "X11", False)
            if number == SETTLED:
                before = kept()
            if number < ROUNDS - 1:
                x_server.kill()
                await said(ingle, "X11", None)
                x_server.start()
        after = kept()
    assert [late - early for late, early in zip(after, before, strict=True)] == pytest.approx(
        [0, 0, 0], abs=3
    )
