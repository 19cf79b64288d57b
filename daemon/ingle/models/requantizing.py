"""A model in another type of weights, as a new one in the library, and what it gained and lost.

Both files are timed in turns and read the same text; nothing that is there is written over.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingle.errors import BadModelFile, Busy, InvalidParams
from ingle.models import fastest
from ingle.models.figures import Loss, loss, perplexity
from ingle.models.files import alone
from ingle.models.ggml import FILE_TYPES
from ingle.models.gguf import Header, read_header
from ingle.models.importing import checked_name, record
from ingle.models.library import Library, Story
from ingle.models.parts import Share, Teller, check_room, writing
from ingle.wire.calls.model import Figures, Trial

KINDS = tuple(
    kind.name
    for kind in FILE_TYPES.values()
    if not kind.name.startswith(
        ("F32", "IQ1", "IQ2", "IQ3", "TQ", "MXFP4", "NVFP4", "Q1", "Q2_0", "Q2_K_S")
    )
)
"""What llama.cpp writes without an importance matrix of the model."""
MOST_TOKENS = 1400
"""All of the text."""
FEW_BITS = ("Q2", "Q3", "Q4", "IQ4", "Q5")


@dataclass(frozen=True)
class Comparison:
    """Before and after."""

    name: str
    path: Path
    before: Figures
    after: Figures
    loss: Loss


def checked_kind(text: str) -> str:
    """A type of weights as llama.cpp names it. Raises `InvalidParams`."""
    kind = text.upper()
    if kind not in KINDS:
        raise InvalidParams(f"{text[:80]!r} is not a type of weights", f"one of {', '.join(KINDS)}")
    return kind


def requantize(source: Path, kind: str, name: str, library: Library, teller: Teller) -> Comparison:
    """Write `source` with weights of `kind` as the library's `name`, and measure both.

    Raises an `IngleError`; unless all of it is done nothing new is in the library.
    """
    header = _header(source, kind)
    name = checked_name(name)
    target = library.path_of(name)
    with alone(library.directory):
        if target.exists():
            raise Busy(f"there is a model {name!r} already", "`--name` gives the new one another name")
        check_room(library.directory, _size(header, kind))
        draft = target.with_name(f".{name}.new")
        try:
            fastest.write(source, draft, kind, fastest.part_of(teller.share, 0.0, 0.3))
            found = _compared(source, draft, name, target, fastest.part_of(teller.share, 0.3, 0.7))
            with writing(target):
                draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
            draft.with_name(f"{draft.name}.part").unlink(missing_ok=True)
        record(library, name, _story(library, source, found))
    return found


def _header(source: Path, kind: str) -> Header:
    header = read_header(source)
    if header.is_adapter:
        raise BadModelFile(f"{source.name} is an adapter: those stay as they are", "name a model")
    if header.quantization == kind:
        raise InvalidParams(f"{source.name} is in {kind} already", "name another type")
    return header


def _size(header: Header, kind: str) -> int:
    """About what the new file takes; the mixed types are named by the type of most weights."""
    most = next(one.tensors for one in FILE_TYPES.values() if one.name == kind)
    return fastest.size_in(header, most)


def _compared(source: Path, draft: Path, name: str, target: Path, on_share: Share) -> Comparison:
    speeds = fastest.speeds([source, draft], fastest.part_of(on_share, 0.0, 0.4))
    read = [
        fastest.surprises(file, MOST_TOKENS, fastest.part_of(on_share, 0.4 + 0.3 * index, 0.3))
        for index, file in enumerate((source, draft))
    ]
    before, after = (
        msgspec.structs.replace(speed, perplexity=round(perplexity(one), 2))
        for speed, one in zip(speeds, read, strict=True)
    )
    return Comparison(name, target, before, after, loss(*read))


def _story(library: Library, source: Path, found: Comparison) -> Story:
    """The new model is the old one in other clothes: its licence and family hold."""
    old = Story()
    if source.parent == library.directory:
        old = library.story(source.name.removesuffix(".gguf"))
    trial = Trial(
        kept=found.after.quantization,
        reason="made by `ingle model quantize`",
        tried=[found.before, found.after],
    )
    return Story(
        source=f"made from {source.name} ({found.before.quantization})",
        licence=old.licence,
        family=old.family,
        trial=trial,
    )


def is_thrift_twice(before: str, kind: str) -> bool:
    """Whether few bits would be made from few bits, which costs much of what a model knows."""
    return before.startswith(FEW_BITS) and kind.startswith(FEW_BITS)
