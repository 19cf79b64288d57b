"""How a model fits into this machine, said before it is loaded: a pure function of three values.

From what the model takes (`footprint`), the memory that is free and what the person set, it picks
how many layers go to a GPU, how long the context is and in which type it is kept, so that other
programs keep their room. All on the GPU comes first, with a context cache in f16, then in q8_0,
then with a shorter context; then some layers go to the CPU. There the cache stays f16: q8_0 reads
prompts 3.4 times slower there (measured on two cores).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from ingle.models.catalog import CatalogEntry
from ingle.models.footprint import Footprint, KvType, Layer, footprint, rough_footprint
from ingle.models.gguf import Header

AS_MANY_AS_FIT = -1
"""`Wish.gpu_layers`: llama.cpp's word for "all" is kept where all fit."""

DEFAULT_CTX = 8192
"""More is taken if the person asks for it."""
LEAST_CTX = 1024
LEAST_GPU_SHARE = 4
"""Fewer layers than one in so many are not worth the crossings: the GPU is left to others."""
SHORT_CTX = 4096
"""A context is not cut below this to bring a last layer onto a GPU."""
CTX_STEP = 256
"""llama.cpp rounds a context up to a multiple of it."""

CACHE_SHARE = 4
"""On the CPU the context takes one part in so many of the available memory at most."""
RAM_SHARE_LEFT, RAM_LEFT = 8, 512 << 20
"""One part in so many of the available memory is left to others, and at least so many bytes."""
VRAM_SHARE_LEFT, VRAM_LEFT, VRAM_LEFT_AT_MOST = 10, 512 << 20, 2 << 30
"""One part in so many of a GPU's whole memory is left free for the desktop and other programs."""

GPU_CONTEXT_BYTES = 400 << 20
"""A driver's own for each process."""
PROCESS_BYTES = 150 << 20
"""The engine child without a model: Python, numpy, llama.cpp."""
CPU_ROWS, GPU_ROWS = 192, 576
"""A micro-batch as `engine.child.loading` makes it, with what llama.cpp rounds it up by."""
OUTPUTS = 128
"""Rows of a step that give logits."""
_FLOAT = 4


@dataclass(frozen=True)
class GpuMemory:
    """One GPU as ggml sees it; bytes."""

    name: str
    free: int
    total: int


@dataclass(frozen=True)
class Memory:
    """What is there just now, in bytes."""

    ram_available: int
    gpus: Sequence[GpuMemory] = ()


@dataclass(frozen=True)
class Wish:
    """What is not left to the estimate. `n_ctx` 0 and `kv_type` None are chosen."""

    n_ctx: int = 0
    kv_type: KvType | None = None
    gpu_layers: int = AS_MANY_AS_FIT
    """0 keeps the model off the GPU; the output counts as the last layer."""
    sequences: int = 1
    """That the context is made for; recurrent models have a state for each."""
    device: str = ""
    """A GPU by name; "" takes the one with most room, or all where one is too small."""


@dataclass(frozen=True)
class Need:
    """Bytes in one place. `compute` are the buffers of a step and what the process itself takes."""

    weights: int = 0
    cache: int = 0
    compute: int = 0

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.compute


@dataclass(frozen=True)
class Estimate:
    """What to load a model with, and what it will take. `notes` say in words what was given up."""

    n_ctx: int
    kv_type: KvType
    n_gpu_layers: int
    layers: int
    """With the output: so many on the GPU are all."""
    device: str
    """The GPU; "" for none, or for all of them."""
    gpu: Need
    cpu: Need
    fits: bool
    is_rough: bool = False
    notes: tuple[str, ...] = ()

    @property
    def weights_bytes(self) -> int:
        return self.gpu.weights + self.cpu.weights

    @property
    def kv_bytes(self) -> int:
        return self.gpu.cache + self.cpu.cache

    @property
    def compute_bytes(self) -> int:
        return self.gpu.compute + self.cpu.compute


@dataclass(frozen=True)
class _Place:
    """The GPUs that a model may be spread over, as one; `room` is what it may take of them."""

    name: str = ""
    count: int = 0
    room: int = 0


@dataclass(frozen=True)
class _Try:
    n_ctx: int
    kv_type: KvType
    gpu_layers: int
    place: _Place


def estimate(header: Header, memory: Memory, wish: Wish | None = None) -> Estimate:
    """How the model of a file is best loaded here."""
    return fit(footprint(header), memory, wish or Wish())


def estimate_entry(entry: CatalogEntry, memory: Memory, wish: Wish | None = None) -> Estimate:
    """The same for a model of the catalog that is not here yet, roughly."""
    return fit(rough_footprint(entry), memory, wish or Wish())


def fit(model: Footprint, memory: Memory, wish: Wish) -> Estimate:
    """The first of the possible ways, best first, that fits; else the least of them, and why not."""
    ram = memory.ram_available - max(memory.ram_available // RAM_SHARE_LEFT, RAM_LEFT)
    tries = list(_tries(model, memory, wish))
    best = replace(tries[0], n_ctx=_wanted(model, wish))
    for one in tries:
        found = _counted(model, one, wish)
        if found.gpu.total <= one.place.room and found.cpu.total <= ram:
            notes = (*_refused(model, wish), *_given_up(found, best, memory))
            return replace(found, fits=True, notes=notes)
    return replace(found, fits=False, notes=(_lacking(found, one, ram),))


def _tries(model: Footprint, memory: Memory, wish: Wish) -> Iterator[_Try]:
    """All ways that the wish allows, the best first; never none."""
    all_layers = len(model.layers) + 1
    most = all_layers if wish.gpu_layers < 0 else min(wish.gpu_layers, all_layers)
    places = list(_places(memory.gpus, wish.device)) if most else []
    wanted = _wanted(model, wish)
    kinds = [kind for kind in _kinds(wish) if model.takes(kind)] or ["f16"]
    lengths = [wanted] if wish.n_ctx else _halved(wanted, min(SHORT_CTX, wanted))
    for place, n_ctx, kind in product(places, lengths, kinds):
        yield _Try(n_ctx, kind, most, place)
    if wish.gpu_layers < 0:
        for place, layers in product(
            places[-1:], range(all_layers - 1, all_layers // LEAST_GPU_SHARE, -1)
        ):
            yield _Try(lengths[-1], kinds[0], layers, place)
    if wish.gpu_layers <= 0 or not places:
        polite = wanted if wish.n_ctx else _polite(model, memory.ram_available, wanted, wish)
        for n_ctx in [polite] if wish.n_ctx else _halved(polite, min(LEAST_CTX, polite)):
            yield _Try(n_ctx, kinds[0], 0, _Place())


def _wanted(model: Footprint, wish: Wish) -> int:
    return _context(wish.n_ctx or min(model.n_ctx_train or DEFAULT_CTX, DEFAULT_CTX))


def _kinds(wish: Wish) -> list[KvType]:
    return [wish.kv_type] if wish.kv_type else ["f16", "q8_0"]


def _places(gpus: Sequence[GpuMemory], device: str) -> Iterator[_Place]:
    """One GPU first: between two, every token crosses over."""
    usable = [gpu for gpu in gpus if device in ("", gpu.name)]
    if usable:
        roomiest = max(usable, key=_room)
        yield _Place(roomiest.name, 1, _room(roomiest))
    if len(usable) > 1:
        yield _Place("", len(usable), sum(_room(gpu) for gpu in usable))


def _room(gpu: GpuMemory) -> int:
    left = min(max(gpu.total // VRAM_SHARE_LEFT, VRAM_LEFT), VRAM_LEFT_AT_MOST)
    return max(gpu.free - left, 0)


def _context(tokens: int) -> int:
    return -(-tokens // CTX_STEP) * CTX_STEP


def _halved(most: int, least: int) -> list[int]:
    lengths = [most]
    while lengths[-1] > least:
        lengths.append(max(_context(lengths[-1] // 2), least))
    return lengths


def _polite(model: Footprint, available: int, wanted: int, wish: Wish) -> int:
    """The longest context that takes no more than its share of the memory."""
    one = _cache(model.layers, CTX_STEP, "f16", 0)
    state = _cache(model.layers, 0, "f16", wish.sequences)
    steps = (available // CACHE_SHARE - state) // one if one else wanted // CTX_STEP
    return max(min(steps * CTX_STEP, wanted), min(_context(LEAST_CTX), wanted))


def _cache(layers: Iterable[Layer], n_ctx: int, kind: KvType, sequences: int) -> int:
    return sum(layer.cache_bytes(n_ctx, kind, sequences) for layer in layers)


def _counted(model: Footprint, one: _Try, wish: Wish) -> Estimate:
    """What a way of loading takes. llama.cpp gives the last layers to the GPU, the output first."""
    count = len(model.layers)
    split = count + 1 - one.gpu_layers if one.gpu_layers else count
    below, above = model.layers[:split], model.layers[split:]
    has_output = one.gpu_layers > 0
    gpu = Need(
        sum(layer.weights for layer in above) + model.last_bytes + model.shared_bytes,
        _cache(above, one.n_ctx, one.kv_type, wish.sequences),
        one.place.count * (GPU_CONTEXT_BYTES + _step(model, one.n_ctx, GPU_ROWS)),
    )
    cpu = Need(
        sum(layer.weights for layer in below)
        + model.first_bytes
        + (0 if has_output else model.last_bytes),
        _cache(below, one.n_ctx, one.kv_type, wish.sequences),
        PROCESS_BYTES + _step(model, one.n_ctx, GPU_ROWS if has_output else CPU_ROWS),
    )
    return Estimate(
        n_ctx=one.n_ctx,
        kv_type=one.kv_type,
        n_gpu_layers=one.gpu_layers,
        layers=count + 1,
        device=one.place.name,
        gpu=gpu if has_output else Need(),
        cpu=cpu,
        fits=False,
        is_rough=model.is_rough,
    )


def _step(model: Footprint, n_ctx: int, rows: int) -> int:
    """Logits, the mask of attention, and a layer's activations."""
    activations = rows * (2 * model.n_feed_forward + 4 * model.n_embd)
    return (OUTPUTS * model.n_vocab + rows * n_ctx + activations) * _FLOAT


def _refused(model: Footprint, wish: Wish) -> Iterator[str]:
    if wish.kv_type and not model.takes(wish.kv_type):
        yield f"this model's context cannot be kept as {wish.kv_type}: its heads are no whole blocks"


def _given_up(found: Estimate, best: _Try, memory: Memory) -> Iterator[str]:
    if best.gpu_layers and found.n_gpu_layers == 0:
        yield "no part of it fits onto the GPU beside other programs: the CPU does the work"
    elif found.n_gpu_layers < best.gpu_layers:
        yield (
            f"{found.n_gpu_layers} of {found.layers} layers fit onto the GPU beside other programs, "
            "the CPU does the rest"
        )
    elif found.n_gpu_layers and not found.device and len(memory.gpus) > 1:
        yield f"it is spread over {len(memory.gpus)} GPUs: one alone is too small"
    if found.n_ctx < best.n_ctx:
        yield f"the context has {found.n_ctx:,} tokens instead of {best.n_ctx:,}, so that it fits"
    if found.kv_type != best.kv_type:
        yield f"the context is kept as {found.kv_type}, so that all layers fit onto the GPU"


def _lacking(found: Estimate, one: _Try, ram: int) -> str:
    """Why the least way does not fit."""
    if found.gpu.total > one.place.room:
        where, needs, room = one.place.name or "the GPU", found.gpu.total, one.place.room
    else:
        where, needs, room = "memory", found.cpu.total, max(ram, 0)
    return (
        f"it needs {needs / 1e9:.1f} GB of {where} and may take {room / 1e9:.1f} GB, "
        "which leaves others theirs"
    )
