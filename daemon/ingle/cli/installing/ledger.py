"""What `ingle setup` has written, so that it can take back exactly that, whatever happens between.

A file is named here before it is written, with the hash that it will have: a set-up that was cut
off is finished or taken back by the next one. A file whose hash is not known here was changed by
somebody else; it is neither overwritten nor removed.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from ingle.cli.installing.table import File
from ingle.errors import IngleError

Outcome = Literal["written", "same", "foreign"]


class Entry(msgspec.Struct, kw_only=True):
    """A file or link of ours; several hashes while one content takes the place of another."""

    hashes: list[str]


class Record(msgspec.Struct, kw_only=True):
    files: dict[str, Entry] = {}
    folders: list[str] = []
    """Those that were not there before, in the order they were made."""
    plugins: list[str] = []
    """Those that were enabled by the set-up."""


class Ledger:
    """The record as a file; `save` after each change of it."""

    def __init__(self, file: Path) -> None:
        """Raises `IngleError` where it cannot be understood: nothing would be known to be ours."""
        self._file = file
        try:
            self.record = msgspec.json.decode(file.read_bytes(), type=Record)
        except FileNotFoundError:
            self.record = Record()
        except msgspec.DecodeError as error:
            raise IngleError(
                f"{file} cannot be understood: {error}", "move it away; what it named stays installed"
            ) from None

    @property
    def is_empty(self) -> bool:
        return not (self.record.files or self.record.folders or self.record.plugins)

    def outcome(self, file: File) -> Outcome:
        """What `put` would do: write it, leave it as it is, or leave it to whoever changed it."""
        found = fingerprint(file.path)
        if found == _fingerprint_of(file):
            return "same"
        entry = self.record.files.get(str(file.path))
        is_ours = found is None or (entry is not None and found in entry.hashes)
        return "written" if is_ours else "foreign"

    def put(self, file: File) -> Outcome:
        """Have the file on disk, whole or not at all. Raises `OSError`."""
        outcome, wanted = self.outcome(file), _fingerprint_of(file)
        if outcome == "foreign":
            return outcome
        entry = self.record.files.setdefault(str(file.path), Entry(hashes=[]))
        if outcome == "written":
            entry.hashes = [*(known for known in entry.hashes if known != wanted), wanted]
            self.make(file.path.parent)
            self.save()
            _replace(file)
        if entry.hashes != [wanted]:
            entry.hashes = [wanted]
            self.save()
        return outcome

    def make(self, folder: Path) -> bool:
        """Have a folder; whether it had to be made. Raises `OSError`."""
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            self.record.folders.append(str(each))
            self.save()
            each.mkdir(mode=0o700, exist_ok=True)  # `save` may just have made it
        return bool(missing)

    def is_ours(self, path: str) -> bool:
        """Whether a file of the record is as it was written, or gone."""
        found = fingerprint(Path(path))
        return found is None or found in self.record.files[path].hashes

    def take_back(self, path: str) -> bool:
        """Remove a file of ours and forget it; False where somebody changed it, and it stays."""
        is_ours = self.is_ours(path)
        if is_ours:
            Path(path).unlink(missing_ok=True)
        del self.record.files[path]
        self.save()
        return is_ours

    def take_back_folders(self) -> list[str]:
        """Remove those of our folders that are empty, the last first; gives the others.

        The record goes first: it may lie in one of them.
        """
        folders, self.record.folders = self.record.folders, []
        self.save()
        kept = []
        for folder in reversed(folders):
            try:
                Path(folder).rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                kept.append(folder)
        return kept

    def save(self) -> None:
        """Raises `OSError`."""
        if self.is_empty:
            self._file.unlink(missing_ok=True)
            return
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = msgspec.json.format(msgspec.json.encode(self.record)) + b"\n"
        _replace(File(self._file, content), 0o600)


def fingerprint(path: Path) -> str | None:
    """SHA-256 of a file's content, of a link's target; None where there is nothing."""
    try:
        if path.is_symlink():
            return _hash(b"link\0" + os.fsencode(path.readlink()))
        return _hash(path.read_bytes())
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        return "a folder"


def _fingerprint_of(file: File) -> str:
    return _hash(b"link\0" + os.fsencode(file.target) if file.target else file.content)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _replace(file: File, mode: int = 0o644) -> None:
    """Under another name first: a full disk or a crash leaves what was there."""
    temporary = file.path.with_name(f".{file.path.name}.{os.getpid()}")
    try:
        if file.target:
            temporary.symlink_to(file.target)
        else:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
                out.write(file.content)
                out.flush()
                os.fsync(out.fileno())
        temporary.replace(file.path)
    finally:
        with suppress(OSError):
            temporary.unlink()
