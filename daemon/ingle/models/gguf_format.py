"""Takes a GGUF file's header apart and checks it, so that llama.cpp never opens one that it may die of.

The file is foreign data: every count, length, type and offset is checked before it is used, and
what is read and kept is bounded; tensor data is never read. The file is read, not mapped: a mapped
file that somebody cuts short kills its reader with SIGBUS. This module knows the format (versions
2 and 3, little endian) and no model; `gguf` makes sense of what it finds.
"""

import struct
from dataclasses import dataclass
from math import prod
from typing import BinaryIO, NamedTuple, NoReturn

from ingle.errors import BadModelFile
from ingle.models import lookalikes
from ingle.models.ggml import REMOVED_TENSOR_TYPES, TENSOR_TYPES, TensorType

MAGIC = b"GGUF"
VERSIONS = (2, 3)

MAX_HEADER_BYTES = 64 << 20
"""Everything before the tensor data. A vocabulary of 262,144 tokens with its merges takes 15 MiB."""
MAX_PAIRS = 4096
"""Real files have fewer than 100."""
MAX_TENSORS = 65_536
"""The largest mixtures of experts have some 10,000."""
MAX_KEY_BYTES = 65_535
"""The specification's limit."""
MAX_TEXT_BYTES = 1 << 20
"""One text value: chat templates and licences are below 100 kB."""
MAX_NAME_BYTES = 63
"""A tensor's name, as ggml stores it."""
MAX_DIMENSIONS = 4
MAX_TENSOR_ELEMENTS = 2**48
"""Keeps every size and every sum of sizes far below 64 bits."""
QUOTED_CHARACTERS = 80
KEPT_ELEMENTS = 1024
"""Longer arrays are counted and skipped: settings for each layer are shorter, vocabularies longer."""
ALPHA = "adapter.lora.alpha"
DEFAULT_ALIGNMENT = 32
ALIGNMENTS = tuple(2**power for power in range(3, 17))
"""The specification asks for a multiple of 8; nobody uses more than a page."""
WINDOW_BYTES = 1 << 20
"""How much of a long array of texts is looked at in one go."""

_DOWNLOAD_AGAIN = "download it again; `ingle model pull` checks what it gets"
_GET_GGUF = "models for Ingle are .gguf files; `ingle model list` names some"
_UPDATE = "the file may be newer than this Ingle: update Ingle, or get the model in another quantisation"
_REQUANTISED = "get the model in another quantisation, for example Q4_K_M or Q8_0"

Scalar = int | float | bool | str


@dataclass(frozen=True)
class LongArray:
    """An array that was counted and skipped."""

    kind: str
    count: int


Value = Scalar | list[Scalar] | LongArray


@dataclass(frozen=True)
class TensorInfo:
    """`shape` is in ggml's order, the row's length first; `offset` counts from the data's beginning."""

    name: str
    shape: tuple[int, ...]
    type: str
    offset: int
    size: int

    @property
    def elements(self) -> int:
        return prod(self.shape)


class Parsed(NamedTuple):
    """A header that was checked."""

    pairs: dict[str, Value]
    tensors: list[TensorInfo]
    data_offset: int


class _Number(NamedTuple):
    name: str
    layout: struct.Struct


_NUMBERS: dict[int, _Number] = {
    0: _Number("uint8", struct.Struct("<B")),
    1: _Number("int8", struct.Struct("<b")),
    2: _Number("uint16", struct.Struct("<H")),
    3: _Number("int16", struct.Struct("<h")),
    4: _Number("uint32", struct.Struct("<I")),
    5: _Number("int32", struct.Struct("<i")),
    6: _Number("float32", struct.Struct("<f")),
    7: _Number("bool", struct.Struct("<?")),
    10: _Number("uint64", struct.Struct("<Q")),
    11: _Number("int64", struct.Struct("<q")),
    12: _Number("float64", struct.Struct("<d")),
}
_TEXT, _ARRAY = 8, 9
_U32, _U64 = _NUMBERS[4].layout, _NUMBERS[10].layout


def parse(file: BinaryIO, size: int) -> Parsed:
    """Read the header of a file of `size` bytes from its beginning. Raises `BadModelFile`, `OSError`."""
    return _Reader(file, size).parse()


class _Reader:
    """One pass over one file; the methods stand in the order of the format."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self._at = 0

    def parse(self) -> Parsed:
        self._preamble()
        n_tensors = self._count("tensors", MAX_TENSORS)
        n_pairs = self._count("metadata pairs", MAX_PAIRS)
        pairs = self._pairs(n_pairs)
        _is_whole(pairs)
        alignment = _alignment(pairs)
        tensors = self._tensors(n_tensors, alignment)
        data_offset = _padded(self._at, alignment)
        self._has_all_data(tensors, data_offset)
        return Parsed(pairs, tensors, data_offset)

    def _preamble(self) -> None:
        start = self._file.read(lookalikes.SAMPLE_BYTES)
        if not start:
            _fail("it is empty")
        if not start.startswith(MAGIC):
            raise BadModelFile(f"not a GGUF file: {lookalikes.describe(start)}", _GET_GGUF)
        self._file.seek(len(MAGIC))
        self._at = len(MAGIC)
        version = self._u32()
        if version in VERSIONS:
            return
        if version and version & 0xFFFF == 0:
            _fail(
                "it is big-endian, this needs a little-endian one", "`gguf-convert-endian` converts it"
            )
        if version == 1:
            _fail("its version is 1, expected 2 or 3", "it is from 2023: get a newer conversion")
        _fail(f"its version is {version}, expected 2 or 3", _UPDATE)

    def _count(self, what: str, most: int) -> int:
        count = self._u64()
        if count > most:
            _fail(f"it claims {count} {what}, expected at most {most}")
        return count

    def _pairs(self, count: int) -> dict[str, Value]:
        pairs: dict[str, Value] = {}
        for index in range(count):
            key = self._text(f"the key of metadata pair {index}", MAX_KEY_BYTES)
            if not key or key in pairs:
                _fail(
                    f"metadata key {_quoted(key)} appears twice"
                    if key
                    else f"metadata key {index} is empty"
                )
            pairs[key] = self._value(key, self._u32())
        return pairs

    def _value(self, key: str, kind: int) -> Value:
        if kind == _TEXT:
            return self._text(f"the value of {_quoted(key)}", MAX_TEXT_BYTES)
        if kind == _ARRAY:
            return self._array(key, self._u32(), self._u64())
        number = self._number_type(key, kind)
        if key == ALPHA and number.name != "float32":  # llama.cpp asks for nothing else, and aborts
            _fail(f"{_quoted(key)} is a {number.name}, expected a float32")
        return self._scalar(number.layout)

    def _array(self, key: str, kind: int, count: int) -> list[Scalar] | LongArray:
        if kind == _ARRAY:
            _fail(f"{_quoted(key)} is an array of arrays, which llama.cpp does not read")
        layout = None if kind == _TEXT else self._number_type(key, kind).layout
        if count * (layout.size if layout else _U64.size) > MAX_HEADER_BYTES:
            _fail(f"{_quoted(key)} claims {count} elements, more than a header holds")
        if count <= KEPT_ELEMENTS:
            if layout:
                return [self._scalar(layout) for _ in range(count)]
            return [self._text(f"an element of {_quoted(key)}", MAX_TEXT_BYTES) for _ in range(count)]
        if layout:
            self._skip(count * layout.size)
        else:
            self._skip_texts(key, count)
        return LongArray("string" if kind == _TEXT else "number", count)

    def _number_type(self, key: str, kind: int) -> _Number:
        number = _NUMBERS.get(kind)
        if number is None:
            _fail(f"the value of {_quoted(key)} has the unknown type {kind}")
        return number

    def _skip_texts(self, key: str, count: int) -> None:
        """A vocabulary has half a million texts: they are walked in windows, not read one by one."""
        while count:
            window = self._file.read(min(WINDOW_BYTES, self._size - self._at))
            at = 0
            while count and at + _U64.size <= len(window):
                (length,) = _U64.unpack_from(window, at)
                if length > MAX_TEXT_BYTES:
                    _fail(f"an element of {_quoted(key)} claims {length} bytes, over {MAX_TEXT_BYTES}")
                at += _U64.size + length
                count -= 1
            if at == 0:
                self._ends_early()
            self._file.seek(self._at)
            self._skip(at)

    def _tensors(self, count: int, alignment: int) -> list[TensorInfo]:
        if count == 0:
            _fail("it holds no tensors, only a vocabulary", "get the file with the weights")
        tensors: list[TensorInfo] = []
        names: set[str] = set()
        expected = 0
        for index in range(count):
            tensor = self._tensor(index)
            if tensor.name in names:
                _fail(f"tensor {_quoted(tensor.name)} appears twice")
            if tensor.offset != expected:
                _fail(f"tensor {_quoted(tensor.name)} has offset {tensor.offset}, expected {expected}")
            expected += _padded(tensor.size, alignment)
            names.add(tensor.name)
            tensors.append(tensor)
        return tensors

    def _tensor(self, index: int) -> TensorInfo:
        name = self._text(f"the name of tensor {index}", MAX_NAME_BYTES)
        n_dims = self._u32()
        if n_dims > MAX_DIMENSIONS:
            _fail(f"tensor {_quoted(name)} has {n_dims} dimensions, expected at most {MAX_DIMENSIONS}")
        shape = tuple(self._u64() for _ in range(n_dims))
        if 0 in shape or prod(shape) > MAX_TENSOR_ELEMENTS:
            _fail(f"tensor {_quoted(name)} has the impossible shape {list(shape)}")
        kind = _tensor_type(name, self._u32())
        row = shape[0] if shape else 1
        if row % kind.block:
            _fail(
                f"tensor {_quoted(name)} has rows of {row}, {kind.name} needs a multiple of {kind.block}"
            )
        return TensorInfo(name, shape, kind.name, self._u64(), kind.bytes_of(prod(shape)))

    def _has_all_data(self, tensors: list[TensorInfo], data_offset: int) -> None:
        last = tensors[-1]
        end = data_offset + last.offset + last.size
        if end > self._size:
            _fail(f"it is truncated: {end - self._size} of {end} bytes are missing at its end")

    def _u32(self) -> int:
        value: int = _U32.unpack(self._take(_U32.size))[0]
        return value

    def _u64(self) -> int:
        value: int = _U64.unpack(self._take(_U64.size))[0]
        return value

    def _scalar(self, layout: struct.Struct) -> Scalar:
        value: Scalar = layout.unpack(self._take(layout.size))[0]
        return value

    def _text(self, what: str, most: int) -> str:
        length = self._u64()
        if length > most:
            _fail(f"{what} claims {length} bytes, expected at most {most}")
        try:
            return self._take(length).decode("utf-8")
        except UnicodeDecodeError:
            _fail(f"{what} is not UTF-8")

    def _take(self, count: int) -> bytes:
        self._advance(count)
        data = self._file.read(count)
        if len(data) < count:
            self._ends_early()
        return data

    def _skip(self, count: int) -> None:
        self._advance(count)
        self._file.seek(self._at)

    def _advance(self, count: int) -> None:
        self._at += count
        if self._at > MAX_HEADER_BYTES:
            _fail(f"its header is over {MAX_HEADER_BYTES >> 20} MiB")
        if self._at > self._size:
            self._ends_early()

    def _ends_early(self) -> NoReturn:
        _fail(f"it is truncated: it ends inside its header, after {self._size} bytes")


def _quoted(text: str) -> str:
    """A foreign text for a message: short, and no control character gets through."""
    return repr(text[:QUOTED_CHARACTERS])


def _fail(what: str, hint: str = _DOWNLOAD_AGAIN) -> NoReturn:
    raise BadModelFile(f"not a usable GGUF file: {what}", hint)


def _is_whole(pairs: dict[str, Value]) -> None:
    """Parts of a split model refer to each other by their file names, which a library changes."""
    count = pairs.get("split.count")
    if isinstance(count, int) and count > 1:
        _fail(
            f"it is one part of {count}",
            "join the parts: `llama-gguf-split --merge FIRST-PART MODEL.gguf`",
        )


def _alignment(pairs: dict[str, Value]) -> int:
    alignment = pairs.get("general.alignment", DEFAULT_ALIGNMENT)
    if isinstance(alignment, bool) or alignment not in ALIGNMENTS:
        _fail(f"its alignment is {alignment!r}, expected a power of two from 8 to {ALIGNMENTS[-1]}")
    assert isinstance(alignment, int)
    return alignment


def _tensor_type(name: str, number: int) -> TensorType:
    if number in REMOVED_TENSOR_TYPES:
        removed = REMOVED_TENSOR_TYPES[number]
        _fail(
            f"tensor {_quoted(name)} is in the format {removed}, which llama.cpp has dropped",
            _REQUANTISED,
        )
    kind = TENSOR_TYPES.get(number)
    if kind is None:
        _fail(f"tensor {_quoted(name)} has the unknown type {number}", _UPDATE)
    return kind


def _padded(count: int, alignment: int) -> int:
    return -(-count // alignment) * alignment
