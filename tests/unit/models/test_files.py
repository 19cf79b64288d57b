"""Hashes, clones, and one at a time."""

import errno
import hashlib
from pathlib import Path

import pytest

from ingle.errors import Busy, Unavailable
from ingle.models import files
from ingle.models.files import alone, clone, sha256


def test_a_hash_is_told_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * (files.HASH_CHUNK + 1))
    told: list[tuple[int, int | None]] = []
    expected = hashlib.sha256(b"x" * (files.HASH_CHUNK + 1)).hexdigest()
    assert sha256(tmp_path / "f", lambda *step: told.append(step)) == expected
    assert told == [
        (files.HASH_CHUNK, files.HASH_CHUNK + 1),
        (files.HASH_CHUNK + 1, files.HASH_CHUNK + 1),
    ]


def test_a_clone_shares_nothing_that_a_writer_could_change(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"x" * 8192)
    if clone(source, target):
        source.write_bytes(b"y")
        assert target.read_bytes() == b"x" * 8192
    else:
        assert not target.exists()


def test_a_file_system_without_clones_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(files.fcntl, "ioctl", refuse)
    (tmp_path / "a").write_bytes(b"x")
    assert not clone(tmp_path / "a", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_one_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path / "models"), pytest.raises(Busy), alone(tmp_path / "models"):
        pass
    with alone(tmp_path / "models"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable), alone(tmp_path / "file" / "models"):
        pass
