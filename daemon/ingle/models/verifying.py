"""Whether the files of the library are still what was put there: their sha256, read anew."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ingle.errors import BadModelFile, ModelNotFound
from ingle.models.files import sha256
from ingle.models.gguf import read_header
from ingle.models.library import Library
from ingle.models.parts import Progress

State = Literal["good", "changed", "broken", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """`broken`: no header that llama.cpp could read. `unknown`: no hash was ever recorded.

    `stated_by`: who vouches for the hash: "catalog", "publisher", or "" for Ingle's own record.
    """

    name: str
    state: State
    expected: str = ""
    found: str = ""
    stated_by: str = ""
    message: str = ""

    @property
    def is_bad(self) -> bool:
        return self.state in ("changed", "broken")


def chosen(library: Library, names: Sequence[str]) -> list[str]:
    """Those of `names` that are here, all for none. Raises `ModelNotFound` before a byte is read."""
    here = library.names()
    for name in names:
        if name not in here:
            raise ModelNotFound(
                f"no model {name[:80]!r} on this machine", "`ingle model list` shows them"
            )
    return list(names or here)


def verify(library: Library, names: Sequence[str], progress: Progress) -> Iterator[Verdict]:
    """A verdict for each of `names`, one after the other."""
    for name in names:
        yield _verdict(library, name, progress)


def _verdict(library: Library, name: str, progress: Progress) -> Verdict:
    path, story = library.path_of(name), library.story(name)
    stated_by = "" if story.original_sha256 else story.verified
    try:
        read_header(path)
        if not story.sha256:
            return Verdict(name, "unknown", message="no hash was recorded when it came")
        found = sha256(path, progress)
    except BadModelFile as error:
        return Verdict(name, "broken", story.sha256, stated_by=stated_by, message=error.message)
    except OSError as error:
        return Verdict(
            name, "broken", story.sha256, stated_by=stated_by, message=error.strerror or str(error)
        )
    if found == story.sha256:
        return Verdict(name, "good", story.sha256, found, stated_by)
    return Verdict(name, "changed", story.sha256, found, stated_by, "its sha256 is another one now")
