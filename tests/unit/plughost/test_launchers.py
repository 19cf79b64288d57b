"""Who offers a session: found while it lives, forgotten when it has ended, however it ended."""

import os
from pathlib import Path

from ingle.plughost.launchers import enrolled, running


def test_one_is_found_for_as_long_as_it_lives(tmp_path: Path) -> None:
    folder = tmp_path / "runtime/ingle"
    assert running(folder) == []
    with enrolled(folder):
        assert running(folder) == [os.getpid()]
        assert running(folder) == [os.getpid()]
    assert running(folder) == []
    assert list(folder.iterdir()) == []


def test_what_a_killed_one_left_behind_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "desktop-1.lock").touch()
    (tmp_path / "desktop-x.lock").touch()
    (tmp_path / "desktop-2.lock").symlink_to(tmp_path / "elsewhere")
    assert running(tmp_path) == []
    assert not (tmp_path / "desktop-1.lock").exists()


def test_a_folder_that_cannot_be_made_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with enrolled(tmp_path / "file"):
        assert running(tmp_path / "file") == []
