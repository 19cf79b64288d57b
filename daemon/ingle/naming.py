"""What models and sizes are called where a person reads of them, alike everywhere. Pure.

Whoever types a model's name types that of the file; these are for sentences, menus and lists.
"""

from collections.abc import Collection, Mapping
from typing import Any

_SIZES = ("bytes", "kB", "MB", "GB", "TB")
_FAMILIES = {
    "smollm2": "SmolLM2",
    "smollm3": "SmolLM3",
    "tinyllama": "TinyLlama",
    "deepseek": "DeepSeek",
    "gpt": "GPT",
    "olmo2": "OLMo2",
}
"""Those that are not written with one capital letter in front."""
_USUAL = {"instruct", "chat", "it", "gguf"}


def size(count: float) -> str:
    """Decimal units, as disks and `ls --si` count: 144810528 is "145 MB"."""
    for unit in _SIZES:
        if count < 1000 or unit == _SIZES[-1]:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("the last unit takes everything")


def model(name: str) -> str:
    """A file's name as people write it: "smollm2-135m-instruct" is "SmolLM2 135M"."""
    parts = [part for part in name.split("-") if part and part.lower() not in _USUAL]
    return " ".join(_part(part) for part in parts) or name


def models(names: Collection[str]) -> dict[str, str]:
    """Name → how it is called; two that would be called the same keep their names."""
    called = {name: model(name) for name in names}
    often = list(called.values())
    return {name: words if often.count(words) == 1 else name for name, words in called.items()}


def place(engine: Mapping[str, Any]) -> str:
    """Where the weights are, by an `EngineStatus` as JSON, and what they take: "on the CPU, 245 MB"."""
    layers, on_gpu = engine.get("layers") or 0, engine.get("gpu_layers") or 0
    vram, rss = engine.get("vram_bytes") or 0, engine.get("rss_bytes") or 0
    if not on_gpu and not vram:
        return f"on the CPU, {size(rss)}" if rss else "on the CPU"
    where = f"on the GPU, {size(vram)}" if vram else "on the GPU"
    return f"{where}, {on_gpu} of {layers} layers" if 0 < on_gpu < layers else where


def _part(part: str) -> str:
    if part.lower() in _FAMILIES:
        return _FAMILIES[part.lower()]
    if part[0].isdigit() and part[-1] in "mbk":
        return part[:-1] + part[-1].upper()
    return part[0].upper() + part[1:]
