"""Whether somebody serves, seen without connecting: a connection could start a daemon."""

import fcntl
from pathlib import Path

import pytest

from ingle.client.presence import is_served


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "ingle.sock.lock").write_text("")
    return tmp_path / "ingle.sock"


def test_a_lock_that_is_held_is_a_daemon(path: Path) -> None:
    lock = path.with_name("ingle.sock.lock")
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert is_served(path)
    assert not is_served(path)


def test_to_look_takes_nothing_from_a_daemon_that_starts(path: Path) -> None:
    assert not is_served(path)
    with path.with_name("ingle.sock.lock").open() as starting:
        fcntl.flock(starting, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_without_a_lock_file_it_is_worth_trying(tmp_path: Path) -> None:
    assert is_served(tmp_path / "forwarded.sock")


def test_without_proc_it_is_worth_trying(path: Path, tmp_path: Path) -> None:
    assert is_served(path, locks=tmp_path / "none")


def test_rows_that_are_no_locks_of_ours_do_not_count(path: Path, tmp_path: Path) -> None:
    inode = path.with_name("ingle.sock.lock").stat().st_ino
    table = tmp_path / "locks"
    table.write_text(
        f"1: POSIX  ADVISORY  WRITE 1 00:1a:{inode} 0 EOF\n"
        f"2: -> FLOCK  ADVISORY  WRITE 1 00:1a:{inode} 0 EOF\n"
        f"3: FLOCK  ADVISORY  WRITE 1 00:1a:{inode}1 0 EOF\n\n"
    )
    assert not is_served(path, locks=table)
    table.write_text(f"1: FLOCK  ADVISORY  WRITE 1 00:1a:{inode} 0 EOF\n")
    assert is_served(path, locks=table)
