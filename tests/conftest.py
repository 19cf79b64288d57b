"""What every test stands on: a private set of XDG directories, and real things or a named reason.

With `INGLE_TEST_STRICT=1` (CI) a missing model, display or tool is a failure, not a skip.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from ingle.paths import Paths

settings.register_profile("ingle", deadline=None, print_blob=True)
settings.register_profile("thorough", settings.get_profile("ingle"), max_examples=3000)
settings.load_profile("ingle")
"""No example has a deadline: tests never judge by the clock, and this machine may be busy.
`--hypothesis-profile=thorough` looks for what a hundred examples do not find."""

REAL_PATHS = Paths.from_environment()
"""The person's own directories: models are read there, nothing is ever written."""


def missing(what: str) -> NoReturn:
    """Skip because `what` is not on this machine; on CI that is a failure."""
    if os.environ.get("INGLE_TEST_STRICT"):
        pytest.fail(f"{what} is missing and INGLE_TEST_STRICT is set", pytrace=False)
    pytest.skip(f"{what} is missing (`make test` installs it)")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the slow tests too (pulls a small model)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def embedded_model() -> Path:
    """The embedded model's Q8_0 file; `INGLE_TEST_MODEL` names another one."""
    if os.environ.get("INGLE_TEST_MODEL"):
        return Path(os.environ["INGLE_TEST_MODEL"])
    from ingle.errors import ModelNotFound
    from ingle.models.catalog import EMBEDDED
    from ingle.models.library import Library

    try:
        return Library(REAL_PATHS.models).find(EMBEDDED).path
    except ModelNotFound:
        missing("the embedded model")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random-weight GGUF of some 250 kB: it loads in milliseconds and talks nonsense."""
    from fakes import tiny_gguf

    return tiny_gguf.build(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture
def private_dirs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Fresh XDG directories under a short path (a socket's path may have 107 bytes)."""
    root = Path(tempfile.mkdtemp(prefix="ingle-", dir="/tmp"))
    for name in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"):
        folder = root / name.lower()
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(f"XDG_{name}", str(folder))
    monkeypatch.setenv("HOME", str(root))
    for name in ("INGLE_SOCKET", "NOTIFY_SOCKET", "LISTEN_FDS", "WATCHDOG_USEC"):
        monkeypatch.delenv(name, raising=False)
    yield root
    shutil.rmtree(root)
