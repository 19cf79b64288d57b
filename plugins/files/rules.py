"""Which files are read, and how bytes become text. Pure: paths are names here, nothing is opened."""

import codecs
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

SECRET = (
    "*.age",
    "*.asc",
    "*.gpg",
    "*.kdb",
    "*.kdbx",
    "*.key",
    "*.keystore",
    "*.jks",
    "*.ovpn",
    "*.p12",
    "*.pem",
    "*.pfx",
    "*.ppk",
    "*.psafe3",
    "*.wallet",
    "*_dsa",
    "*_ecdsa",
    "*_ed25519",
    "*_rsa",
    "*cookies*",
    "*credential*",
    "*password*",
    "*recovery*code*",
    "*secret*",
    "*token*",
    "id_*",
)
"""Never read, whatever `patterns` says. Hidden files and folders (.ssh, .gnupg, .env, .password-store,
browser profiles) are never read either."""

MOST_CONTROLS = 0.01
"""A text with more control characters than this is something binary."""


def is_wanted(path: Path, folder: Path, patterns: Iterable[str]) -> bool:
    """Whether a file below `folder` may be read, by its name alone."""
    inside = path.relative_to(folder)
    if any(part.startswith(".") or part.endswith("~") for part in inside.parts):
        return False
    name = path.name.lower()
    if any(fnmatch(part.lower(), secret) for part in inside.parts for secret in SECRET):
        return False
    return any(fnmatch(name, pattern.lower()) for pattern in patterns)


def decode(raw: bytes) -> str | None:
    """UTF-8, UTF-16 with its mark, or else Windows-1252; None for what is not text.

    Windows-1252 is what text files that are not UTF-8 are in practice; it is tried last, since
    nearly any bytes can be read as it.
    """
    for encoding in _encodings(raw):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.replace("\r\n", "\n") if _is_text(text) else None
    return None


def _encodings(raw: bytes) -> tuple[str, ...]:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    return ("utf-8-sig", "cp1252")


def _is_text(text: str) -> bool:
    controls = sum(char < " " and char not in "\n\t\r\f" for char in text)
    return "\0" not in text and controls <= MOST_CONTROLS * len(text)
