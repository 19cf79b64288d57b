"""A text that a command works on: from a file or standard input, checked before it is sent."""

import shlex
import sys
from pathlib import Path

from ingle.errors import BadDocument, FrameTooLong, InvalidParams, NotFound, NotPermitted

STDIN = "-"

_MAGICS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF document", "pdftotext {name} - | ingle {command} -"),
    (b"PK\x03\x04", "a ZIP archive or an office document", "pandoc -t plain {name} | ingle {command} -"),
    (b"\x1f\x8b", "compressed with gzip", "zcat {name} | ingle {command} -"),
    (b"\xff\xfe", "UTF-16", "iconv -f utf-16 -t utf-8 {name} | ingle {command} -"),
    (b"\xfe\xff", "UTF-16", "iconv -f utf-16 -t utf-8 {name} | ingle {command} -"),
)
"""What people hand over most often instead of a text, and how it becomes one."""


def read_text(argument: str, command: str, max_bytes: int) -> str:
    """The text of the file `argument`, or of standard input for "-".

    `command` stands in the hints. Raises `NotFound`, `NotPermitted`, `BadDocument`,
    `InvalidParams` for a directory, `FrameTooLong` over `max_bytes`.
    """
    name = "standard input" if argument == STDIN else argument
    raw = sys.stdin.buffer.read(max_bytes + 1) if argument == STDIN else _read_file(argument, max_bytes)
    if len(raw) > max_bytes:
        raise too_long(name, max_bytes)
    text = _decoded(raw, name, command)
    if not text.strip():
        raise BadDocument(f"{name}: there is no text in it", "give a file with some text")
    return text


def too_long(name: str, max_bytes: int) -> FrameTooLong:
    return FrameTooLong(
        f"{name}: too large for one message ({max_bytes:,} bytes at most)",
        "hand over the file itself with `ingle context put FILE`, send a part of it,"
        " or raise limits.frame_bytes in config.toml and start the daemon anew",
    )


def _read_file(argument: str, max_bytes: int) -> bytes:
    try:
        with Path(argument).open("rb") as file:
            return file.read(max_bytes + 1)
    except FileNotFoundError:
        raise NotFound(f"{argument}: no such file", "`-` reads standard input") from None
    except IsADirectoryError:
        raise InvalidParams(f"{argument}: is a directory", "give a text file") from None
    except PermissionError:
        raise NotPermitted(f"{argument}: may not be read", f"look at `ls -l {argument}`") from None
    except (OSError, ValueError) as error:
        raise BadDocument(f"{argument}: cannot be read: {error}") from None


def _decoded(raw: bytes, name: str, command: str) -> str:
    for magic, what, how in _MAGICS:
        if raw.startswith(magic):
            shown = "FILE" if name == "standard input" else shlex.quote(name)
            hint = how.format(name=shown, command=command)
            raise BadDocument(f"{name}: {what}, not a text in UTF-8", hint)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocument(
            f"{name}: not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}",
            f"if it is an older text: iconv -f latin1 -t utf-8 FILE | ingle {command} -",
        ) from None
    if "\0" in text:
        raise BadDocument(f"{name}: a binary file: a zero byte at offset {raw.index(0)}")
    return text
