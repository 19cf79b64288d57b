"""The package itself: what it offers and what it costs to import."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ingle


def modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    environ = {**os.environ, "PYTHONPATH": str(Path(ingle.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ
    )
    return set(done.stdout.split())


def test_the_blocking_client_is_imported_without_asyncio():
    loaded = modules_after("from ingle.client import Ingle")
    assert not loaded & {"asyncio", "threading.asyncio", "argparse", "subprocess", "logging"}


def test_the_async_client_is_imported_when_it_is_named():
    assert "asyncio" in modules_after("from ingle.client import AsyncIngle")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        importlib.import_module("ingle.client").nonsense  # noqa: B018
