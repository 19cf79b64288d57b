"""Into the library: what was fetched or lies on a disk is checked, tried, recorded, put in place.

Everything is written under a hidden name and takes its own by a rename, so that no half of a file
ever has it and a model that is running keeps the file that it was started with.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ingle.errors import BadModelFile, Busy, InvalidParams, NotFound
from ingle.models.families import family_of
from ingle.models.fastest import candidates, fastest
from ingle.models.files import alone, clone, sha256, sync
from ingle.models.gguf import Header, read_header
from ingle.models.library import MAX_NAME, InstalledAdapter, InstalledModel, Library, Story
from ingle.models.parts import SILENT, Progress, Teller, check_room, copy, writing

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
NO_LETTERS = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True)
class Manner:
    """How a file is taken in. `is_link`: the file stays where it is, under somebody else's hand."""

    as_is: bool = False
    is_link: bool = False
    keeps_original: bool = False
    """Keep what was fetched beside what was made of it, so that it need not be fetched again."""


def add(
    path: Path,
    library: Library,
    name: str,
    manner: Manner,
    teller: Teller = SILENT,
) -> InstalledModel | InstalledAdapter:
    """Take a GGUF file of this machine into the library, under `name` or that of the file.

    Raises an `IngleError`: `NotFound`, `BadModelFile`, `InvalidParams` for a name that cannot be
    one, `Busy` for one that is taken, `Unavailable` where it cannot be written.
    """
    source = path.expanduser().absolute()
    header = _header(source)
    name = checked_name(name) if name else name_from(source.name)
    with alone(library.directory):
        target = library.path_of(name)
        if target.exists() and not target.samefile(source):
            raise Busy(f"there is a model {name!r} already", "`--name` gives this one another name")
        if library.story(name).sha256 and target.exists():
            teller.say(f"{name} is here already")
        else:
            _take_in(source, library, name, manner, teller)
    return library.find_adapter(name) if header.is_adapter else library.find(name)


def _take_in(source: Path, library: Library, name: str, manner: Manner, teller: Teller) -> None:
    target, story = library.path_of(name), Story(source=f"file:{source}")
    if target.exists():
        teller.say("it stands in the library already; its hash is recorded")
    elif manner.is_link:
        with writing(target):
            target.unlink(missing_ok=True)  # a link that leads nowhere any more
            target.symlink_to(source)
    else:
        part = target.with_name(f".{name}.part")
        _copy(source, part, teller.progress)
        put_in_place(part, library, name, story, manner, teller)
    record(library, name, story)


def _header(source: Path) -> Header:
    if not source.exists():
        raise NotFound(f"there is no file {source}", "`ingle model pull` gets models by name")
    return read_header(source)


def name_from(file_name: str) -> str:
    """The name that a file gets by itself. Raises `InvalidParams` where nothing is left of it."""
    plain = NO_LETTERS.sub("-", file_name.lower().removesuffix(".gguf")).strip("-._")
    return checked_name(plain[:MAX_NAME])


def checked_name(text: str) -> str:
    """`text` as a name in the library. Raises `InvalidParams`."""
    name = text.lower()
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise InvalidParams(
            f"{text[:80]!r} cannot be the name of a model", "use letters, digits, `.`, `_`, `-`"
        )
    return name


def _copy(source: Path, part: Path, progress: Progress) -> None:
    size = source.stat().st_size
    with writing(part):
        is_clone = clone(source, part)
    if not is_clone:
        check_room(part.parent, size)
        with source.open("rb") as file:
            copy(file, part, 0, size, progress)
    with writing(part):
        sync(part)
    if part.stat().st_size != size:
        part.unlink()
        raise BadModelFile(f"{source.name} changed while it was copied", "try again when it is complete")


def put_in_place(
    part: Path,
    library: Library,
    name: str,
    story: Story,
    manner: Manner,
    teller: Teller,
) -> None:
    """Give a checked file its name, in the type of weights that is fastest here.

    `story` learns what was tried and the hash of the file as it came.
    """
    header, target = read_header(part), library.path_of(name)
    original = target.with_name(f"{name}.original")
    if manner.as_is or not candidates(header):
        story.original_sha256 = ""
        _move(part, target)
        return
    story.original_sha256 = sha256(part)
    if manner.keeps_original and part != original:
        with writing(original):
            part = part.replace(original)
        library.record(name, story)  # a trial that is stopped is not worth another download
    with fastest(part, header, teller) as kept:
        story.trial = kept.trial
        if kept.path == part:
            story.original_sha256 = ""
            _move(part, target)
            return
        _move(kept.path, target)
        if not manner.keeps_original:
            part.unlink()


def _move(path: Path, target: Path) -> None:
    with writing(target):
        sync(path)
        path.replace(target)
        sync(target.parent)


def record(library: Library, name: str, story: Story) -> None:
    """Write the sidecar of a file that stands in its place now."""
    path = library.path_of(name)
    header = read_header(path)
    story.kind = "adapter" if header.is_adapter else "model"
    story.sha256, story.size_bytes = sha256(path), header.size_bytes
    story.family = story.family or family_of(header)
    library.record(name, story)
