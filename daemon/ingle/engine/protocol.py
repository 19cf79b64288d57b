"""The wire between the daemon and its engine child: both ends import these types.

It is JSON-RPC over a socketpair like every other connection (`rpc.peer`). Prompts are lists of
spans: only a span of ours is tokenised with special tokens parsed; what a person, a clipboard
or a document says is data, whatever it looks like.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ingle.rpc.streams import StreamLimits
from ingle.vocabulary import FinishReason, Priority, Span, Timing, TokenLogprob, Usage
from ingle.wire.calls.base import NoParams, Params, Result

LIMITS = StreamLimits(frame_bytes=64 * 1024 * 1024, frame_deadline_s=None, write_deadline_s=30.0)
"""Both ends are ours: a long document's likelihoods are one frame, and a busy machine is slow."""

KvType = Literal["f16", "q8_0", "q4_0"]
"""What the KV cache keeps its numbers in."""

Flash = Literal["auto", "on", "off"]

MAX_REQUESTS = 1024
"""In flight at the child; `admission` says `busy` long before."""


class Device(Result, frozen=True):
    """What this build of llama.cpp can compute on; `name` is ggml's ("CUDA0"), memory is in bytes.

    Both sizes are 0 where they were not asked for: on some backends, asking takes memory of the GPU.
    """

    name: str
    description: str
    kind: Literal["cpu", "gpu", "igpu", "accelerator"]
    free_bytes: int = 0
    total_bytes: int = 0


def gpus(devices: Sequence[Device]) -> list[Device]:
    """Those that layers can be put on: integrated ones only where there is no other, as llama.cpp
    has it."""
    found = [device for device in devices if device.kind in ("gpu", "igpu")]
    return [device for device in found if device.kind == "gpu"] or found


class DevicesParams(Params, frozen=True):
    """`measure` names the GPU whose memory is wanted. Where it is not there, or "", it is the only
    GPU that there is, and none of several; None asks for nobody's."""

    measure: str | None = ""


class DevicesResult(Result, frozen=True):
    """`offload`: whether this build of llama.cpp can use a GPU at all."""

    devices: list[Device]
    offload: bool
    build: str


class LoadParams(Params, frozen=True):
    """Load the one generating model of this child. Progress comes as `$/delta` texts "0.00".."1.00"."""

    path: str
    n_ctx: int
    slots: int
    threads: int
    """At most; steps with few rows take fewer where that is faster."""
    gpu_layers: int
    """-1 is all of them; 0 leaves every GPU alone."""
    device: str = ""
    """The name of a GPU (`Device.name`); "" takes the one that `devices` lists first."""
    kv_type: KvType = "f16"
    flash: Flash = "auto"
    """Flash attention; a quantised `kv_type` cannot do without, and "off" is refused then."""
    tune_threads: bool = True
    check_tensors: bool = False
    snapshots: str = ""
    """The folder that keeps recurring beginnings of prompts from one life to the next; "" is none."""
    model_id: str = ""
    """The file's sha256: snapshots are of one model. Without it there are none."""
    stream: bool = True


class LoadResult(Result, frozen=True):
    architecture: str
    n_ctx: int
    n_ctx_train: int
    n_vocab: int
    slots: int
    threads: int
    """That decode one token; prompts are read with all."""
    device: str
    """What the GPU that has the layers calls itself, or "CPU"."""
    vram_bytes: int
    """That loading took of it, as its driver counts."""
    rss_bytes: int
    load_ms: float
    build: str
    offload: bool
    """Whether this build of llama.cpp can use a GPU at all."""
    layers: int = 0
    gpu_layers: int = 0
    """Of `layers`, those on the GPU, and one more for the output."""
    kv_type: KvType = "f16"


class AdapterRef(msgspec.Struct, frozen=True):
    """A LoRA adapter's file and strength. `id` is its sha256 as far as it is known."""

    path: str
    id: str = ""
    scale: float = 1.0


class GenerateParams(Params, frozen=True):
    """`grammar` is GBNF; `schema` is JSON Schema; one of them at most. `seed` None draws one."""

    spans: list[Span]
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    seed: int | None = None
    stop: list[str] = msgspec.field(default_factory=list)
    grammar: str | None = None
    schema: dict[str, Any] | None = None
    priority: Priority = "normal"
    prefix_spans: int = 0
    """So many spans at the beginning come again with other texts behind them, as a skill's
    instructions do. They have to be ours: they are kept on disk, and a person's text never is."""
    adapter: AdapterRef | None = None
    logprobs: int | None = None
    """Tell how likely each token was, and so many others at its place."""
    exact: bool = False
    """Compute it alone, so that the same request gives the same text, bit for bit (`child.alone`)."""
    draft: bool = False
    """The answer probably copies from the prompt: guess ahead where that pays."""
    stream: bool = False


class GenerateResult(Result, frozen=True):
    text: str
    finish_reason: FinishReason
    usage: Usage
    timing: Timing
    logprobs: list[TokenLogprob] | None = None


class ScoreParams(Params, frozen=True):
    """Score each candidate as a continuation of the same prompt; nothing is generated."""

    spans: list[Span]
    candidates: list[str]
    priority: Priority = "normal"
    prefix_spans: int = 0
    """As in `GenerateParams`."""
    adapter: AdapterRef | None = None


class CandidateScore(Result, frozen=True):
    """Sum of the natural log-likelihoods of the candidate's tokens, and how many there are."""

    logprob: float
    tokens: int


class ScoreResult(Result, frozen=True):
    scores: list[CandidateScore]
    usage: Usage
    timing: Timing


class SurpriseParams(Params, frozen=True):
    """Read a text once and tell how likely the model found each of its tokens (perplexity's terms)."""

    text: str
    spans: list[Span] = msgspec.field(default_factory=list)
    """Read before the text, not scored."""
    priority: Priority = "normal"


class SurpriseResult(Result, frozen=True):
    """`ends[i]` is the character offset in the text after token i, `logprobs[i]` its log-likelihood."""

    ends: list[int]
    logprobs: list[float]
    usage: Usage
    timing: Timing


class EmbedParams(Params, frozen=True):
    """Turn texts into vectors with the embedder at `path`; what it wants before queries and passages
    is part of the texts."""

    path: str
    texts: list[str]
    truncate: bool = False
    """Read the beginning of a text that is too long; otherwise that is `ContextTooLong`."""
    priority: Priority = "normal"


class EmbedResult(Result, frozen=True):
    """The vectors have length 1 and stand in the order of the texts; `truncated` are the indices of
    those that were cut."""

    embeddings: list[list[float]]
    dimensions: int
    truncated: list[int]
    usage: Usage
    timing: Timing


class TokenizeParams(Params, frozen=True):
    """Without `spans`, `text` as data. With them, the tokens of a whole prompt."""

    text: str = ""
    spans: list[Span] | None = None


class TokenizeResult(Result, frozen=True):
    tokens: list[int]


class ChildStatus(Result, frozen=True):
    """`steps` counts `llama_decode` calls; memory in bytes, time in milliseconds."""

    rss_bytes: int
    vram_bytes: int
    running: int
    waiting: int
    steps: int
    decoded_tokens: int
    prefilled_tokens: int
    step_ms: float
    """Median of the last steps."""
    cut_steps: int = 0
    decode_ms_total: float = 0.0
    """Spent in `llama_decode`."""
    busy_ms_total: float = 0.0
    """Spent by the loop while it had work; what is not `decode_ms_total` is Python's share."""


METHODS: dict[str, tuple[type[Params], type[Result]]] = {
    "devices": (DevicesParams, DevicesResult),
    "load": (LoadParams, LoadResult),
    "generate": (GenerateParams, GenerateResult),
    "score": (ScoreParams, ScoreResult),
    "surprise": (SurpriseParams, SurpriseResult),
    "embed": (EmbedParams, EmbedResult),
    "tokenize": (TokenizeParams, TokenizeResult),
    "status": (NoParams, ChildStatus),
}
"""Parking is the end of the child; there is no method for it."""
