"""Getting a model: fetch, check the hash, check the header, put in place by a rename.

Run by the person only (`ingle model pull`, the set-up). `python -m ingle.models.pull NAME` is
what the set-up calls. What stops in the middle goes on with the next run; what is there already
costs nothing.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from ingle.errors import BadModelFile, IngleError, InvalidParams, ModelNotFound, Unavailable
from ingle.models.catalog import CatalogEntry, catalog
from ingle.models.families import family_of
from ingle.models.gguf import read_header
from ingle.models.library import InstalledModel, Library
from ingle.models.sources import Progress, fetch
from ingle.paths import Paths

HASH_CHUNK = 4 * 1024 * 1024


def entry_for(name_or_source: str) -> CatalogEntry | None:
    """The catalog's row, or None for a source that the person names.

    Raises `ModelNotFound` for what is neither.
    """
    if name_or_source in catalog():
        return catalog()[name_or_source]
    if ":" in name_or_source:
        return None
    raise ModelNotFound(
        f"{name_or_source[:80]!r} is not in the catalog",
        "`ingle model list` shows it; any file: hf:OWNER/REPO/FILE.gguf, https://..., file:PATH",
    )


def pull(name_or_source: str, library: Library, progress: Progress) -> InstalledModel:
    """Get a model of the catalog or from a source; gives it as installed.

    Raises an `IngleError`: the hash or the header is wrong (`BadModelFile`; nothing is kept),
    the download stopped (`Unavailable`; it resumes), no room.
    """
    entry = entry_for(name_or_source)
    source = entry.source if entry else name_or_source
    name = entry.name if entry else _name_of(source)
    if library.path_of(name).is_file():
        return library.find(name)
    _make(library.directory)
    original = _fetched(entry, source, name, library, progress)
    path = library.path_of(name)
    if entry and entry.requantize:
        _requantize(original, path, entry.requantize)
    else:
        original.replace(path)
    _record(library, name, source, entry, path)
    return library.find(name)


def _fetched(
    entry: CatalogEntry | None, source: str, name: str, library: Library, progress: Progress
) -> Path:
    """The checked original: kept as `NAME.original` where it will be requantised."""
    original = library.directory / f"{name}.original"
    expected = entry.sha256 if entry else ""
    if original.is_file() and expected and sha256(original) == expected:
        return original
    part = library.directory / f".{name}.part"
    stated = fetch(source, part, progress)
    _check(part, expected or stated)
    _sync(part)
    part.replace(original)
    return original


def _check(part: Path, expected: str) -> None:
    """Raises `BadModelFile` and removes the file: resuming a wrong one would never end."""
    try:
        if expected and sha256(part) != expected:
            raise BadModelFile(
                "what came is not what was published (sha256 differs)",
                "run it again; tell the publisher",
            )
        read_header(part)
    except BadModelFile:
        part.unlink()
        raise


def _requantize(original: Path, path: Path, kind: str) -> None:
    """llama.cpp does it, in a process of its own; it writes beside and renames."""
    command = [sys.executable, "-m", "ingle.engine.child.quantize", str(original), str(path), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise Unavailable(f"requantising to {kind} failed: {last}", "run it again")


def _record(library: Library, name: str, source: str, entry: CatalogEntry | None, path: Path) -> None:
    story = library.story(name)
    story.source, story.sha256 = source, sha256(path)
    story.licence = entry.licence if entry else story.licence
    story.family = entry.family if entry else family_of(read_header(path))
    library.record(name, story)


def _name_of(source: str) -> str:
    stem = source.rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1]
    if not stem.endswith(".gguf") or stem == ".gguf":
        raise InvalidParams(f"{source[:200]!r} does not name a .gguf file")
    return stem.removesuffix(".gguf").lower()


def sha256(path: Path) -> str:
    """The hexadecimal digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{directory} cannot be made: {error.strerror}") from None


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def main(argv: Sequence[str] | None = None) -> int:
    """Pull one model with a progress bar; exit code 0, 1, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m ingle.models.pull", description="Get a model.")
    parser.add_argument("model", help="a name of the catalog, or a source")
    arguments = parser.parse_args(argv)
    library = Library(Paths.from_environment().models)
    try:
        with tqdm(
            unit="B", unit_scale=True, desc=arguments.model, disable=not sys.stderr.isatty()
        ) as bar:
            model = pull(arguments.model, library, bar_progress(bar))
    except IngleError as error:
        sys.stderr.write(f"{error.message}\n  {error.hint}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the next run goes on from here\n")
        return 130
    sys.stdout.write(f"{model.name}: {model.path}\n")
    return 0


def bar_progress(bar: "tqdm[None]") -> Progress:
    """Drive a tqdm bar."""

    def progress(done: int, total: int | None) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return progress


if __name__ == "__main__":
    sys.exit(main())
