"""What comes in is written where it belongs, and what the disk says is a sentence."""

import io
from errno import EACCES, ENOSPC
from pathlib import Path

import pytest

from ingle.errors import Unavailable
from ingle.models.parts import check_room, copy, writing


def test_a_copy_goes_on_behind_what_is_there_and_tells_of_it(tmp_path: Path) -> None:
    part, told = tmp_path / "part", []
    part.write_bytes(b"0123456789")
    copy(io.BytesIO(b"abc"), part, 4, 7, lambda done, total: told.append((done, total)))
    assert part.read_bytes() == b"0123abc"
    assert told == [(7, 7)]


def test_a_copy_from_the_start_replaces_what_was_there(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(b"0123456789")
    copy(io.BytesIO(b"abc"), part, 0, None, lambda *_: None)
    assert part.read_bytes() == b"abc"


@pytest.mark.parametrize(("number", "words"), [(ENOSPC, "disk is full"), (EACCES, "cannot be written")])
def test_what_the_disk_says_is_a_sentence(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(Unavailable, match=words), writing(tmp_path / "part"):
        raise OSError(number, "as the kernel says it")


def test_a_full_disk_in_the_middle_is_a_sentence() -> None:
    with pytest.raises(Unavailable, match="disk is full"):
        copy(io.BytesIO(b"abc"), Path("/dev/full"), 0, None, lambda *_: None)


def test_a_source_that_breaks_is_not_the_disks_fault(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError), writing(tmp_path / "part"):
        raise ConnectionResetError


def test_what_does_not_fit_is_not_begun(tmp_path: Path) -> None:
    check_room(tmp_path, 1)
    with pytest.raises(Unavailable, match="are free"):
        check_room(tmp_path, 2**62)
