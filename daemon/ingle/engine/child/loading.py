"""From `LoadParams` to a warm model with its context: what is decided once, at load.

Runs on the decoding thread; it takes as long as the disk does.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingle.engine.child.llama import devices, library
from ingle.engine.child.llama.context import Context, ContextShape
from ingle.engine.child.llama.model import Model
from ingle.engine.child.pace import Pace
from ingle.engine.child.scheduler import Budget
from ingle.engine.child.slots import Slots
from ingle.engine.protocol import Device, LoadParams, LoadResult
from ingle.errors import InvalidParams, NotEnoughMemory

COPIES = 8
"""Candidates that one request has scored side by side."""
MAX_SEQUENCES = 256
"""LLAMA_MAX_SEQ: a context for more is not made."""
SPARE = 64
"""Sequences that keep what was computed before; those up to `OUTPUTS` cost neither memory nor time."""
KEPT_SHARE = 2
"""Of the cells, one part in so many may hold what nobody uses now, and on a CPU ..."""
CPU_KEPT = 192
"""... at most so many: a step goes over all cells that are not empty. With SmolLM2-135M, beside 1,024
of them, prompts are read 9 % slower and text is written 2.5 % slower; beside 4,096, 34 and 15 %. What
has to leave comes back from ordinary memory in milliseconds."""

CPU_BATCH, GPU_BATCH = 256, 512
"""Rows of a step at most. They are one micro-batch: more would read prompts no faster, and a step
that is cut loses all of it (64 rows were 0.9 times as fast as 512, 128 as fast)."""
STEP_MS = 50.0
"""Of a step in which somebody's text is written: the longest pause that a prompt beside it makes."""
CALM_MS, CALM_UNCUT_MS = 500.0, 60.0
"""Of one in which nobody's is: who comes meanwhile has it cut, where it can be."""
CALM_ROWS = 128
"""... but not fewer rows than that: a slow machine would read prompts as slowly as it writes."""
OUTPUTS = 128
"""Rows with logits in a step: 25 MB for a vocabulary of 49,152."""

MOST_THREADS = 256
MOST_CTX = 1 << 20


@dataclass(frozen=True)
class Opened:
    """A loaded model; `limit` is the longest sequence it can hold."""

    context: Context
    slots: Slots
    budget: Budget
    pace: Pace
    limit: int
    result: LoadResult


def open_model(params: LoadParams, report: Callable[[float], None]) -> Opened:
    """Load and warm up.

    Raises `BadModelFile`, `EngineUnavailable`, `NotEnoughMemory`, `InvalidParams`.
    """
    began = time.perf_counter()
    _check(params)
    library.start()
    before = devices.measured(_chosen(params))
    try:
        model, context, slots, pace = _opened(params, before, report)
    except MemoryError:
        raise NotEnoughMemory("no memory is left for the engine itself") from None
    calm_ms = CALM_MS if context.can_abort and not before else CALM_UNCUT_MS
    budget = Budget(context.batch.capacity, context.batch.max_outputs, STEP_MS, calm_ms, CALM_ROWS)
    return Opened(
        context,
        slots,
        budget,
        pace,
        min(context.n_ctx, model.n_ctx_train or context.n_ctx),
        LoadResult(
            architecture=model.architecture,
            n_ctx=context.n_ctx,
            n_ctx_train=model.n_ctx_train,
            n_vocab=context.vocabulary.size,
            slots=params.slots,
            threads=pace.threads(1),
            device=", ".join(device.description for device in before) or "CPU",
            vram_bytes=_taken(before, devices.measured(before)),
            rss_bytes=rss(),
            load_ms=(time.perf_counter() - began) * 1000,
            build=library.build(),
            offload=library.can_offload(),
            layers=model.layers,
            gpu_layers=_on_gpu(params, before, model),
            kv_type=params.kv_type,
        ),
    )


def _chosen(params: LoadParams) -> list[Device]:
    """The GPUs that get layers. Raises `InvalidParams` for one that is not there."""
    if not params.gpu_layers:
        return []
    gpus = devices.gpus()
    chosen = [gpu for gpu in gpus if params.device in ("", gpu.name)]
    if params.device and not chosen:
        names = ", ".join(gpu.name for gpu in gpus) or "none at all"
        raise InvalidParams(f"there is no GPU {params.device!r}; there is {names}")
    return chosen


def _opened(
    params: LoadParams, gpus: Sequence[Device], report: Callable[[float], None]
) -> tuple[Model, Context, Slots, Pace]:
    model = Model(
        params.path,
        gpus=gpus,
        gpu_layers=params.gpu_layers if gpus else 0,
        check_tensors=params.check_tensors,
        progress=report,
    )
    model.check_writes()
    is_on_gpu = _on_gpu(params, gpus, model) == model.layers
    slots = _slots(params, model, params.n_ctx, is_on_gpu)
    context = Context(model, _shape(params, slots, is_on_gpu))
    context.warm_up(params.threads)
    pace = Pace(1 if is_on_gpu else params.threads, is_tuned=params.tune_threads)
    pace.tune(context.warm_up)
    return model, context, _slots(params, model, context.n_ctx, is_on_gpu), pace


def _on_gpu(params: LoadParams, gpus: Sequence[Device], model: Model) -> int:
    """How many layers are on a GPU; the CPU does the rest of each step."""
    if not gpus:
        return 0
    return model.layers if params.gpu_layers < 0 else min(params.gpu_layers, model.layers)


def _check(params: LoadParams) -> None:
    for name, value, most in (
        ("n_ctx", params.n_ctx, MOST_CTX),
        ("slots", params.slots, MAX_SEQUENCES // 4),
        ("threads", params.threads, MOST_THREADS),
    ):
        if not 1 <= value <= most:
            raise InvalidParams(f"`{name}` is from 1 to {most}")
    if params.kv_type != "f16" and params.flash == "off":
        raise InvalidParams(f"a context kept as {params.kv_type} needs flash attention: `flash` is off")


def _slots(params: LoadParams, model: Model, cells: int, is_on_gpu: bool) -> Slots:
    """A recurrent model has a whole state for each sequence: one copy has to do, and none is spare."""
    if model.is_recurrent:
        return Slots(params.slots, cells, copies=1)
    copies = min(COPIES, MAX_SEQUENCES // params.slots - 1)
    spare = min(SPARE, MAX_SEQUENCES - params.slots * (1 + copies))
    kept = min(cells // KEPT_SHARE, cells if is_on_gpu else CPU_KEPT)
    return Slots(params.slots, cells, copies, spare, kept)


def _shape(params: LoadParams, slots: Slots, is_on_gpu: bool) -> ContextShape:
    """Large steps only where the GPU does all of them: the CPU's part of one would take seconds."""
    n_batch = min(GPU_BATCH if is_on_gpu else CPU_BATCH, params.n_ctx)
    return ContextShape(
        n_ctx=params.n_ctx,
        n_batch=n_batch,
        n_seq=slots.sequences,
        n_outputs=max(OUTPUTS, slots.sequences),
        threads=params.threads,
        kv_type=params.kv_type,
        flash=params.flash,
    )


def _taken(before: Sequence[Device], after: Sequence[Device]) -> int:
    """GPU memory that loading took, as its driver counts it: what others gave back meanwhile is
    missing from it, what they took is in it."""
    pairs = zip(before, after, strict=True)
    return sum(max(old.free_bytes - new.free_bytes, 0) for old, new in pairs)


def rss() -> int:
    """Resident memory of this process, in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
