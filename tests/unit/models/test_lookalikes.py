"""A person who has the wrong file is told which one it is."""

import io
import json
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.models.lookalikes import SAMPLE_BYTES, describe


def a_wheel() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("model.gguf", b"x" * 1000)
    return whole.getvalue()


def a_safetensors_file() -> bytes:
    head = json.dumps({"w": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    return struct.pack("<Q", len(head)) + head + b"\0\0"


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (struct.pack("<I", 0x67676D6C), "old GGML"),
        (struct.pack("<I", 0x67676D66), "old GGMF"),
        (struct.pack("<I", 0x67676A74), "old GGJT"),
        (struct.pack("<I", 0x67676C61), "old LoRA"),
        (a_wheel(), "zip archive"),
        (a_safetensors_file(), "safetensors"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\n  <html lang=en>", "web page"),
        (b'{"error": "gated"}', "JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS pointer"),
        (b"Access denied\n", "it is a text"),
        (("é" * SAMPLE_BYTES).encode()[:SAMPLE_BYTES], "it is a text"),
        (("a" + "é" * SAMPLE_BYTES).encode()[:SAMPLE_BYTES], "it is a text"),
        (bytes(SAMPLE_BYTES), "begins with zeros"),
        (b"\xde\xad\xbe\xef" * 8, "some other kind"),
        (b"\1\2\3", "some other kind"),
    ],
)
def test_a_known_kind_is_named(start: bytes, words: str) -> None:
    assert words in describe(start[:SAMPLE_BYTES])


@given(st.binary(max_size=SAMPLE_BYTES))
def test_any_beginning_gives_a_clause(start: bytes) -> None:
    assert describe(start).startswith("it ")
