"""Cutting a computation on the CPU, from any thread and without the interpreter's lock."""

import ctypes
from typing import Any

import llama_cpp.llama_cpp as ll


class AbortFlag:
    """What a context asks between its operations: libc's `strlen` is the callback, on a flag."""

    def __init__(self) -> None:
        self._flag = ctypes.create_string_buffer(2)
        self._strlen = ctypes.cast(ctypes.CDLL(None).strlen, ll.ggml_abort_callback)

    def arm(self, context: Any) -> None:
        """Have a `llama_context` ask; this object has to live as long as that does."""
        pointer = ctypes.cast(self._flag, ctypes.c_void_p)
        ll.llama_set_abort_callback(context, self._strlen, pointer)

    def set(self) -> None:
        """Cut what is being computed (3-5 ms later)."""
        self._flag[0] = b"\1"

    def clear(self) -> None:
        """Before the next computation."""
        self._flag[0] = b"\0"
