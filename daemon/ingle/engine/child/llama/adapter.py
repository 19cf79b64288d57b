"""A LoRA adapter in memory, beside the weights that it changes."""

import os
from pathlib import Path

import llama_cpp.llama_cpp as ll

from ingle.engine.child.llama import library
from ingle.engine.child.llama.model import Model
from ingle.errors import BadModelFile, NotEnoughMemory


class Adapter:
    """A loaded adapter. Made and freed between steps: llama.cpp counts a model's adapters whenever it
    lays out a step anew, and does not look whether one is in use."""

    def __init__(self, model: Model, path: Path) -> None:
        """Its file is read, not mapped. Raises `NotEnoughMemory`, and `BadModelFile` with llama.cpp's
        own words."""
        library.last_errors.clear()
        self._model = model
        with model.adapting:
            self.handle = ll.llama_adapter_lora_init(model.handle, os.fsencode(path))
        if not self.handle and library.is_short_of_memory():
            raise NotEnoughMemory(f"no memory for the adapter {path.stem}")
        if not self.handle:
            why = library.why().replace(str(path), path.name)
            raise BadModelFile(f"llama.cpp cannot load the adapter {path.stem}: {why}")

    def free(self) -> None:
        """Give its memory back; no context may be set to it."""
        with self._model.adapting:
            ll.llama_adapter_lora_free(self.handle)
        self.handle = None
