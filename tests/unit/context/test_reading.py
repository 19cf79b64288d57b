"""Files are read whole or refused with a reason."""

from pathlib import Path

import pytest

from ingle.context.reading import read_text
from ingle.errors import BadDocument, NotFound


def test_utf8_with_or_without_a_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe")
    assert read_text(str(tmp_path / "a"), 100) == "Grüße"


def test_what_is_not_utf8_names_the_byte(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"ab\xff")
    with pytest.raises(BadDocument, match="byte 2"):
        read_text(str(tmp_path / "a"), 100)


def test_too_large_missing_relative_and_no_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 101)
    with pytest.raises(BadDocument, match="MiB"):
        read_text(str(tmp_path / "a"), 100)
    with pytest.raises(NotFound):
        read_text(str(tmp_path / "b"), 100)
    with pytest.raises(NotFound):
        read_text(str(tmp_path), 100)
    with pytest.raises(BadDocument, match="absolute"):
        read_text("a", 100)
