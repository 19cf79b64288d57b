"""Getting a model: fetch, check the hash and the header, try what is fastest here, put in place.

Run by the person only (`ingle model pull`, the set-up). `python -m ingle.models.pull NAME` is
what the set-up calls. What stops in the middle goes on with the next run; what is there already
costs nothing. Where the catalog has no hash, the one that the publisher's hub states is checked;
where nobody states one the person is told, and llama.cpp checks the weights when it loads them.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from ingle.errors import BadModelFile, IngleError, InvalidParams, ModelNotFound
from ingle.models.catalog import CatalogEntry, catalog
from ingle.models.files import alone, sha256, sync
from ingle.models.gguf import read_header
from ingle.models.importing import Manner, name_from, put_in_place, record
from ingle.models.library import InstalledAdapter, InstalledModel, Library, Story
from ingle.models.parts import SILENT, Progress, Say, Teller, check_room, writing
from ingle.models.sources import fetch
from ingle.paths import Paths

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
    name_or_source: str,
    library: Library,
    teller: Teller = SILENT,
    *,
    as_is: bool = False,
) -> InstalledModel | InstalledAdapter:
    """Get a model of the catalog or from a source; gives it as installed.

    Raises an `IngleError`: the hash or the header is wrong (`BadModelFile`; nothing is kept),
    the download stopped (`Unavailable`; it resumes), no room, another pull of it runs (`Busy`).
    """
    entry = entry_for(name_or_source)
    source = entry.source if entry else name_or_source
    name = entry.name if entry else _name_of(source)
    here = _here(library, name, teller.say)
    if here:
        return here
    with alone(library.directory):
        story = _new_story(library.story(name), source, entry)
        checked = _fetched(entry, library, name, teller.progress, story)
        teller.say(_what_was_checked(story))
        manner = Manner(as_is=as_is, keeps_original=True)
        put_in_place(checked, library, name, story, manner, teller)
        record(library, name, story)
    return _installed(library, name)


def _new_story(old: Story, source: str, entry: CatalogEntry | None) -> Story:
    """What a model could do it still can, if it is the same one."""
    story = Story(source=source)
    if old.source == source:
        story.tier, story.abilities = old.tier, old.abilities
        story.original_sha256, story.verified = old.original_sha256, old.verified
    if entry:
        story.licence, story.family = entry.licence, entry.family
    return story


def _installed(library: Library, name: str) -> InstalledModel | InstalledAdapter:
    is_adapter = library.story(name).kind == "adapter"
    return library.find_adapter(name) if is_adapter else library.find(name)


def _here(library: Library, name: str, say: Say) -> InstalledModel | InstalledAdapter | None:
    if not library.path_of(name).is_file():
        return None
    try:
        model = _installed(library, name)
    except BadModelFile as error:
        say(f"{error.message}: it is fetched again")
        return None
    say(f"{name} is here already")
    return model


def _fetched(
    entry: CatalogEntry | None, library: Library, name: str, progress: Progress, story: Story
) -> Path:
    """The checked file: what an earlier pull kept of it, else the part that has come now."""
    original, part = library.original_of(name), library.directory / f".{name}.part"
    expected = entry.sha256 if entry else ""
    known = expected or story.original_sha256
    if original.is_file() and known and sha256(original) == known:
        story.verified = "catalog" if expected else story.verified
        return original
    if entry:
        have = part.stat().st_size if part.is_file() else 0
        check_room(library.directory, max(0, entry.size_mb * 1_000_000 - have))
    stated = fetch(story.source, part, progress)
    _check(part, expected or stated)
    story.verified = "catalog" if expected else "publisher" if stated else ""
    with writing(part):
        sync(part)
    return part


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


def _name_of(source: str) -> str:
    stem = source.split("?", 1)[0].rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1]
    if not stem.endswith(".gguf") or stem == ".gguf":
        raise InvalidParams(f"{source[:200]!r} does not name a .gguf file")
    return name_from(stem)


# ---- as a program


def main(argv: Sequence[str] | None = None) -> int:
    """Pull one model with a progress bar; exit code 0, 1, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m ingle.models.pull", description="Get a model.")
    parser.add_argument("model", help="a name of the catalog, or a source")
    parser.add_argument("--as-is", action="store_true", help="try no other types of weights")
    arguments = parser.parse_args(argv)
    try:
        library = Library(Paths.from_environment().models)
        model = _pull_and_tell(arguments.model, library, as_is=arguments.as_is)
    except IngleError as error:
        sys.stderr.write(f"{error.message}\n  {error.hint}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the next run goes on from here\n")
        return 130
    sys.stdout.write(f"{model.name}: {model.path}\n")
    return 0


def _pull_and_tell(
    name_or_source: str, library: Library, *, as_is: bool
) -> InstalledModel | InstalledAdapter:
    if not sys.stderr.isatty():
        return pull(name_or_source, library, lines_teller(tqdm.write), as_is=as_is)
    with tqdm(unit="B", unit_scale=True, desc=name_or_source[-40:], leave=False) as bar:
        return pull(name_or_source, library, bar_teller(bar, tqdm.write), as_is=as_is)


SHARE_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"


def bar_teller(bar: "tqdm[NoReturn]", say: Say) -> Teller:
    """Drive a tqdm bar, anew for each step; one that is disabled has nothing to be driven."""
    if bar.disable:
        return Teller(say=say)
    bytes_format = bar.bar_format

    def progress(done: int, total: int | None) -> None:
        if total != bar.total or done < bar.n:  # another step of the same pull
            bar.bar_format = bytes_format
            bar.reset(total)
        bar.update(done - bar.n)

    def share(done: float) -> None:
        if bar.total != 1 or done < bar.n:
            bar.bar_format = SHARE_FORMAT
            bar.reset(1)
        bar.n = done
        bar.refresh()  # `update` would wait for as many as there were bytes before

    return Teller(progress, share, say)


def lines_teller(say: Say) -> Teller:
    """A line now and then, for a log."""
    said = -1

    def progress(done: int, total: int | None) -> None:
        nonlocal said
        step = int(done / total / LINE_EVERY) if total else -1
        if step > said:
            say(f"{done / 1e6:,.0f} of {(total or done) / 1e6:,.0f} MB")
        said = step

    def share(done: float) -> None:
        nonlocal said
        step = int(done / LINE_EVERY)
        if step > said:
            say(f"trying: {done:.0%}")
        said = step

    return Teller(progress, share, say)


if __name__ == "__main__":
    sys.exit(main())
