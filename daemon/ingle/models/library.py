"""The models on this machine: `NAME.gguf` with a `NAME.json` beside it that says what it is.

Adapters (LoRA) stand among them and are told apart by their headers. The library knows files and
their stories, not engines. A model file is only ever put in place by
a rename, so that one that is mapped by a running engine never shrinks under it.
"""

import json
import os
from collections.abc import Iterator, Sequence
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
from ingle.wire.calls.model import Trial

CHOSEN = "chosen"
"""A file with the name of the model that the person made resident."""


MAX_NAME = 200
"""Characters; a file name may have 255 bytes."""

BLOCK = 512
"""Bytes of a unit of `st_blocks` (stat(2))."""

_HOW_TO_LIST = "`ingle model list` shows what is here"
_HOW_TO_ADD = "`ingle model list` shows what is here, `ingle model add PATH` adds one"


class Story(msgspec.Struct, kw_only=True):
    """What stands in the sidecar. `tier` None: never measured."""

    kind: Literal["model", "adapter"] = "model"
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
    original_sha256: str = ""
    """Of the file as it came, where another type of weights was kept."""
    trial: Trial | None = None
    """What was measured at import."""


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


@dataclass(frozen=True)
class InstalledAdapter:
    """A LoRA adapter: a small file that changes what a model of its architecture writes."""

    name: str
    path: Path
    architecture: str
    base: str
    """The model that it was trained on, as its file says it, or ""."""
    licence: str
    source: str
    size_bytes: int
    sha256: str
    is_verified: bool = False


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
        return [self._model(path, header) for path, header in self._files() if not header.is_adapter]

    def adapters(self) -> Sequence[InstalledAdapter]:
        """All adapters, by name."""
        return [self._adapter(path, header) for path, header in self._files() if header.is_adapter]

    def find(self, name: str) -> InstalledModel:
        """Raises `ModelNotFound`, and `BadModelFile` for one that cannot be loaded."""
        path = self._existing(name)
        if path is None:
            raise ModelNotFound(f"no model {name[:80]!r} on this machine", _how_to_get(name))
        header = self._header(path)
        if header.is_adapter:
            raise ModelNotFound(f"{name} is an adapter: it changes a model and is none")
        return self._model(path, header)

    def find_adapter(self, name: str) -> InstalledAdapter:
        """Raises `ModelNotFound`, and `BadModelFile` for one that cannot be loaded."""
        path = self._existing(name)
        if path is None:
            raise ModelNotFound(f"no adapter {name[:80]!r} on this machine", _HOW_TO_ADD)
        header = self._header(path)
        if not header.is_adapter:
            raise ModelNotFound(f"{name} is a model and no adapter", _HOW_TO_ADD)
        return self._adapter(path, header)

    def file_of(self, name: str) -> Path:
        """The file of a model or an adapter. Raises `ModelNotFound`."""
        path = self._existing(name)
        if path is None:
            raise ModelNotFound(f"no model {name[:80]!r} on this machine", _how_to_get(name))
        return path

    def trial_of(self, path: Path) -> Trial | None:
        """What was measured when a file came, if it is one of the library's."""
        name = path.name.removesuffix(".gguf")
        if path != self.path_of(name):
            return None
        with suppress(BadModelFile):
            return self._story_of(name, self._header(path)).trial
        return None

    def _files(self) -> Iterator[tuple[Path, Header]]:
        for path in sorted(self._directory.glob("*.gguf")):
            with suppress(BadModelFile):
                yield path, self._header(path)

    def _existing(self, name: str) -> Path | None:
        path = self.path_of(name)
        is_name = path.name == f"{name}.gguf" and len(name) <= MAX_NAME
        return path if is_name and path.is_file() else None

    def path_of(self, name: str) -> Path:
        """Where a model of that name stands or would stand."""
        return self._directory / f"{Path(name).name}.gguf"

    def remove(self, name: str) -> int:
        """Delete a model or an adapter and all that belongs to it; gives the bytes that are free now.

        A running engine keeps the file that it has open. Raises `ModelNotFound`, `Unavailable`.
        """
        path = self.path_of(name)
        if path.name != f"{name}.gguf" or len(name) > MAX_NAME or not os.path.lexists(path):
            raise ModelNotFound(f"no model {name[:80]!r} on this machine", _HOW_TO_LIST)
        own = [path, self.original_of(name), self._sidecar(name)]
        own += [path.with_name(f".{name}.{ending}") for ending in ("part", "validator")]
        freed = 0
        try:
            for file in own:
                if os.path.lexists(file):
                    freed += file.lstat().st_blocks * BLOCK
                    file.unlink()
            if self.current() == name:
                (self._directory / CHOSEN).unlink()
        except OSError as error:
            raise Unavailable(f"{name} cannot be removed: {error.strerror}") from None
        return freed

    def names(self) -> Sequence[str]:
        """All that claims to be a model or an adapter, whatever it is."""
        return sorted(path.name.removesuffix(".gguf") for path in self._directory.glob("*.gguf"))

    def original_of(self, name: str) -> Path:
        """Where a pulled file is kept when another one was made of it."""
        return self._directory / f"{Path(name).name}.original"

    def _model(self, path: Path, header: Header) -> InstalledModel:
        name = path.name.removesuffix(".gguf")
        entry, story = catalog().get(name), self._story_of(name, header)
        if entry and story.source not in ("", entry.source):
            entry = None  # a file of the person's own that has the same name
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

    def _adapter(self, path: Path, header: Header) -> InstalledAdapter:
        name = path.name.removesuffix(".gguf")
        story = self._story_of(name, header)
        base = header.metadata.get("general.base_model.0.name")
        return InstalledAdapter(
            name=name,
            path=path,
            architecture=header.architecture,
            base=base if isinstance(base, str) else "",
            licence=story.licence or _licence_in(header),
            source=story.source or f"file:{path.name}",
            size_bytes=header.size_bytes,
            sha256=story.sha256,
            is_verified=bool(story.verified),
        )

    def _story_of(self, name: str, header: Header) -> Story:
        """The sidecar, if it is about the file that stands there now."""
        story = self.story(name)
        return story if story.size_bytes in (0, header.size_bytes) else Story()

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
