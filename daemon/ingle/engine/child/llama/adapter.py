"""A LoRA adapter in memory, beside the weights that it changes."""

import os
from pathlib import Path

import llama_cpp.llama_cpp as ll

from ingle.engine.child.llama import library
from ingle.engine.child.llama.model import Model
from ingle.errors import BadModelFile


class Adapter:
    """A loaded adapter. Made and freed between steps: llama.cpp counts a model's adapters whenever it
    lays out a step anew, and does not look whether one is in use."""

    def __init__(self, model: Model, path: Path) -> None:
        """Its file is read, not mapped. Raises `BadModelFile` with llama.cpp's own words."""
        library.last_errors.clear()
        self.handle = ll.llama_adapter_lora_init(model.handle, os.fsencode(path))
        if not self.handle:
            raise BadModelFile(f"llama.cpp cannot load the adapter {path.stem}: {library.why()}")

    def free(self) -> None:
        """Give its memory back; no context may be set to it."""
        ll.llama_adapter_lora_free(self.handle)
        self.handle = None
