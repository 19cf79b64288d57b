"""A streamed HTTP answer without I/O: chunked bytes in, the JSON of server-sent events out.

As much of RFC 9112 (section 7.1) and of the HTML standard's event streams as llama-server uses.
"""

import json
from collections.abc import Iterator
from typing import Any


class BadAnswer(Exception):
    """What came is no event stream; the message has its beginning."""


class EventStream:
    """`feed` bytes as they arrive, from the status line on; it gives the events that are whole."""

    def __init__(self) -> None:
        self._raw, self._text = b"", b""
        self._is_headed = False

    def feed(self, data: bytes) -> Iterator[Any]:
        """Raises `BadAnswer` for another status than 200 and for what is not chunked."""
        self._raw += data
        if not self._is_headed and not self._head():
            return
        self._unchunk()
        *events, self._text = self._text.split(b"\n\n")
        for event in events:
            if event.startswith(b"data: ") and event != b"data: [DONE]":
                yield json.loads(event.removeprefix(b"data: "))

    def _head(self) -> bool:
        head, end, rest = self._raw.partition(b"\r\n\r\n")
        if not end:
            return False
        status, *fields = head.lower().split(b"\r\n")
        if b" 200 " not in status or b"transfer-encoding: chunked" not in fields:
            raise BadAnswer(self._raw[:300].decode("utf-8", "replace"))
        self._raw, self._is_headed = rest, True
        return True

    def _unchunk(self) -> None:
        while True:
            size, end, rest = self._raw.partition(b"\r\n")
            if not end:
                return
            length = int(size.split(b";")[0], 16)
            if len(rest) < length + 2:
                return
            self._text += rest[:length]
            self._raw = rest[length + 2 :]
