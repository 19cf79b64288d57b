"""The thin layer over llama.cpp's C interface: the only module that touches llama_cpp.

It turns null pointers and return codes into values and errors, and keeps what the library would
abort on (an over-long batch, a model freed too early) from happening. It knows nothing of
requests. Calls that take a `Context` never overlap; `Vocabulary` only reads and may be used from
another thread.
"""

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import llama_cpp.llama_cpp as ll
import numpy as np
from llama_cpp._ggml import libggml
from numpy.typing import NDArray

from ingle.engine.child.pace import FEW_ROWS
from ingle.errors import BadModelFile, EngineUnavailable
from ingle.vocabulary import Span

ABORTED = 2
"""`llama_decode`'s return code after the abort callback; finished micro-batches stay in memory."""

_GPU_TYPES = (1, 2)
"""ggml_backend_dev_type: GPU and IGPU."""

_LOG_ERROR = 4

_last_errors: list[str] = []


def _write(level: int, text: bytes, _: object) -> None:
    """llama.cpp's messages go to standard error; the last errors are kept to explain a failure."""
    sys.stderr.buffer.write(text)
    sys.stderr.buffer.flush()
    if level == _LOG_ERROR:
        _last_errors.append(text.decode("utf-8", "replace").strip())
        del _last_errors[:-3]


_log = ll.llama_log_callback(_write)
"""Kept as long as the library may call it."""


def start() -> None:
    """Initialise the library; once per process."""
    ll.llama_log_set(_log, None)
    ll.llama_backend_init()


def can_offload() -> bool:
    return bool(ll.llama_supports_gpu_offload())


def build() -> str:
    """The version and the instruction sets that this build uses."""
    features = ll.llama_print_system_info().decode("utf-8", "replace")
    on = [part.split("=")[0].strip() for part in features.replace(":", "|").split("|") if "= 1" in part]
    return f"llama.cpp {_version()} {' '.join(on)}".strip()


def _version() -> str:
    return str(getattr(ll, "__version__", "")) or _distribution_version()


def _distribution_version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - needed once, at load

    return "python " + version("llama-cpp-python")


@dataclass(frozen=True)
class Device:
    """A GPU as ggml sees it; memory in bytes."""

    name: str
    free: int
    total: int


def gpus() -> list[Device]:
    """The GPUs of this build; llama_cpp does not bind ggml's device functions."""
    return [_device(handle) for handle in _gpu_handles()]


def _gpu_handles() -> Iterator[ctypes.c_void_p]:
    libggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    libggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    libggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    libggml.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    for index in range(libggml.ggml_backend_dev_count()):
        handle = ctypes.c_void_p(libggml.ggml_backend_dev_get(index))
        if libggml.ggml_backend_dev_type(handle) in _GPU_TYPES:
            yield handle


def _device(handle: ctypes.c_void_p) -> Device:
    libggml.ggml_backend_dev_description.restype = ctypes.c_char_p
    libggml.ggml_backend_dev_description.argtypes = [ctypes.c_void_p]
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    libggml.ggml_backend_dev_memory(handle, ctypes.byref(free), ctypes.byref(total))
    name = libggml.ggml_backend_dev_description(handle).decode("utf-8", "replace")
    return Device(name, free.value, total.value)


class Vocabulary:
    """Text to tokens and back. Reads only: safe beside a running decode."""

    def __init__(self, model: "Model") -> None:
        self._model = model  # the vocabulary lives in it
        self.handle = ll.llama_model_get_vocab(model.handle)
        self.size: int = ll.llama_vocab_n_tokens(self.handle)
        self._bos: int = ll.llama_vocab_bos(self.handle)
        self._eos: int = ll.llama_vocab_eos(self.handle)
        self._adds_bos = bool(ll.llama_vocab_get_add_bos(self.handle))

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Only with `special` do "<|im_start|>" and its like become control tokens."""
        data = text.encode("utf-8", "replace")
        found = np.empty(len(data) + 8, np.int32)
        pointer = found.ctypes.data_as(ctypes.POINTER(ll.llama_token))
        count = ll.llama_tokenize(self.handle, data, len(data), pointer, len(found), False, special)
        if count < 0:
            raise EngineUnavailable("llama.cpp could not tokenise the text")
        tokens: list[int] = found[:count].tolist()
        return tokens

    def prompt(self, spans: Sequence[Span]) -> list[int]:
        """Tokenise spans one by one; the model's begin token comes first where it wants one."""
        tokens = [token for span in spans for token in self.tokenize(span.text, special=span.special)]
        if self._adds_bos and self._bos >= 0 and tokens[:1] != [self._bos]:
            tokens.insert(0, self._bos)
        return tokens

    def opening(self) -> list[int]:
        """What stands before a text that nothing precedes, so that its first token has a likelihood."""
        return [next(token for token in (self._bos, self._eos) if token >= 0)] if self._eos >= 0 else []

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of a token; nothing for a control token unless `special`."""
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            count: int = ll.llama_token_to_piece(self.handle, token, buffer, size, 0, special)
            if count >= 0:
                return buffer.raw[:count]
            size = -count

    def is_end(self, token: int) -> bool:
        """Whether the model ends its answer with `token`."""
        return bool(ll.llama_vocab_is_eog(self.handle, token))


class Model:
    """The weights. Freed by the end of the process only, so that no context can outlive them."""

    def __init__(
        self, path: str, *, gpu_layers: int, check_tensors: bool, progress: Callable[[float], None]
    ) -> None:
        """Raises `BadModelFile` with llama.cpp's own words."""

        def report(share: float, _: object) -> bool:
            progress(share)
            return True

        params = ll.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        params.check_tensors = check_tensors
        params.progress_callback = callback = ll.llama_progress_callback(report)
        _last_errors.clear()
        self.handle = ll.llama_model_load_from_file(os.fsencode(path), params)
        del callback  # needed until here
        if not self.handle:
            raise BadModelFile(f"llama.cpp cannot load the model: {_why()}")
        if not ll.llama_model_has_decoder(self.handle):
            raise BadModelFile("the model cannot generate text: it has no decoder")

    @property
    def architecture(self) -> str:
        buffer = ctypes.create_string_buffer(128)
        ll.llama_model_meta_val_str(self.handle, b"general.architecture", buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    @property
    def n_ctx_train(self) -> int:
        return int(ll.llama_model_n_ctx_train(self.handle))

    @property
    def is_recurrent(self) -> bool:
        """Its memory cannot be cut at a position: a step that is aborted would be lost."""
        recurrent = ll.llama_model_is_recurrent(self.handle)
        return bool(recurrent or ll.llama_model_is_hybrid(self.handle))


def _why() -> str:
    return "; ".join(_last_errors) or "no reason was given"


class Batch:
    """A `llama_batch` over arrays of numpy's, so that filling it is slice assignment."""

    def __init__(self, capacity: int, outputs: int) -> None:
        self.capacity, self.max_outputs = capacity, outputs
        self.count = self.outputs = 0
        self._tokens = np.zeros(capacity, np.int32)
        self._positions = np.zeros(capacity, np.int32)
        self._lengths = np.ones(capacity, np.int32)
        self._sequences = np.zeros(capacity, np.int32)
        self._outputs = np.zeros(capacity, np.int8)
        first, size = self._sequences.ctypes.data, self._sequences.itemsize
        self._pointers = np.arange(first, first + size * capacity, size, dtype=np.uint64)
        self.raw = self._struct()

    def _struct(self) -> Any:
        raw: Any = ll.llama_batch()
        raw.token = self._tokens.ctypes.data_as(ctypes.POINTER(ll.llama_token))
        raw.embd = None
        raw.pos = self._positions.ctypes.data_as(ctypes.POINTER(ll.llama_pos))
        raw.n_seq_id = self._lengths.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
        raw.seq_id = ctypes.cast(
            self._pointers.ctypes.data, ctypes.POINTER(ctypes.POINTER(ll.llama_seq_id))
        )
        raw.logits = self._outputs.ctypes.data_as(ctypes.POINTER(ctypes.c_int8))
        return raw

    def clear(self) -> None:
        self.count = self.outputs = 0

    def add(self, tokens: Sequence[int], start: int, seq: int, outputs: Sequence[int]) -> int:
        """Append rows of a sequence; `outputs` index those that need logits. Gives the first row.

        Raises `ValueError` past the limits, where llama.cpp would abort.
        """
        first, last = self.count, self.count + len(tokens)
        self.outputs += len(outputs)
        if last > self.capacity or self.outputs > self.max_outputs:
            raise ValueError(f"{last} rows, {self.outputs} outputs: over the limits of the batch")
        self._tokens[first:last] = tokens
        self._positions[first:last] = np.arange(start, start + len(tokens))
        self._sequences[first:last] = seq
        self._outputs[first:last] = 0
        for index in outputs:
            self._outputs[first + index] = 1
        self.count = self.raw.n_tokens = last
        return first


@dataclass(frozen=True)
class ContextShape:
    """What a context is made with; `n_outputs` bounds the rows of a batch that give logits."""

    n_ctx: int
    n_batch: int
    n_ubatch: int
    n_seq: int
    n_outputs: int
    threads: int


class Context:
    """A model's working memory: one unified KV cache that all sequences share."""

    def __init__(self, model: Model, shape: ContextShape) -> None:
        """Raises `EngineUnavailable` when there is not enough memory for it."""
        self.model, self.vocabulary = model, Vocabulary(model)
        _last_errors.clear()
        self.handle = ll.llama_init_from_model(model.handle, self._params(shape))
        if not self.handle:
            raise EngineUnavailable(
                f"no memory for a context of {shape.n_ctx} tokens: {_why()}",
                "set a smaller engine.n_ctx in config.toml",
            )
        self._memory = ll.llama_get_memory(self.handle)
        self.n_ctx: int = ll.llama_n_ctx(self.handle)
        self.batch = Batch(shape.n_batch, shape.n_outputs)
        self.threads = self._most_threads = shape.threads
        """Of a step with few rows; one with many takes all."""
        self.row_ms = 0.0
        """Milliseconds of a step with one row, as it was at load."""
        self._abort = self._arm_abort()

    @staticmethod
    def _params(shape: ContextShape) -> Any:
        params = ll.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = shape.n_ctx, shape.n_batch, shape.n_ubatch
        params.n_seq_max, params.n_outputs_max = shape.n_seq, shape.n_outputs
        params.n_threads = params.n_threads_batch = shape.threads
        params.kv_unified = True
        params.no_perf = True
        return params

    def _arm_abort(self) -> "ctypes.Array[ctypes.c_char]":
        """Abort without the interpreter's lock: libc's `strlen` is the callback, a flag its string."""
        flag = ctypes.create_string_buffer(2)
        if not self.model.is_recurrent:
            strlen = ctypes.cast(ctypes.CDLL(None).strlen, ll.ggml_abort_callback)
            pointer = ctypes.cast(flag, ctypes.c_void_p)
            ll.llama_set_abort_callback(self.handle, strlen, pointer)
            self._keep_alive = strlen
        return flag

    def abort(self) -> None:
        """Cut the decode in flight (on the CPU, 3-5 ms later); from any thread."""
        self._abort[0] = b"\1"

    def allow(self) -> None:
        """Take back `abort` before the next decode."""
        self._abort[0] = b"\0"

    def decode(self) -> int:
        """Run the batch: 0, `ABORTED`, 1 when the memory is full, or another error."""
        beside = self.threads if self.batch.raw.n_tokens <= FEW_ROWS else self._most_threads
        ll.llama_set_n_threads(self.handle, self.threads, beside)
        return int(ll.llama_decode(self.handle, self.batch.raw))

    def logits(self, row: int) -> NDArray[np.float32]:
        """A view, valid until the next decode, of a row that was marked as output."""
        pointer = ll.llama_get_logits_ith(self.handle, row)
        if not pointer:
            raise EngineUnavailable("llama.cpp computed no logits for a row")
        floats = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(floats, (self.vocabulary.size,))

    def remove(self, seq: int, start: int = 0) -> bool:
        """Forget a sequence from position `start` on; False where the model's memory cannot."""
        return bool(ll.llama_memory_seq_rm(self._memory, seq, start, -1))

    def copy(self, source: int, target: int) -> None:
        """Let `target` start with all of `source`: in a unified cache only names are copied."""
        ll.llama_memory_seq_cp(self._memory, source, target, 0, -1)

    def kept(self, seq: int) -> int:
        """How many positions of a sequence are in memory."""
        return int(ll.llama_memory_seq_pos_max(self._memory, seq)) + 1

    def warm_up(self) -> float:
        """Decode one token and forget it: the first request shall not pay for first uses. Gives ms."""
        began = time.perf_counter()
        self.batch.clear()
        self.batch.add((self.vocabulary.opening() or [0])[:1], 0, 0, [0])
        self.decode()
        self.remove(0)
        return (time.perf_counter() - began) * 1000
