"""A running daemon for the tests of the whole, with a random-weight model or the embedded one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.running import RunningDaemon, daemon, install_model
from ingle.client import Ingle


@pytest.fixture
def home(private_dirs: Path, tiny_model: Path) -> Path:
    """A person's home with a model that loads at once."""
    install_model(private_dirs, tiny_model)
    return private_dirs


@pytest.fixture
def running(home: Path) -> Iterator[RunningDaemon]:
    with daemon(home) as started:
        yield started


@pytest.fixture
def client(running: RunningDaemon) -> Iterator[Ingle]:
    with running.client() as connected:
        yield connected
