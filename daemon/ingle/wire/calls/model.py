"""`model.*` and `engine.*`: which models there are, which one is resident, what it makes of a text."""

from typing import Any

from ingle.wire.calls.base import Name, Params, Result


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


class ModelUseParams(Params, frozen=True):
    name: Name


class ModelParkParams(Params, frozen=True):
    """The reason is shown wherever the state is shown."""

    reason: str = "paused by you"


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
