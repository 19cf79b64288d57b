"""The real engine child under a real supervisor, with the embedded model."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from fakes.supervised import Supervised, installed, supervised
from ingle.config import EngineConfig
from ingle.engine.supervisor import MODULE
from ingle.vocabulary import EngineState

Start = Callable[..., AbstractAsyncContextManager[Supervised]]


@pytest.fixture(scope="session")
def start(embedded_model: Path) -> Start:
    """`async with start(slots=1, n_ctx=512) as engine`: loaded and ready."""

    @asynccontextmanager
    async def started(n_ctx: int = 2048, slots: int = 4) -> AsyncIterator[Supervised]:
        config = EngineConfig(n_ctx=n_ctx, slots=slots)
        async with supervised(config=config, child_module=MODULE) as running:
            await running.supervisor.use(installed(embedded_model))
            await running.until(EngineState.READY)
            yield running

    return started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(start: Start) -> AsyncIterator[Supervised]:
    """One engine for a module: what a test does to it must not outlive the test."""
    async with start() as running:
        yield running
