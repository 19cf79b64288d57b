"""Models whose loads go as their names say, for the scripted engine child."""

import os
import shutil
from pathlib import Path

import pytest

from fakes.engine_child import pipe_beside
from fakes.supervised import NamedModel, installed
from ingle.models.library import InstalledModel


@pytest.fixture
def named(tiny_model: Path, tmp_path: Path) -> NamedModel:
    """A model whose file's name tells the fake child how its load goes."""

    def made(name: str) -> InstalledModel:
        path = tmp_path / f"{name}.gguf"
        shutil.copy(tiny_model, path)
        if name.startswith("wait"):
            os.mkfifo(pipe_beside(path))
        return installed(path, name)

    return made
