"""Buses of the test's own, with dbusmock's services on them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from desktop.power.stage import LOGIND, BusDaemon, Locks, Stage, stage, system_bus_of_its_own


@pytest.fixture
def system_bus(private_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusDaemon]:
    with system_bus_of_its_own(private_dirs, monkeypatch) as bus:
        yield bus


@pytest.fixture
async def system(system_bus: BusDaemon, private_dirs: Path) -> AsyncIterator[Stage]:
    async with stage(system_bus.address, private_dirs) as made:
        yield made


@pytest.fixture
async def session(session_bus: str, private_dirs: Path) -> AsyncIterator[Stage]:
    async with stage(session_bus, private_dirs) as made:
        yield made


@pytest.fixture
async def locks(system: Stage) -> AsyncIterator[Locks]:
    """With logind there."""
    await system.serve(LOGIND)
    made = Locks(system.fifo)
    yield made
    made.close()
