"""`model.*` and `engine.*`: which models there are, which one is resident, what it makes of a text."""

from typing import Annotated, Any, Literal

import msgspec

from ingle.vocabulary import Priority, Timing, Usage
from ingle.wire.calls.assistant import DeadlineMs
from ingle.wire.calls.base import Name, Params, Result, Text


class ModelInfo(Result, frozen=True):
    """`state`: "resident", "installed" or "available" (in the catalog; `ingle model pull` gets it)."""

    name: str
    state: str
    tier: str | None
    """None until `ingle model eval` measured it."""
    size_bytes: int
    quantization: str
    licence: str
    source: str
    summary: str = ""
    kind: str = "model"
    """Or "adapter": it changes a model and is none. Or "embedder": it makes vectors of texts."""


class ModelUseParams(Params, frozen=True):
    name: Name


class ModelParkParams(Params, frozen=True):
    """The reason is shown wherever the state is shown."""

    reason: str = "paused by you"


class Figures(Result, frozen=True):
    """A model file as measured on this machine; tokens per second. `perplexity` 0: not measured."""

    quantization: str
    size_bytes: int
    prefill_tps: float
    decode_tps: float
    perplexity: float = 0.0


class Trial(Result, frozen=True):
    """Which of several files was kept, and why; `tried` has the file as it came first."""

    kept: str
    reason: str
    tried: list[Figures]


class ModelInspectParams(Params, frozen=True):
    """A model's name, or the path of a GGUF file; the file is checked and never loaded."""

    name: Name


class ModelInspectResult(Result, frozen=True):
    name: str
    architecture: str
    parameters: int
    quantization: str
    n_ctx_train: int
    n_vocab: int
    n_layers: int
    size_bytes: int
    tensors: int
    family: str
    """The chat template family that would be used."""
    metadata: dict[str, Any]
    trial: Trial | None = None
    """What was measured when the model was added or made."""


class ModelEstimateParams(Params, frozen=True):
    """A model's name, also one of the catalog, or the path of a GGUF file. What is not given is
    chosen so that it fits."""

    name: Name
    n_ctx: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)] | None = None
    kv_type: Literal["f16", "q8_0", "q4_0"] | None = None


class PlaceNeed(Result, frozen=True):
    """Bytes in main memory or on the GPU. `compute`: the buffers of a step and the process's own."""

    weights: int
    cache: int
    compute: int


class Gpu(Result, frozen=True):
    """By the name that llama.cpp has for it; bytes."""

    name: str
    free: int
    total: int


class ModelEstimateResult(Result, frozen=True):
    """With what a model would be loaded now, and what it would take."""

    name: str
    n_ctx: int
    kv_type: str
    n_gpu_layers: int
    layers: int
    """With the output: so many on the GPU are all."""
    device: str
    """The GPU; "" for none, or for all of them."""
    gpu: PlaceNeed
    cpu: PlaceNeed
    ram_available: int
    gpus: list[Gpu]
    fits: bool
    is_rough: bool
    """From the catalog's figures: the file is not here."""
    notes: list[str]
    """What was given up, or what is missing."""


class EvalCase(Result, frozen=True):
    """One ability, `passed` of `total` small tasks."""

    ability: str
    passed: int
    total: int


class ModelEvalResult(Result, frozen=True):
    model: str
    tier: str
    cases: list[EvalCase]
    seconds: float


class TokenizeParams(Params, frozen=True):
    text: str


class TokenizeResult(Result, frozen=True):
    tokens: list[int]


MAX_TEXTS = 64
"""Of one request; with long ones that is some 15 s of work for two slow cores."""


class EmbedParams(Params, frozen=True):
    """Texts to be turned into vectors by the embedder (`model.embedder` of the configuration). What it
    wants before queries and passages is part of the texts. With `truncate` the beginning of a text
    that is too long is read; otherwise that is an error."""

    texts: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=MAX_TEXTS)]
    priority: Priority = "normal"
    truncate: bool = False
    deadline_ms: DeadlineMs | None = None


class EmbedResult(Result, frozen=True):
    """The vectors have length 1 and stand in the order of the texts. `model` made them: those of
    another one cannot be compared with them."""

    embeddings: list[list[float]]
    dimensions: int
    model: str
    truncated: list[int]
    """Indices of the texts that were cut."""
    usage: Usage
    timing: Timing
