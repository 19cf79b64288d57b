"""Whether a LoRA adapter fits a model: asked of both headers before llama.cpp sees the adapter.

llama.cpp refuses what it looks at and aborts the process on the rest: ranks that differ, a third
dimension, a changed embedding that is the output too. Weights that are no numbers are worse: they
stay in the KV cache and reach whoever gets those cells next. So both are refused here.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from ingle.errors import BadModelFile
from ingle.models.gguf import Header
from ingle.models.gguf_format import TensorInfo

LARGEST = 65504.0
"""What a 16-bit float holds. The weights of adapters are below 10."""

CHUNK = 1 << 20
"""Weights that are looked at in one go."""

_PART = re.compile(r"(?P<name>.+)\.lora_(?P<part>[ab])")
_EMBEDDING, _OUTPUT = "token_embd.weight", "output.weight"

_WEIGHTS: dict[str, "np.dtype[Any]"] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "Q8_0": np.dtype([("scale", "<f2"), ("values", "i1", 32)]),
}
"""The types that `convert_lora_to_gguf.py` writes."""

_UNCHANGED = ("NVFP4",)

_FOR_ANOTHER = "an adapter works with the model that it was trained on"
_CONVERT_AGAIN = "convert the adapter anew with llama.cpp's `convert_lora_to_gguf.py`"

Shape = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Pair:
    a: Shape
    b: Shape


def check_fit(adapter: Header, adapter_name: str, base: Header, base_name: str) -> None:
    """Raises `BadModelFile`, which names both, for an adapter that `base` cannot take."""
    _check_kind(adapter, adapter_name)
    fit = _Fit(adapter_name, base_name, base)
    if adapter.architecture != base.architecture:
        fit.fails(
            f"it is for models of the architecture {adapter.architecture}, not {base.architecture}"
        )
    for name, pair in _pairs(adapter, adapter_name).items():
        fit.check(name, pair)


def _check_kind(adapter: Header, name: str) -> None:
    """Raises `BadModelFile` for what is no adapter, or none that can be switched on and off."""
    said = adapter.metadata
    if not adapter.is_adapter or said.get("adapter.type") != "lora":
        raise BadModelFile(f"{name} is no LoRA adapter", _CONVERT_AGAIN)
    if "adapter.alora.invocation_tokens" in said:
        raise BadModelFile(
            f"{name} wants to be switched on by words in the text (aLoRA), which Ingle does not do",
            "get it as a plain LoRA adapter",
        )
    alpha = said.get("adapter.lora.alpha", 0.0)
    if not isinstance(alpha, float) or not math.isfinite(alpha) or abs(alpha) > LARGEST:
        raise BadModelFile(f"{name} has an impossible adapter.lora.alpha", _CONVERT_AGAIN)


def _pairs(adapter: Header, adapter_name: str) -> dict[str, _Pair]:
    """The weights that it changes, with the two factors of each change."""
    found: dict[str, dict[str, TensorInfo]] = {}
    for tensor in adapter.tensors:
        match = _PART.fullmatch(tensor.name)
        if match:
            found.setdefault(match["name"], {})[match["part"]] = tensor
        elif not tensor.name.endswith("_norm.weight"):  # those llama.cpp passes over
            raise BadModelFile(
                f"{adapter_name} holds {tensor.name!r}, which is no part of an adapter", _CONVERT_AGAIN
            )
        if tensor.type not in _WEIGHTS:
            raise BadModelFile(
                f"{adapter_name} holds {tensor.name!r} as {tensor.type}, expected {', '.join(_WEIGHTS)}",
                _CONVERT_AGAIN,
            )
    if not found or any(len(parts) != 2 for parts in found.values()):
        raise BadModelFile(f"{adapter_name} holds one half of a change only", _CONVERT_AGAIN)
    return {name: _Pair(_shape(parts["a"]), _shape(parts["b"])) for name, parts in found.items()}


def _shape(tensor: TensorInfo) -> Shape:
    """ggml's order, the row's length first; always four numbers."""
    one, two, three, four = (*tensor.shape, 1, 1, 1, 1)[:4]
    return one, two, three, four


class _Fit:
    """One adapter against one model."""

    def __init__(self, adapter_name: str, base_name: str, base: Header) -> None:
        self._adapter_name, self._base_name = adapter_name, base_name
        self._base = {tensor.name: tensor for tensor in base.tensors}

    def fails(self, why: str) -> NoReturn:
        raise BadModelFile(
            f"the adapter {self._adapter_name} does not fit the model {self._base_name}: {why}",
            _FOR_ANOTHER,
        )

    def check(self, name: str, pair: _Pair) -> None:
        if name not in self._base:
            self.fails(f"it changes {name!r}, which the model does not have")
        if self._base[name].type in _UNCHANGED:
            self.fails(f"llama.cpp changes no weights that are {self._base[name].type}")
        weight = _shape(self._base[name])
        columns, rows, rank_a, rank_b = pair.a[0], pair.b[1], pair.a[1], pair.b[0]
        if name.endswith(
            _EMBEDDING
        ):  # looked up, not multiplied: its factors stand the other way around
            columns, rows, rank_a, rank_b = pair.b[1], pair.a[1], pair.a[0], pair.b[0]
            if _OUTPUT not in self._base:
                self.fails("it changes the embedding, which is this model's output too")
        if (columns, rows) != weight[:2] or not pair.a[2:] == pair.b[2:] == weight[2:]:
            self.fails(f"its {name!r} is {columns} x {rows}, the model's {weight[0]} x {weight[1]}")
        if rank_a != rank_b:
            self.fails(f"the ranks of its {name!r} differ, {rank_a} and {rank_b}")


def check_weights(path: Path, adapter: Header) -> None:
    """Read all of an adapter's weights; blocking. Raises `BadModelFile` for what is no number, or one
    so large that the cache, which has 16 bits for it, would hold infinity."""
    try:
        with path.open("rb") as file:
            for tensor in adapter.tensors:
                if tensor.type in _WEIGHTS:
                    file.seek(adapter.data_offset + tensor.offset)
                    _check_tensor(file, tensor, path.stem)
    except OSError as error:
        raise BadModelFile(f"{path.stem}: {error.strerror}") from None


def _check_tensor(file: BinaryIO, tensor: TensorInfo, name: str) -> None:
    kind = _WEIGHTS[tensor.type]
    left = tensor.size // kind.itemsize
    while left:
        found = np.fromfile(file, kind, min(left, CHUNK))
        if not found.size:
            raise BadModelFile(f"{name} became shorter while it was read")
        if not _are_sane(found, tensor.type):
            raise BadModelFile(f"{name} is damaged: {tensor.name!r} holds impossible numbers")
        left -= found.size


def _are_sane(found: NDArray[Any], kind: str) -> bool:
    values = found
    if kind == "Q8_0":
        values = found["scale"]
    elif kind == "BF16":
        values = (found.astype(np.uint32) << 16).view(np.float32)
    return bool(np.abs(values.astype(np.float32)).max() <= LARGEST)  # false for what is no number
