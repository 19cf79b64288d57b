"""Recurring beginnings of prompts, kept on disk from one life of the child to the next.

What is kept is ours: the tokens of a skill's template and instructions, and the model's state after
them. A person's text stands behind them in a prompt and never reaches this module: a state is taken
of a sequence that ends where the marked spans end (`Memory.export`).

A file is `MAGIC`, the length of its header, the header as JSON, the state as llama.cpp gave it, and a
CRC-32 of all that. It is written beside its place and renamed. Whatever is not as it should be (cut,
changed, of another model or another configuration) is deleted and computed again: llama.cpp refuses
states that do not fit, and one that takes the engine down with it is not tried twice.
"""

import hashlib
import logging
import os
import stat
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingle.engine.child.shelf import State

log = logging.getLogger(__name__)

MAGIC = b"ingle prefix 1\n"
_LENGTH = struct.Struct("<I")

MOST_BYTES = 512 << 20
"""Of all snapshots together; those that were used last are kept."""
LARGEST_PART = 4
"""One file takes at most one part in so many of them."""

SUFFIX, WRITING, TRYING = ".prefix", ".part", ".trying"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`state` is what `Context.state` gave for a sequence of these tokens under the adapter `key`."""

    key: str
    tokens: tuple[int, ...]
    state: State


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`identity` is whatever makes a state useless when it changes: the model, the configuration of
    the context, the build."""

    identity: str
    key: str
    tokens: list[int]
    state_bytes: int


def encode(identity: str, snapshot: Snapshot) -> bytes:
    """The whole file."""
    header = msgspec.json.encode(
        Header(identity, snapshot.key, list(snapshot.tokens), len(snapshot.state))
    )
    body = b"".join((MAGIC, _LENGTH.pack(len(header)), header, snapshot.state))
    return body + _LENGTH.pack(zlib.crc32(body))


def decode(data: bytes, identity: str) -> Snapshot:
    """The snapshot in a file. Raises `ValueError` for anything else than a whole one of `identity`."""
    start = len(MAGIC) + _LENGTH.size
    if not data.startswith(MAGIC) or len(data) < start + _LENGTH.size:
        raise ValueError("this is no snapshot")
    if _LENGTH.unpack(data[-_LENGTH.size :])[0] != zlib.crc32(memoryview(data)[: -_LENGTH.size]):
        raise ValueError("it was changed or cut")
    begin = start + _LENGTH.unpack_from(data, len(MAGIC))[0]
    try:
        header = msgspec.json.decode(data[start:begin], type=Header)
    except msgspec.DecodeError as error:
        raise ValueError("its header cannot be read") from error
    if header.identity != identity:
        raise ValueError("it is of another model or configuration")
    state = data[begin : -_LENGTH.size]
    if not header.tokens or len(state) != header.state_bytes:
        raise ValueError("it is not as long as it says")
    return Snapshot(header.key, tuple(header.tokens), state)


class Folder:
    """The snapshots of one model in one configuration, below a folder that all of them share."""

    def __init__(self, base: Path, identity: str, most_bytes: int = MOST_BYTES) -> None:
        """Raises `OSError` where there can be no private folder."""
        self._base, self._identity, self._most_bytes = base, identity, most_bytes
        self._own = base / _digest(identity)
        for folder in (base, self._own):
            _make_private(folder)
        for path in [*self._own.glob(f"*{WRITING}"), *self._own.glob(f"*{TRYING}")]:
            log.info("a snapshot that was not finished, or ended the engine, is deleted")
            path.unlink(missing_ok=True)

    def paths(self) -> list[Path]:
        """The files, the last used first."""
        return _by_use(self._own.glob(f"*{SUFFIX}"))

    def take(self, path: Path) -> Snapshot | None:
        """What is in a file, until `give_back`; one that is not sound is deleted. If the process ends
        in between, it was probably because of it."""
        trying = path.with_suffix(TRYING)
        try:
            path.replace(trying)
            return decode(_read(trying, self._most_bytes), self._identity)
        except (OSError, ValueError) as error:
            log.info("a snapshot is deleted: %s", error)
            trying.unlink(missing_ok=True)
            return None

    def give_back(self, path: Path, *, is_sound: bool) -> None:
        """llama.cpp took it, or will have no more of it."""
        trying = path.with_suffix(TRYING)
        if is_sound:
            trying.replace(path)
        else:
            log.info("a snapshot is deleted: llama.cpp refuses it")
            trying.unlink()

    def has(self, key: str, tokens: tuple[int, ...]) -> bool:
        return self._path(key, tokens).exists()

    def touch(self, key: str, tokens: tuple[int, ...]) -> None:
        """It is used: others go first."""
        try:
            os.utime(self._path(key, tokens))
        except OSError as error:
            log.info("a snapshot cannot be touched: %s", error.strerror)

    def save(self, snapshot: Snapshot) -> None:
        """Write it, whole or not at all, and make room for it. Errors are logged: it only costs time."""
        if len(snapshot.state) > self._most_bytes // LARGEST_PART:
            log.info("a snapshot of %d bytes is too large to keep", len(snapshot.state))
            return
        path = self._path(snapshot.key, snapshot.tokens)
        part = path.with_suffix(WRITING)
        try:
            _write(part, encode(self._identity, snapshot))
            part.replace(path)
            self._prune()
        except OSError as error:
            log.warning("a snapshot cannot be saved: %s", error.strerror)
            part.unlink(missing_ok=True)

    def _prune(self) -> None:
        used = 0
        for path in _by_use(self._base.glob(f"*/*{SUFFIX}")):
            used += path.stat().st_size
            if used > self._most_bytes:
                path.unlink(missing_ok=True)

    def _path(self, key: str, tokens: tuple[int, ...]) -> Path:
        return self._own / (_digest(f"{key}\n{tokens}") + SUFFIX)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _make_private(folder: Path) -> None:
    """Raises `OSError` for what is not a folder of ours that nobody else can read."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise NotADirectoryError(f"{folder} is not a folder of this user")
    folder.chmod(0o700)


def _by_use(paths: Iterable[Path]) -> list[Path]:
    """The last used first; without those that are gone meanwhile."""
    times = []
    for path in paths:
        try:
            times.append((path.lstat().st_mtime, path))
        except FileNotFoundError:
            continue
    return [path for _, path in sorted(times, reverse=True)]


def _read(path: Path, most_bytes: int) -> bytes:
    """Raises `OSError` for a link, `ValueError` for what is no file of a sensible size."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > most_bytes:
            raise ValueError("it is no file, or larger than any of ours")
        return file.read()


def _write(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
