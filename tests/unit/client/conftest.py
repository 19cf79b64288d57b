"""A scripted daemon on a real socket for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.daemon import FakeDaemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    with FakeDaemon(tmp_path / "ingle.sock") as fake:
        yield fake
