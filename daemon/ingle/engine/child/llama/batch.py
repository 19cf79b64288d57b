"""The rows of one step, as llama.cpp reads them."""

import ctypes
from collections.abc import Sequence
from typing import Any

import llama_cpp.llama_cpp as ll
import numpy as np


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
        if len(tokens) == 1:  # most steps: a tenth of the time of the slices
            self._tokens[first], self._positions[first] = tokens[0], start
            self._sequences[first], self._outputs[first] = seq, bool(outputs)
        else:
            self._tokens[first:last] = tokens
            self._positions[first:last] = np.arange(start, start + len(tokens))
            self._sequences[first:last] = seq
            self._outputs[first:last] = 0
            for index in outputs:
                self._outputs[first + index] = 1
        self.count = self.raw.n_tokens = last
        return first
