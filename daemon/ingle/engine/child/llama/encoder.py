"""A model that makes vectors of texts, with a working memory of its own.

Nothing of a text stays in it: what was cut is computed anew. It knows no requests.
"""

import ctypes
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as ll
import numpy as np
from numpy.typing import NDArray

from ingle.engine.child.llama import library
from ingle.engine.child.llama.abort import AbortFlag
from ingle.engine.child.llama.batch import Batch
from ingle.engine.child.llama.model import Model
from ingle.engine.protocol import Device
from ingle.errors import BadModelFile, EngineUnavailable, NotEnoughMemory

MOST_WINDOW = 2048
"""Tokens of a text, though the model could read more: its working memory grows with them."""
ROWS, GPU_ROWS = 512, 2048
"""Of a step. An encoder reads a text at once, so that there are no less than its longest one has."""
SEQUENCES = 64
"""Texts of a step."""

_POOLED = (ll.LLAMA_POOLING_TYPE_MEAN, ll.LLAMA_POOLING_TYPE_CLS, ll.LLAMA_POOLING_TYPE_LAST)

Vector = NDArray[np.float32]


class Encoder:
    """Weights and context together; `close` frees both. Calls never overlap, but for `tokens`, which
    only reads, and `abort`."""

    def __init__(self, path: Path, gpus: Sequence[Device], threads: int) -> None:
        """Raises `BadModelFile`, `NotEnoughMemory`, `EngineUnavailable`. On the CPU without `gpus`."""
        self._model = Model(
            str(path),
            gpus=gpus,
            gpu_layers=-1 if gpus else 0,
            check_tensors=True,
            progress=lambda _: None,
        )
        self.window = min(self._model.n_ctx_train or MOST_WINDOW, MOST_WINDOW)
        self.rows = max(self.window, GPU_ROWS if gpus else ROWS)
        self._context = self._made(threads)
        if ll.llama_pooling_type(self._context) not in _POOLED:
            self.close()
            raise BadModelFile(f"{path.stem} makes no vector of a whole text")
        self._memory = ll.llama_get_memory(self._context)
        self._batch = Batch(self.rows, self.rows)
        self._flag = AbortFlag()
        self._flag.arm(self._context)
        self.width: int = ll.llama_model_n_embd_out(self._model.handle)
        self._vocabulary = ll.llama_model_get_vocab(self._model.handle)
        self._size: int = ll.llama_vocab_n_tokens(self._vocabulary)
        self.framing, self._closing = self._frame()

    def _made(self, threads: int) -> Any:
        params = ll.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = params.n_outputs_max = self.rows
        params.n_seq_max = SEQUENCES
        params.n_threads = params.n_threads_batch = threads
        params.embeddings = params.kv_unified = params.no_perf = True
        library.last_errors.clear()
        context = ll.llama_init_from_model(self._model.handle, params)
        if not context:
            ll.llama_model_free(self._model.handle)
            kind = NotEnoughMemory if library.is_short_of_memory() else EngineUnavailable
            raise kind(f"no working memory for the embedder could be made: {library.why()}")
        return context

    def close(self) -> None:
        """Give all memory back; nothing may be asked of it then."""
        ll.llama_free(self._context)
        ll.llama_model_free(self._model.handle)

    # ---- tokens

    def _frame(self) -> tuple[int, list[int]]:
        """How many tokens the model wants around a text, and those behind it."""
        around = self._encoded("")
        is_word_piece = ll.llama_vocab_type(self._vocabulary) == ll.LLAMA_VOCAB_TYPE_WPM
        has_opening = is_word_piece or ll.llama_vocab_get_add_bos(self._vocabulary)
        return len(around), around[bool(has_opening) :]

    def tokens(self, text: str) -> list[int]:
        """A text as its publisher's tokenizer has it; special tokens in it are not parsed."""
        return self._encoded(text)

    def beginning(self, tokens: Sequence[int]) -> list[int]:
        """As much of a long text as the window holds, closed as a whole text is."""
        return [*tokens[: self.window - len(self._closing)], *self._closing]

    def _encoded(self, text: str) -> list[int]:
        data = text.encode("utf-8", "replace")
        size = len(data) + 8
        while True:
            found = np.empty(size, np.int32)
            pointer = found.ctypes.data_as(ctypes.POINTER(ll.llama_token))
            count = ll.llama_tokenize(self._vocabulary, data, len(data), pointer, size, True, False)
            if count >= 0:
                tokens: list[int] = found[:count].tolist()
                return tokens
            size = -count

    # ---- vectors

    def encode(self, texts: Sequence[Sequence[int]], threads: int) -> tuple[int, float]:
        """Compute all texts together; gives llama.cpp's code (0 is good, `context.ABORTED` was cut) and
        the milliseconds. Raises `ValueError` past the limits, where llama.cpp would abort."""
        self._batch.clear()
        for seq, tokens in enumerate(texts):
            self._batch.add(tokens, 0, seq, range(len(tokens)))
        began = time.perf_counter()
        ll.llama_set_n_threads(self._context, threads, threads)
        if self._memory:
            ll.llama_memory_clear(self._memory, False)
        compute = ll.llama_decode if self._memory else ll.llama_encode
        code = int(compute(self._context, self._batch.raw))
        ll.llama_synchronize(self._context)
        return code, (time.perf_counter() - began) * 1000

    def vector(self, index: int) -> Vector | None:
        """Of text `index` of the last `encode`, with length 1; None where there is none."""
        pointer = ll.llama_get_embeddings_seq(self._context, index)
        if not pointer:
            return None
        floats = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float))
        raw = np.ctypeslib.as_array(floats, (self.width,)).astype(np.float64)
        length = float(np.sqrt(raw @ raw))
        return (raw / length).astype(np.float32) if 0 < length < np.inf else None

    def abort(self) -> None:
        """Cut what is being computed, on the CPU; from any thread."""
        self._flag.set()

    def allow(self) -> None:
        """Take back `abort` before the next `encode`."""
        self._flag.clear()
