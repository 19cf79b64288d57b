"""Getting a model: fetch, check the hash, check the header, put in place by a rename.

Run by the person only (`ingle model pull`, the set-up). `python -m ingle.models.pull NAME` is
what the set-up calls. What stops in the middle goes on with the next run; what is there already
costs nothing. Where the catalog has no hash, the one that the publisher's hub states is checked;
where nobody states one the person is told, and llama.cpp checks the weights when it loads them.
"""

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

import ingle
from ingle.errors import BadModelFile, Busy, IngleError, InvalidParams, ModelNotFound, Unavailable
from ingle.models.catalog import CatalogEntry, catalog
from ingle.models.families import family_of
from ingle.models.gguf import read_header
from ingle.models.library import InstalledModel, Library, Story
from ingle.models.parts import Progress, check_room, writing
from ingle.models.sources import fetch
from ingle.paths import Paths

Say = Callable[[str], None]
"""Takes a line for the person."""

HASH_CHUNK = 4 * 1024 * 1024
ROOM_FOR_REQUANTIZED = 2.0
"""Of the original's size: Q8_0 takes 1.5 times the space of Q4_1."""
LINE_EVERY = 0.1
"""Share of the whole after which a log gets another line."""


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


def pull(
    name_or_source: str, library: Library, progress: Progress, say: Say = lambda _: None
) -> InstalledModel:
    """Get a model of the catalog or from a source; gives it as installed.

    Raises an `IngleError`: the hash or the header is wrong (`BadModelFile`; nothing is kept),
    the download stopped (`Unavailable`; it resumes), no room, another pull of it runs (`Busy`).
    """
    entry = entry_for(name_or_source)
    source = entry.source if entry else name_or_source
    name = entry.name if entry else _name_of(source)
    here = _here(library, name, say)
    if here:
        return here
    _make(library.directory)
    with _alone(library.directory):
        story = library.story(name)
        story.source, story.licence = source, entry.licence if entry else story.licence
        checked = _fetched(entry, source, library.directory / name, progress, story)
        say(_what_was_checked(story))
        _install(checked, library.path_of(name), entry, say)
        _record(library, name, story, entry)
    return library.find(name)


def _here(library: Library, name: str, say: Say) -> InstalledModel | None:
    if not library.path_of(name).is_file():
        return None
    try:
        model = library.find(name)
    except BadModelFile as error:
        say(f"{error.message}: it is fetched again")
        return None
    say(f"{name} is here already")
    return model


def _fetched(
    entry: CatalogEntry | None, source: str, stem: Path, progress: Progress, story: Story
) -> Path:
    """The checked file: kept as `NAME.original` where it will be requantised, else still the part."""
    original, part = stem.with_name(f"{stem.name}.original"), stem.with_name(f".{stem.name}.part")
    expected = entry.sha256 if entry else ""
    if original.is_file() and expected and sha256(original) == expected:
        story.verified = "catalog"
        return original
    if entry:
        check_room(stem.parent, _needed(entry, part))
    stated = fetch(source, part, progress)
    _check(part, expected or stated)
    story.verified = "catalog" if expected else "publisher" if stated else ""
    with writing(part):
        _sync(part)
        return part.replace(original) if entry and entry.requantize else part


def _needed(entry: CatalogEntry, part: Path) -> int:
    size = entry.size_mb * 1_000_000
    have = part.stat().st_size if part.is_file() else 0
    return max(0, size - have) + int(size * ROOM_FOR_REQUANTIZED if entry.requantize else 0)


def _check(part: Path, expected: str) -> None:
    """Raises `BadModelFile` and removes the file: resuming a wrong one would never end."""
    try:
        if expected and sha256(part) != expected:
            raise BadModelFile(
                "what came is not what was published (sha256 differs)",
                "run it again; if it happens again, tell the publisher",
            )
        read_header(part)
    except BadModelFile:
        part.unlink()
        raise


def _what_was_checked(story: Story) -> str:
    match story.verified:
        case "catalog":
            return "its sha256 is the one in the catalog"
        case "publisher":
            return "its sha256 is the one that the hub states; the catalog has none to compare"
    return "nobody states its sha256: its weights are checked when it is loaded"


def _install(checked: Path, path: Path, entry: CatalogEntry | None, say: Say) -> None:
    if entry and entry.requantize:
        say(f"requantising to {entry.requantize.upper()}, which runs faster here")
        _requantize(checked, path, entry.requantize)
        read_header(path)
    else:
        with writing(path):
            checked.replace(path)
    with writing(path):
        _sync(path.parent)


def _requantize(original: Path, path: Path, kind: str) -> None:
    """llama.cpp does it, in a process of its own; it writes beside and renames."""
    command = [sys.executable, "-m", "ingle.engine.child.quantize", str(original), str(path), kind]
    sources = str(Path(ingle.__file__).resolve().parent.parent)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": sources}
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise Unavailable(
            f"the model is here, but requantising it to {kind.upper()} failed: {last}", "run it again"
        )


def _record(library: Library, name: str, story: Story, entry: CatalogEntry | None) -> None:
    path = library.path_of(name)
    story.sha256, story.size_bytes = sha256(path), path.stat().st_size
    story.family = entry.family if entry else family_of(read_header(path))
    library.record(name, story)


def _name_of(source: str) -> str:
    stem = source.split("?", 1)[0].rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1]
    if not stem.endswith(".gguf") or stem == ".gguf":
        raise InvalidParams(f"{source[:200]!r} does not name a .gguf file")
    return stem.removesuffix(".gguf").lower()


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One pull at a time: two of one model would write the same part file."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("another pull is running", "wait for it, or stop it") from None
        yield
    finally:
        os.close(handle)


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
    """Bring a file, or the names in a folder, to the disk: an acknowledged pull survives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---- as a program


def main(argv: Sequence[str] | None = None) -> int:
    """Pull one model with a progress bar; exit code 0, 1, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m ingle.models.pull", description="Get a model.")
    parser.add_argument("model", help="a name of the catalog, or a source")
    arguments = parser.parse_args(argv)
    try:
        library = Library(Paths.from_environment().models)
        model = _pull_and_tell(arguments.model, library)
    except IngleError as error:
        sys.stderr.write(f"{error.message}\n  {error.hint}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the next run goes on from here\n")
        return 130
    sys.stdout.write(f"{model.name}: {model.path}\n")
    return 0


def _pull_and_tell(name_or_source: str, library: Library) -> InstalledModel:
    def say(line: str) -> None:
        tqdm.write(line)

    if not sys.stderr.isatty():
        return pull(name_or_source, library, lines_progress(say), say)
    with tqdm(unit="B", unit_scale=True, desc=name_or_source[-40:], leave=False) as bar:
        return pull(name_or_source, library, bar_progress(bar), say)


def bar_progress(bar: "tqdm[NoReturn]") -> Progress:
    """Drive a tqdm bar."""

    def progress(done: int, total: int | None) -> None:
        if total != bar.total or done < bar.n:  # another step of the same pull
            bar.reset(total)
        bar.update(done - bar.n)

    return progress


def lines_progress(say: Say) -> Progress:
    """A line now and then, for a log."""
    said = -1

    def progress(done: int, total: int | None) -> None:
        nonlocal said
        step = int(done / total / LINE_EVERY) if total else -1
        if step > said:
            say(f"{done / 1e6:,.0f} of {(total or done) / 1e6:,.0f} MB")
        said = step

    return progress


if __name__ == "__main__":
    sys.exit(main())
