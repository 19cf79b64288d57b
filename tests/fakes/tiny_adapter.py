"""A LoRA adapter with random weights for the tiny model, of some 10 kB: loud enough to be seen."""

from pathlib import Path

import gguf
import numpy as np

from fakes.tiny_gguf import EMBEDDING, HEAD, HEADS, LAYERS

RANK = 4


def build(
    path: Path, *, seed: int = 0, strength: float = 1.0, embedding: int = EMBEDDING, arch: str = "llama"
) -> Path:
    """Write the adapter to `path` and give it back. Another `embedding` fits no model of ours."""
    writer = gguf.GGUFWriter(path, arch)
    writer.add_type("adapter")
    writer.add_name("tiny-adapter")
    writer.add_base_model_count(1)
    writer.add_base_model_name(0, "tiny-random")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(RANK))
    rng = np.random.default_rng(seed)
    for layer in range(LAYERS):
        name = f"blk.{layer}.attn_q.weight"
        down = rng.standard_normal((RANK, embedding)) * strength
        up = rng.standard_normal((HEADS * HEAD, RANK)) * strength
        writer.add_tensor(f"{name}.lora_a", down.astype(np.float32))
        writer.add_tensor(f"{name}.lora_b", up.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
