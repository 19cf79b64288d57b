"""The assistant over a real engine, with nothing between them but what the daemon has there too."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fakes.supervised import supervised
from ingle.assistant.assistant import Assistant
from ingle.assistant.skills import SkillSet
from ingle.config import EngineConfig
from ingle.context.items import Memory
from ingle.engine.supervisor import MODULE
from ingle.models.library import Library
from ingle.vocabulary import EngineState


@asynccontextmanager
async def fronted(model: Path, directory: Path, name: str) -> AsyncIterator[Assistant]:
    """A library of its own that holds only `model`, under `name`; loaded and ready."""
    library = Library(directory)
    _put(model, library.path_of(name))
    async with supervised(config=EngineConfig(n_ctx=8192), child_module=MODULE) as running:
        await running.supervisor.use(library.find(name))
        await running.until(EngineState.READY)
        yield Assistant(running.engine, library, Memory(10, 3600), SkillSet.load())


def _put(model: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(model)
    except OSError:  # another file system
        shutil.copyfile(model, target)
