"""A model's working memory, and one decode at a time in it."""

import ctypes
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as ll
import numpy as np
from numpy.typing import NDArray

from ingle.engine.child.llama import library
from ingle.engine.child.llama.abort import AbortFlag
from ingle.engine.child.llama.adapter import Adapter
from ingle.engine.child.llama.batch import Batch
from ingle.engine.child.llama.model import Model
from ingle.engine.child.llama.vocabulary import Vocabulary
from ingle.engine.protocol import Flash, KvType
from ingle.errors import EngineUnavailable, NotEnoughMemory

ABORTED = 2
"""`llama_decode`'s return code after the abort callback; finished micro-batches stay in memory."""

_KV_TYPES: dict[KvType, int] = {
    "f16": ll.GGML_TYPE_F16,
    "q8_0": ll.GGML_TYPE_Q8_0,
    "q4_0": ll.GGML_TYPE_Q4_0,
}
_FLASH: dict[Flash, int] = {
    "auto": ll.LLAMA_FLASH_ATTN_TYPE_AUTO,
    "on": ll.LLAMA_FLASH_ATTN_TYPE_ENABLED,
    "off": ll.LLAMA_FLASH_ATTN_TYPE_DISABLED,
}

_TRIAL_CELLS, _TRIAL_ROWS = 256, 4
"""Of the context in which an adapter is tried."""


@dataclass(frozen=True)
class ContextShape:
    """What a context is made with; `n_outputs` bounds the rows of a batch that give logits."""

    n_ctx: int
    n_batch: int
    n_seq: int
    n_outputs: int
    threads: int
    kv_type: KvType = "f16"
    flash: Flash = "auto"


class Context:
    """A model's working memory: one unified KV cache that all sequences share."""

    def __init__(self, model: Model, shape: ContextShape) -> None:
        """Raises `NotEnoughMemory`, and `EngineUnavailable` where llama.cpp has another reason."""
        self.model, self.vocabulary, self.shape = model, Vocabulary(model), shape
        library.last_errors.clear()
        with model.adapting:
            self.handle = ll.llama_init_from_model(model.handle, self._params(shape))
        if not self.handle:
            kind = NotEnoughMemory if library.is_short_of_memory() else EngineUnavailable
            raise kind(
                f"no context of {shape.n_ctx} tokens could be made: {library.why()}",
                "set a smaller engine.n_ctx in config.toml",
            )
        self._memory = ll.llama_get_memory(self.handle)
        self.n_ctx: int = ll.llama_n_ctx(self.handle)
        self.batch = Batch(shape.n_batch, shape.n_outputs)
        self._logits_type = ctypes.c_float * self.vocabulary.size
        self._threads = shape.threads
        self._adapted: tuple[Adapter | None, float] = (None, 1.0)
        self._abort = AbortFlag()
        if self.can_abort:
            self._abort.arm(self.handle)

    @staticmethod
    def _params(shape: ContextShape) -> Any:
        params = ll.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = shape.n_ctx, shape.n_batch, shape.n_batch
        params.n_seq_max, params.n_outputs_max = shape.n_seq, shape.n_outputs
        params.n_threads = params.n_threads_batch = shape.threads
        params.type_k = params.type_v = _KV_TYPES[shape.kv_type]
        params.flash_attn_type = _FLASH[shape.flash]
        params.kv_unified = True
        params.no_perf = True
        return params

    @property
    def can_abort(self) -> bool:
        """Whether a decode on the CPU can be cut, and goes on later where it was."""
        return not self.model.is_recurrent

    def close(self) -> None:
        """Give its memory back; nothing else may be asked of it then."""
        ll.llama_free(self.handle)

    @property
    def can_share(self) -> bool:
        """Whether a sequence can be cut at any token, and begin with a part of another one."""
        return not self.model.is_recurrent

    @property
    def window(self) -> int:
        """Tokens that some layers see at most; 0 when all see everything."""
        return self.model.window

    def abort(self) -> None:
        """Cut the decode in flight (on the CPU, 3-5 ms later); from any thread."""
        self._abort.set()

    def allow(self) -> None:
        """Take back `abort` before the next decode."""
        self._abort.clear()

    def decode(self, threads: int) -> int:
        """Run the batch to its end: 0, `ABORTED`, 1 when the memory is full, or another error."""
        if threads != self._threads:
            ll.llama_set_n_threads(self.handle, threads, threads)
            self._threads = threads
        code = int(ll.llama_decode(self.handle, self.batch.raw))
        ll.llama_synchronize(self.handle)
        return code

    def use_adapter(self, adapter: Adapter | None, scale: float = 1.0) -> bool:
        """Let an adapter change what the next steps compute. True for another one than before: the
        next decode lays out its graph anew, which takes half as long as a small model's step."""
        if (adapter, scale) == self._adapted:
            return False
        self._adapted = (adapter, scale)
        handles = [adapter.handle] if adapter else []
        array = (ll.llama_adapter_lora_p_ctypes * len(handles))(*handles)
        scales = (ctypes.c_float * len(handles))(*[scale] * len(handles))
        ll.llama_set_adapters_lora(self.handle, array, len(handles), scales)
        return True

    @property
    def is_adapted(self) -> bool:
        return self._adapted[0] is not None

    def load_adapter(self, path: Path) -> Adapter:
        """Between steps only. Raises `BadModelFile`."""
        return Adapter(self.model, path)

    def bears(self, adapter: Adapter, scale: float) -> bool:
        """Whether the model still computes numbers with an adapter; beside other steps, not while
        another adapter is loaded.

        Tried in cells apart: what is no number spoils whatever is computed beside it, though nobody
        attends to it, as long as its cell is not written again (but for flash attention on the CPU).
        """
        shape = replace(
            self.shape,
            n_ctx=_TRIAL_CELLS,
            n_batch=_TRIAL_ROWS,
            n_seq=1,
            n_outputs=1,
        )
        try:
            trial = Context(self.model, shape)
        except EngineUnavailable:
            return True  # no memory for a trial
        trial.use_adapter(adapter, scale)
        tokens = range(0, self.vocabulary.size, max(self.vocabulary.size // _TRIAL_ROWS, 1))
        trial.batch.add(tokens[:_TRIAL_ROWS], 0, 0, [_TRIAL_ROWS - 1])
        code = trial.decode(threads=1)  # on a thread that is not the decoding one
        is_sane = not code and bool(np.isfinite(trial.logits(_TRIAL_ROWS - 1).max()))
        trial.close()
        return is_sane

    def free_adapter(self, adapter: Adapter) -> None:
        """Between steps only."""
        if self._adapted[0] is adapter:
            self.use_adapter(None)
        adapter.free()

    def logits(self, row: int) -> NDArray[np.float32]:
        """A view, valid until the next decode, of a row that was marked as output."""
        pointer = ll.llama_get_logits_ith(self.handle, row)
        if not pointer:
            raise EngineUnavailable("llama.cpp computed no logits for a row")
        floats = self._logits_type.from_address(ctypes.addressof(pointer.contents))
        return np.frombuffer(floats, np.float32)  # type: ignore[call-overload,no-any-return]

    # ---- what is in memory

    def remove(self, seq: int, start: int = 0, end: int = -1) -> bool:
        """Forget a sequence's positions from `start` on, up to `end`; False where the model's memory
        cannot be cut there, and then nothing was forgotten."""
        return bool(ll.llama_memory_seq_rm(self._memory, seq, start, end))

    def copy(self, source: int, target: int, start: int = 0, end: int = -1) -> None:
        """Let `target` have these positions of `source` too: in a unified cache that moves no data."""
        ll.llama_memory_seq_cp(self._memory, source, target, start, end)

    def rewind(self, seq: int, length: int) -> bool:
        """Forget what a sequence has from position `length` on, to go on from there; False where
        that would not give what was computed before, and then it has to be computed anew."""
        if self.kept(seq) != length and not self.remove(seq, length):
            return False
        return self.reaches(seq, length)

    def reaches(self, seq: int, length: int) -> bool:
        """Whether everything is there that the token at position `length` attends to.

        A cache with a sliding window reuses the cells that its sequence's end no longer sees
        (`llama_kv_cache::find_slot`): what stands before them cannot be continued.
        """
        if not self.window or not length:
            return True
        first = int(ll.llama_memory_seq_pos_min(self._memory, seq))
        return 0 <= first <= max(0, length - self.window + 1)

    def is_whole(self, seq: int) -> bool:
        """Whether a sequence's memory is there from its first token on."""
        return not self.window or int(ll.llama_memory_seq_pos_min(self._memory, seq)) == 0

    def state(self, seq: int) -> memoryview:
        """What a sequence has in memory, to be put back by `restore`; empty when that fails."""
        size = int(ll.llama_state_seq_get_size(self.handle, seq))
        data = np.empty(size, np.uint8)
        pointer = data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        return data[: int(ll.llama_state_seq_get_data(self.handle, pointer, size, seq))].data

    def restore(self, seq: int, data: bytes | memoryview, length: int) -> bool:
        """Give a sequence the memory that `state` took. False, and the sequence is empty, when the
        data are not a state of `length` tokens in a context like this one, or there is no room."""
        held = np.frombuffer(data, np.uint8)
        pointer = held.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        read = int(ll.llama_state_seq_set_data(self.handle, pointer, len(data), seq))
        if read == len(data) and self.kept(seq) == length and self.reaches(seq, length):
            return True
        self.remove(seq)
        return False

    def kept(self, seq: int) -> int:
        """How many positions of a sequence are in memory."""
        return int(ll.llama_memory_seq_pos_max(self._memory, seq)) + 1

    def warm_up(self, threads: int) -> float:
        """Decode one token and forget it: the first request shall not pay for first uses. Gives ms."""
        began = time.perf_counter()
        self.batch.clear()
        self.batch.add((self.vocabulary.opening() or [0])[:1], 0, 0, [0])
        self.decode(threads)
        self.remove(0)
        return (time.perf_counter() - began) * 1000
