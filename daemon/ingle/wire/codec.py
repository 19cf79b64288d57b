"""Values to bytes and back: strict UTF-8 JSON, nothing else (never pickle, never NaN)."""

from typing import Any

import msgspec

from ingle.errors import ParseError

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


def encode(message: Any) -> bytes:
    """One frame, newline included; msgspec writes no raw newline inside a JSON text."""
    return _encoder.encode(message) + b"\n"


def decode(line: bytes) -> Any:
    """The JSON value of one frame. Raises `ParseError`."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ParseError(f"not valid JSON: {error}") from None
    except RecursionError:
        raise ParseError("not valid JSON: nested too deeply") from None
