"""What a file is that is no GGUF, told from its first bytes, so that a person knows what went wrong.

A guess for an error message; nothing is decided by it.
"""

import codecs
import struct

SAMPLE_BYTES = 512
"""How much of a file's beginning the guess needs."""

_OTHER = "it is some other kind of file"

_MAGICS: dict[bytes, str] = {
    b"lmgg": "it is an old GGML file (before GGUF)",
    b"fmgg": "it is an old GGMF file (before GGUF)",
    b"tjgg": "it is an old GGJT file (before GGUF)",
    b"algg": "it is an old LoRA adapter (before GGUF)",
    b"nsgg": "it is a saved llama.cpp session",
    b"qsgg": "it is a saved llama.cpp sequence",
    b"PK\3\4": "it is a zip archive (a wheel or a PyTorch checkpoint)",
    b"\x1f\x8b": "it is a gzip archive",
    b"\x28\xb5\x2f\xfd": "it is a zstd archive",
    b"\xfd7zXZ": "it is an xz archive",
    b"7z\xbc\xaf": "it is a 7z archive",
    b"\x80\x02": "it is a Python pickle (a PyTorch checkpoint)",
    b"\x89HDF": "it is an HDF5 file (Keras weights)",
    b"%PDF": "it is a PDF document",
    b"\x7fELF": "it is a program",
    b"version https://git-lfs": "it is a Git LFS pointer, not the model that it points to",
}


def describe(start: bytes) -> str:
    """A clause that says what a file with this beginning is."""
    for magic, clause in _MAGICS.items():
        if start.startswith(magic):
            return clause
    if not start.strip(b"\0"):
        return "it begins with zeros, like an unfinished download"
    if _is_safetensors(start):
        return "it is a safetensors file"
    return _text(start)


def _is_safetensors(start: bytes) -> bool:
    """A safetensors file is the length of a JSON object, then that object."""
    return len(start) > 9 and struct.unpack_from("<Q", start)[0] < 2**32 and start[8:9] == b"{"


def _text(start: bytes) -> str:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(
            start
        )  # the sample may end inside a character
    except UnicodeDecodeError:
        return _OTHER
    head = text.lstrip("\ufeff \t\r\n").lower()
    if head.startswith(("<!doctype", "<html")):
        return "it is a web page, as a download gives where one has to log in first"
    if head.startswith(("{", "[")):
        return "it is JSON"
    return "it is a text" if all(char.isprintable() or char.isspace() for char in text) else _OTHER
