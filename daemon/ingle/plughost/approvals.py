"""What the person approved: which plugins are on, with which manifest and grants. Survives a crash."""

import logging
import os
from pathlib import Path

import msgspec

log = logging.getLogger(__name__)


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    enabled: bool
    manifest_sha256: str
    grants: list[str]


class Approvals:
    """The file `plugins.json`, whole in memory; every change is on disk when `put` returns."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._all = _read(file)

    def get(self, name: str) -> Approval | None:
        return self._all.get(name)

    def put(self, name: str, approval: Approval) -> None:
        """Raises `OSError` when it cannot be written; then nothing has changed."""
        changed = {**self._all, name: approval}
        _write(self._file, msgspec.json.format(msgspec.json.encode(changed)) + b"\n")
        self._all = changed

    def drop(self, name: str) -> None:
        """As if nothing had ever been decided about it. Raises as `put` does."""
        changed = {each: approval for each, approval in self._all.items() if each != name}
        if changed:
            _write(self._file, msgspec.json.format(msgspec.json.encode(changed)) + b"\n")
        else:
            self._file.unlink(missing_ok=True)
        self._all = changed


def _read(file: Path) -> dict[str, Approval]:
    """A file that cannot be understood approves nothing: the safe side."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Approval])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        log.warning("no plugin is enabled: %s cannot be read: %s", file.name, error)
        return {}


def _write(file: Path, content: bytes) -> None:
    """Write under another name, then rename: a full disk or a crash leaves the old file."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
