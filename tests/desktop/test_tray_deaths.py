"""The tray outlives the session bus, which ends the process of everybody who speaks on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.conftest import XServer
from desktop.test_deaths import SessionBus
from desktop.tray_stage import Watcher, tray

pytestmark = pytest.mark.desktop

ROUNDS = 5


@pytest.fixture
def bus(private_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionBus]:
    """One that can be killed and started again at the same address."""
    made = SessionBus(private_dirs)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", made.address)
    made.start()
    yield made
    made.kill()


async def test_the_bus_may_die_and_come_back(
    x_server: XServer, bus: SessionBus, private_dirs: Path
) -> None:
    async with tray(private_dirs / "state") as daemon:
        for _ in range(ROUNDS):
            watcher = await Watcher.start(bus.address)
            await (await watcher.panel()).until_icon("ingle-tray-ready")
            await daemon.until_state("tray", "running")
            bus.kill()
            await daemon.until_state("tray", "waiting", "session bus")
            await watcher.end()
            bus.clear()
            bus.start()
        watcher = await Watcher.start(bus.address)
        await (await watcher.panel()).until_icon("ingle-tray-ready")
        await watcher.end()
