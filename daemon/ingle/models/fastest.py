"""In which type of weights a model runs fastest here, at no loss worth speaking of: tried at import.

How fast a type is depends on the processor and on what llama.cpp has written for it: a published
4-bit file read prompts 2 to 3 times slower than the same weights in 8 or 16 bits (SmolLM2-135M in
Q4_1, two cores with AVX-512). So small models are written in the types that lose nothing, all are
timed in turns, and the best is kept if it also predicts a text as well (`figures`). It is done
where a CPU does the work; on a GPU smaller is faster.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingle.errors import IngleError, Unavailable
from ingle.models import programs
from ingle.models.figures import contenders, loss, perplexity, seconds
from ingle.models.ggml import TENSOR_TYPES
from ingle.models.gguf import Header, read_header
from ingle.models.parts import Share, Teller, check_room
from ingle.wire.calls.model import Figures, Trial

LARGEST = 2_000_000_000
"""Bytes of a file that is tried; measuring larger ones takes minutes."""
LARGEST_F16 = 1_000_000_000
"""16 bits pay where reading counts more than memory: in small models."""

READING_S = 8.0
"""For the text that perplexity is measured on; it is cut to what can be read in that time."""
LEAST_TOKENS, MOST_TOKENS = 320, 1400
LIMIT_S = 180.0
"""For one program: what takes longer is not worth it."""


@dataclass(frozen=True)
class Kept:
    """The file to install; `trial` None: nothing was tried."""

    path: Path
    trial: Trial | None = None


def candidates(header: Header) -> list[str]:
    """The types that a file is worth being written in; never fewer bits than it has."""
    kinds = {"F32": ["Q8_0", "F16"], "BF16": ["Q8_0", "F16"], "F16": ["Q8_0"], "Q8_0": ["F16"]}
    wanted = kinds.get(header.quantization, ["Q8_0", "F16"])
    limits = {"Q8_0": LARGEST, "F16": LARGEST_F16}
    if header.size_bytes > LARGEST or header.is_adapter or header.is_embedder:
        return []
    return [kind for kind in wanted if size_in(header, kind) <= limits[kind]]


def size_in(header: Header, kind: str) -> int:
    """About how many bytes the weights take in a type."""
    return next(t.bytes_of(header.parameters) for t in TENSOR_TYPES.values() if t.name == kind)


@contextmanager
def fastest(path: Path, header: Header, teller: Teller) -> Iterator[Kept]:
    """Try the candidates beside `path`; inside the block the kept one may be moved away.

    Whatever cannot be tried is no error: the file stays as it came, and the person is told why.
    """
    kinds = candidates(header)
    files = {kind: path.with_name(f".{path.name.lstrip('.')}.{kind.lower()}") for kind in kinds}
    try:
        yield _tried(path, header, files, teller) if files else Kept(path)
    finally:
        for file in files.values():
            file.unlink(missing_ok=True)
            file.with_name(f"{file.name}.part").unlink(missing_ok=True)


def _tried(path: Path, header: Header, files: dict[str, Path], teller: Teller) -> Kept:
    try:
        if has_gpu():
            return Kept(path)
        teller.say(f"trying {' and '.join(files)} beside {header.quantization}: which is fastest here?")
        check_room(path.parent, sum(size_in(header, kind) for kind in files))
        for number, (kind, file) in enumerate(files.items()):
            write(path, file, kind, part_of(teller.share, 0.3 * number / len(files), 0.3 / len(files)))
        trial, kept = _compared([path, *files.values()], part_of(teller.share, 0.3, 0.7))
    except IngleError as error:
        teller.say(f"{header.quantization} is kept as it came: {error.message}")
        return Kept(path)
    teller.say(trial.reason)
    return Kept(kept, trial)


def _compared(files: list[Path], on_share: Share) -> tuple[Trial, Path]:
    """Time all files, the first of them as it came; read a text with those that are faster."""
    tried = speeds(files, part_of(on_share, 0.0, 0.5), LIMIT_S)
    paths = dict(zip((one.quantization for one in tried), files, strict=True))
    first, faster = tried[0], contenders(tried)
    tokens = _tokens([first, *faster[:1]])
    found = {first.quantization: surprises(files[0], tokens, part_of(on_share, 0.5, 0.25), LIMIT_S)}
    reason = f"{first.quantization} is kept: no other type is clearly faster here"
    kept = first
    for one in faster:
        read = surprises(paths[one.quantization], tokens, part_of(on_share, 0.75, 0.25), LIMIT_S)
        found[one.quantization] = read
        worse = loss(found[first.quantization], read)
        if worse.is_bearable:
            kept, reason = one, _better(first, one, worse.share)
            break
        reason = f"{first.quantization} is kept: {one.quantization} is faster, {_percent(worse.share)}"
    measured = [_with(one, found.get(one.quantization, [])) for one in tried]
    return Trial(kept=kept.quantization, reason=reason, tried=measured), paths[kept.quantization]


def _tokens(files: list[Figures]) -> int:
    """How much of the text can be read with these in the time for it."""
    each = sum(1 / one.prefill_tps for one in files)
    return min(max(int(READING_S / each), LEAST_TOKENS), MOST_TOKENS)


def _better(first: Figures, one: Figures, share: float) -> str:
    return (
        f"{one.quantization} is kept: a typical request takes {seconds(one):.1f} s instead of "
        f"{seconds(first):.1f} s with {first.quantization}, {_percent(share)}"
    )


def _percent(share: float) -> str:
    return f"its perplexity is {abs(share):.1%} {'higher' if share > 0 else 'lower'}"


def _with(figures: Figures, read: list[float]) -> Figures:
    return msgspec.structs.replace(figures, perplexity=round(perplexity(read), 2))


# ---- the programs, also for who compares two files only


def has_gpu() -> bool:
    """Whether llama.cpp would put models on a GPU. Raises `Unavailable` without llama.cpp."""
    (found,) = programs.run("devices", limit_s=LIMIT_S)
    return any(device["kind"] in ("gpu", "igpu") for device in found["devices"])


def write(source: Path, target: Path, kind: str, on_share: Share) -> None:
    """Write a file in another type. Raises `Unavailable`."""
    programs.run("quantize", source, target, kind, on_share=on_share)


def speeds(files: list[Path], on_share: Share, limit_s: float | None = None) -> list[Figures]:
    """How fast the files are, in their order. Raises `Unavailable`."""
    found = programs.run("measure", "speed", *files, on_share=on_share, limit_s=limit_s)
    if len(found) != len(files):
        raise Unavailable("the files could not be measured")
    return [_figures(file, one) for file, one in zip(files, found, strict=True)]


def _figures(file: Path, found: dict[str, object]) -> Figures:
    header = read_header(file)
    return Figures(
        quantization=header.quantization,
        size_bytes=header.size_bytes,
        prefill_tps=float(str(found["prefill_tps"])),
        decode_tps=float(str(found["decode_tps"])),
    )


def surprises(file: Path, tokens: int, on_share: Share, limit_s: float | None = None) -> list[float]:
    """How much each token of the text surprises the model. Raises `Unavailable`."""
    asked: tuple[str | Path, ...] = ("perplexity", file, "--tokens", str(tokens))
    (found,) = programs.run("measure", *asked, on_share=on_share, limit_s=limit_s)
    return [float(nats) for nats in found["surprises"]]


def part_of(on_share: Share, start: float, size: float) -> Share:
    """A share of the whole as a whole of its own."""
    return lambda share: on_share(start + share * size)
