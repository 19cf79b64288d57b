"""What a GGUF file says of the model in it: read without llama.cpp, checked before llama.cpp sees it.

`gguf_format` takes the header apart; this module names what it found. The library, pulls and the
engine's supervisor use it. It knows no model family: see `families`.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import NoReturn

from ingle.errors import BadModelFile
from ingle.models.ggml import FILE_TYPES
from ingle.models.gguf_format import LongArray, Scalar, TensorInfo, Value, parse

LISTED_ELEMENTS = 64
"""Longer arrays are named in `Header.metadata`, not listed."""

MAX_NUMBER = 2**31 - 1
"""llama.cpp keeps a model's sizes in 32 bits."""

ARCHITECTURE = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What llama.cpp's names of architectures are made of."""

_UNQUANTISED = ("F32", "F16", "BF16")

_NAME_A_FILE = "name a .gguf file"
_CONVERT_AGAIN = "its conversion went wrong: get the model from another publisher"


@dataclass(frozen=True)
class Header:
    """A number that the file does not say is 0.

    `name` is the file's where the model has none. `metadata` holds every pair; an array of more
    than 64 elements is a text: "[49152 strings]". `tensors` are in the file's order, their offsets
    counted from `data_offset`.
    """

    architecture: str
    name: str
    metadata: dict[str, Scalar | list[Scalar]]
    tensors: list[TensorInfo]
    n_ctx_train: int
    n_layers: int
    n_vocab: int
    n_embd: int
    n_head: int
    n_head_kv: int
    parameters: int
    quantization: str
    chat_template: str | None
    data_offset: int
    size_bytes: int
    numbers: dict[str, list[int]]
    """The architecture's whole numbers, by key without its name; several where layers differ."""

    @property
    def is_adapter(self) -> bool:
        """Not a model but what changes one (`convert_lora_to_gguf.py` of llama.cpp)."""
        return self.metadata.get("general.type") == "adapter"

    @property
    def is_embedder(self) -> bool:
        """It says how the vector of a text is made of those of its tokens: their mean, the first, the
        last (llama.cpp's `llama_pooling_type`)."""
        return self.number("pooling_type") in (1, 2, 3)

    def number(self, key: str) -> int:
        """An architecture's number that is one for all layers, or 0."""
        found = self.numbers.get(key, [])
        return found[0] if len(found) == 1 else 0

    def per_layer(self, key: str) -> list[int]:
        """A number for each layer; empty where the file does not say it for all of them."""
        found = self.numbers.get(key, [])
        if len(found) == 1:
            return found * self.n_layers
        return found if len(found) >= self.n_layers else []


def read_header(path: Path) -> Header:
    """Read and check the header of the file at `path`. Blocking: call it in a thread.

    Raises `BadModelFile` and nothing else, whatever stands there.
    """
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):  # opening a pipe would wait for its writer
            raise BadModelFile("not a regular file", _NAME_A_FILE)
        with path.open("rb") as file:
            found = parse(file, status.st_size)
        facts = _Facts(found.pairs, found.tensors)
        return facts.header(path.stem, found.data_offset, status.st_size)
    except BadModelFile as error:
        raise BadModelFile(f"{path.name}: {error.message}", error.hint) from None
    except FileNotFoundError:
        raise BadModelFile(f"{path.name}: no such file", _NAME_A_FILE) from None
    except OSError as error:
        raise BadModelFile(f"{path.name}: {error.strerror}", "check the file's permissions") from None
    except ValueError:  # what Python says of a zero byte in a path
        raise BadModelFile(f"no file has the name {path.name!r}", _NAME_A_FILE) from None


class _Facts:
    """The meaning of a checked header's pairs and tensors."""

    def __init__(self, pairs: dict[str, Value], tensors: list[TensorInfo]) -> None:
        self._pairs, self._tensors = pairs, tensors
        self._architecture = self._text("general.architecture") or ""
        if not ARCHITECTURE.fullmatch(self._architecture):
            _wrong("it does not say its general.architecture")

    def header(self, file_name: str, data_offset: int, size_bytes: int) -> Header:
        n_head = self._of_model("attention.head_count")
        return Header(
            architecture=self._architecture,
            name=self._text("general.name") or file_name,
            metadata={key: _shown(value) for key, value in self._pairs.items()},
            tensors=self._tensors,
            n_ctx_train=self._of_model("context_length"),
            n_layers=self._of_model("block_count"),
            n_vocab=self._vocabulary(),
            n_embd=self._of_model("embedding_length"),
            n_head=n_head,
            n_head_kv=self._of_model("attention.head_count_kv") or n_head,
            parameters=sum(tensor.elements for tensor in self._tensors),
            quantization=self._quantization(),
            chat_template=self._text("tokenizer.chat_template"),
            data_offset=data_offset,
            size_bytes=size_bytes,
            numbers=self._numbers(),
        )

    def _numbers(self) -> dict[str, list[int]]:
        """Values out of range are left out: nobody can have meant them."""
        prefix = f"{self._architecture}."
        found: dict[str, list[int]] = {}
        for key, value in self._pairs.items():
            values = value if isinstance(value, list) else [value]
            whole = [int(item) for item in values if isinstance(item, int) and 0 <= item <= MAX_NUMBER]
            if key.startswith(prefix) and whole and len(whole) == len(values):
                found[key.removeprefix(prefix)] = whole
        return found

    def _text(self, key: str) -> str | None:
        value = self._pairs.get(key)
        if value is not None and not isinstance(value, str):
            _wrong(f"{key} is {_quoted(value)}, expected a text")
        return value

    def _of_model(self, key: str) -> int:
        """A number of the model's architecture; where it differs from layer to layer, the largest."""
        return self._number(f"{self._architecture}.{key}")

    def _number(self, key: str) -> int:
        value = self._pairs.get(key, 0)
        if isinstance(value, list):
            return max((_whole(key, item) for item in value), default=0)
        return _whole(key, value)

    def _vocabulary(self) -> int:
        tokens = self._pairs.get("tokenizer.ggml.tokens")
        if isinstance(tokens, LongArray):
            return tokens.count
        return len(tokens) if isinstance(tokens, list) else self._of_model("vocab_size")

    def _quantization(self) -> str:
        """The name that the file gives itself, if its tensors bear it out; else that of most weights."""
        weights: Counter[str] = Counter()
        for tensor in self._tensors:
            weights[tensor.type] += tensor.elements
        most = weights.most_common(1)[0][0]
        stated = FILE_TYPES.get(self._number("general.file_type"))
        if "general.file_type" not in self._pairs or stated is None or stated.tensors not in weights:
            return most
        return most if stated.name in _UNQUANTISED else stated.name


def _whole(key: str, value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_NUMBER:
        _wrong(f"{key} is {_quoted(value)}, expected a number from 0 to {MAX_NUMBER}")
    return value


def _shown(value: Value) -> Scalar | list[Scalar]:
    if isinstance(value, LongArray):
        return f"[{value.count} {value.kind}s]"
    if isinstance(value, list) and len(value) > LISTED_ELEMENTS:
        return f"[{len(value)} {'strings' if isinstance(value[0], str) else 'numbers'}]"
    return value


def _quoted(value: Value) -> str:
    """For a message: a file's text may be a megabyte."""
    return repr(_shown(value))[:80]


def _wrong(what: str) -> NoReturn:
    raise BadModelFile(f"not a usable model: {what}", _CONVERT_AGAIN)
