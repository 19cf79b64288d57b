"""The weights."""

import ctypes
import os
import threading
from collections.abc import Callable, Sequence

import llama_cpp.llama_cpp as ll

from ingle.engine.child.llama import devices, library
from ingle.engine.protocol import Device
from ingle.errors import BadModelFile, NotEnoughMemory


class Model:
    """The weights. Freed by the end of the process only, so that no context can outlive them."""

    def __init__(
        self,
        path: str,
        *,
        gpus: Sequence[Device],
        gpu_layers: int,
        check_tensors: bool,
        progress: Callable[[float], None],
    ) -> None:
        """Raises `BadModelFile` with llama.cpp's own words, and `NotEnoughMemory`."""

        def report(share: float, _: object) -> bool:
            progress(share)
            return True

        self.adapting = threading.Lock()
        """Held while the list of its adapters changes, and while a context is made, which reads it."""
        params = ll.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        chosen = devices.pointers(gpus)
        params.devices = ctypes.addressof(chosen)
        params.check_tensors = check_tensors
        params.progress_callback = callback = ll.llama_progress_callback(report)
        library.last_errors.clear()
        self.handle = ll.llama_model_load_from_file(os.fsencode(path), params)
        del callback, chosen  # needed until here
        if not self.handle and library.is_short_of_memory():
            raise NotEnoughMemory(f"no memory for the model: {library.why()}")
        if not self.handle:
            raise BadModelFile(f"llama.cpp cannot load the model: {library.why()}")
        if ll.llama_vocab_type(ll.llama_model_get_vocab(self.handle)) == ll.LLAMA_VOCAB_TYPE_NONE:
            raise BadModelFile("the model has no tokenizer", "choose another one")

    def check_writes(self) -> None:
        """Raises `BadModelFile` where no text can come of it: an encoder would write nonsense."""
        is_causal = self._says(f"{self.architecture}.attention.causal") != "false"
        if not is_causal or not ll.llama_model_has_decoder(self.handle):
            raise BadModelFile(
                "the model cannot write text: it is an encoder, as used for embeddings",
                'choose a language model; `embedder = "NAME"` in config.toml is the place for this one',
            )

    @property
    def architecture(self) -> str:
        return self._says("general.architecture")

    def _says(self, key: str) -> str:
        buffer = ctypes.create_string_buffer(128)
        ll.llama_model_meta_val_str(self.handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    @property
    def n_ctx_train(self) -> int:
        return int(ll.llama_model_n_ctx_train(self.handle))

    @property
    def layers(self) -> int:
        """With the output, which counts as the last."""
        return int(ll.llama_model_n_layer(self.handle)) + 1

    @property
    def window(self) -> int:
        """Tokens that some of its layers see at most (sliding window); 0 when all see everything."""
        return int(ll.llama_model_n_swa(self.handle))

    @property
    def is_recurrent(self) -> bool:
        """Its memory cannot be cut at a position: a step that is aborted would be lost."""
        recurrent = ll.llama_model_is_recurrent(self.handle)
        return bool(recurrent or ll.llama_model_is_hybrid(self.handle))
