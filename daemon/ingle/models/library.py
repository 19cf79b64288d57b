"""The models on this machine: `NAME.gguf` with a `NAME.json` beside it that says what it is.

The library knows files and their stories, not engines. A model file is only ever put in place by
a rename, so that one that is mapped by a running engine never shrinks under it.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from ingle.errors import BadModelFile, ModelNotFound, Unavailable
from ingle.models.catalog import catalog
from ingle.models.families import family_of
from ingle.models.gguf import Header, read_header
from ingle.vocabulary import Tier

CHOSEN = "chosen"
"""A file with the name of the model that the person made resident."""


MAX_NAME = 200
"""Characters; a file name may have 255 bytes."""


class Story(msgspec.Struct, kw_only=True):
    """What stands in the sidecar. `tier` None: never measured."""

    size_bytes: int = 0
    """Of the file that the story is about; one of another size has taken its place."""
    source: str = ""
    sha256: str = ""
    verified: Literal["", "catalog", "publisher"] = ""
    """Whose sha256 the pulled file was found to have."""
    licence: str = ""
    family: str = ""
    tier: Tier | None = None
    abilities: dict[str, tuple[int, int]] = {}
    """Measured by `ingle model eval`: ability to (passed, total)."""


@dataclass(frozen=True)
class InstalledModel:
    """A model that can be loaded. `tier` is the measured one, else the catalog's, else None."""

    name: str
    path: Path
    family: str
    tier: Tier | None
    is_measured: bool
    licence: str
    source: str
    sha256: str
    size_bytes: int
    quantization: str = ""
    is_verified: bool = False
    """Somebody who knows the file stated its sha256. Otherwise llama.cpp should check its weights."""


class Library:
    """The models under one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._headers: dict[tuple[Path, int, int], Header] = {}

    @property
    def directory(self) -> Path:
        return self._directory

    def list(self) -> "list[InstalledModel]":
        """All models, by name; files that are no models are left out."""
        found = []
        for path in sorted(self._directory.glob("*.gguf")):
            try:
                found.append(self._read(path))
            except BadModelFile:
                continue
        return found

    def find(self, name: str) -> InstalledModel:
        """Raises `ModelNotFound`, and `BadModelFile` for one that cannot be loaded."""
        path = self.path_of(name)
        if path.name != f"{name}.gguf" or len(name) > MAX_NAME or not path.is_file():
            raise ModelNotFound(f"no model {name[:80]!r} on this machine", _how_to_get(name))
        return self._read(path)

    def path_of(self, name: str) -> Path:
        """Where a model of that name stands or would stand."""
        return self._directory / f"{Path(name).name}.gguf"

    def _read(self, path: Path) -> InstalledModel:
        name = path.name.removesuffix(".gguf")
        entry, header = catalog().get(name), self._header(path)
        story = self.story(name)
        if story.size_bytes not in (0, header.size_bytes):
            story = Story()
        return InstalledModel(
            name=name,
            path=path,
            family=story.family or (entry.family if entry else family_of(header)),
            tier=story.tier or (entry.tier if entry else None),
            is_measured=story.tier is not None,
            licence=story.licence or (entry.licence if entry else _licence_in(header)),
            source=story.source or (entry.source if entry else f"file:{path.name}"),
            sha256=story.sha256,
            size_bytes=header.size_bytes,
            quantization=header.quantization,
            is_verified=bool(story.verified),
        )

    def _header(self, path: Path) -> Header:
        """Always read, so that a damaged file is never given out; once for as long as it is the same."""
        try:
            status = path.stat()
        except OSError as error:
            raise BadModelFile(f"{path.name}: {error.strerror}") from None
        key = (path, status.st_size, status.st_mtime_ns)
        if key not in self._headers:
            self._headers[key] = read_header(path)
        return self._headers[key]

    def story(self, name: str) -> Story:
        """The sidecar of a model; an unreadable one is as good as none."""
        try:
            return msgspec.json.decode(self._sidecar(name).read_bytes(), type=Story)
        except (OSError, msgspec.DecodeError):
            return Story()

    def record(self, name: str, story: Story) -> None:
        """Write a model's sidecar. Raises `Unavailable` where it cannot be written."""
        text = json.dumps(msgspec.to_builtins(story), indent=2) + "\n"
        self._write(self._sidecar(name), text)

    def record_eval(self, name: str, tier: Tier, abilities: dict[str, tuple[int, int]]) -> None:
        """Keep what was measured with the model."""
        story = self.story(name)
        story.tier, story.abilities = tier, abilities
        story.size_bytes = self.find(name).size_bytes
        self.record(name, story)

    def choose(self, name: str) -> InstalledModel:
        """Make a model the one to load, also after a new start. Raises as `find` does."""
        model = self.find(name)
        self._write(self._directory / CHOSEN, name + "\n")
        return model

    def current(self) -> str | None:
        """The name that was chosen, if one was."""
        try:
            return (self._directory / CHOSEN).read_text("utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def _sidecar(self, name: str) -> Path:
        return self._directory / f"{Path(name).name}.json"

    def _write(self, path: Path, text: str) -> None:
        """Whole or not at all: a temporary file beside it, then a rename."""
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with draft.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise Unavailable(f"{path.name} cannot be written: {error.strerror}") from None


def _licence_in(header: Header) -> str:
    licence = header.metadata.get("general.license")
    return licence if isinstance(licence, str) and licence else "unknown"


def _how_to_get(name: str) -> str:
    if name in catalog():
        entry = catalog()[name]
        return f"`ingle model pull {name}` gets it ({entry.size_text}, {entry.licence})"
    return ModelNotFound.default_hint
