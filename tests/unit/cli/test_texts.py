"""What people hand over, good and bad."""

import io
import os

import pytest

from ingle.cli.texts import read_text
from ingle.errors import BadDocument, FrameTooLong, InvalidParams, NotFound

LIMIT = 1000


def read(path, limit=LIMIT):
    return read_text(str(path), "summarize", limit)


def test_a_file(tmp_path):
    (tmp_path / "a").write_text("grüße\n", encoding="utf-8")
    assert read(tmp_path / "a") == "grüße\n"


def test_a_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfhello")
    assert read(tmp_path / "a") == "hello"


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe")))
    assert read("-") == "from a pipe"


def test_a_missing_file(tmp_path):
    with pytest.raises(NotFound, match="nobody"):
        read(tmp_path / "nobody")


def test_a_directory(tmp_path):
    with pytest.raises(InvalidParams, match="directory"):
        read(tmp_path)


def test_a_path_with_a_zero_byte():
    with pytest.raises(BadDocument):
        read("a\0b")


def test_a_special_file_that_cannot_be_read(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(BadDocument, match="cannot be read"):
        read(loop)


@pytest.mark.parametrize("content", [b"", b" \n\t\n"])
def test_no_text(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(BadDocument, match="no text"):
        read(tmp_path / "a")


def test_invalid_utf8_names_the_byte(tmp_path):
    (tmp_path / "a").write_bytes(b"caf\xe9 au lait")
    with pytest.raises(BadDocument, match="byte 0xe9 at offset 3") as raised:
        read(tmp_path / "a")
    assert "iconv" in raised.value.hint


def test_a_binary_file(tmp_path):
    (tmp_path / "a").write_bytes(b"ELF\0\1")
    with pytest.raises(BadDocument, match="zero byte at offset 3"):
        read(tmp_path / "a")


@pytest.mark.parametrize(
    ("content", "next_step"),
    [
        (b"%PDF-1.7", "pdftotext"),
        (b"PK\x03\x04", "pandoc"),
        (b"\x1f\x8b", "zcat"),
        (b"\xff\xfeh\0", "iconv"),
    ],
)
def test_a_known_kind_of_file_gets_the_command_that_makes_it_text(tmp_path, content, next_step):
    (tmp_path / "a b").write_bytes(content)
    with pytest.raises(BadDocument) as raised:
        read(tmp_path / "a b")
    assert next_step in raised.value.hint
    assert f"'{tmp_path}/a b'" in raised.value.hint


def test_a_text_over_the_limit_is_not_read_whole(tmp_path):
    with (tmp_path / "big").open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    with pytest.raises(FrameTooLong, match="1,000") as raised:
        read(tmp_path / "big")
    assert "ingle context put" in raised.value.hint


def test_a_text_of_exactly_the_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * LIMIT)
    assert len(read(tmp_path / "a")) == LIMIT
