"""`ingle plugin new`: what it writes works, and its own test passes."""

import subprocess
import sys
from pathlib import Path

import pytest

import ingle
from ingle.errors import InvalidParams
from ingle.plughost.manifest import read
from ingle.sdk.skeleton import create


def test_the_skeleton_is_a_plugin_whose_own_test_passes(tmp_path: Path) -> None:
    written = create("word-count", tmp_path)
    assert sorted(path.name for path in written) == [
        "README.md", "plugin.py", "plugin.toml", "test_plugin.py",
    ]  # fmt: skip
    assert read(tmp_path / "word-count").name == "word-count"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(written[-1])],
        cwd=tmp_path / "word-count",
        env={"PYTHONPATH": str(Path(ingle.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


@pytest.mark.parametrize("name", ["", "Hello", "a b", "../x", "1st", "a--b", "x" * 41, "é"])
def test_a_name_that_a_plugin_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidParams, match="cannot be a plugin's name"):
        create(name, tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    create("one", tmp_path)
    with pytest.raises(InvalidParams, match="already"):
        create("one", tmp_path)
