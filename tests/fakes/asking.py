"""Prompts for the embedded model, as the assistant would build them: ChatML, data in a span apart."""

from typing import Any

from ingle.engine.protocol import GenerateParams
from ingle.vocabulary import Span

OPEN, CLOSE = "<|im_start|>", "<|im_end|>"


def chat(text: str) -> list[Span]:
    return [
        Span(f"{OPEN}user\n", special=True),
        Span(text),
        Span(f"{CLOSE}\n{OPEN}assistant\n", special=True),
    ]


def ask(text: str = "Tell me about the sea.", max_tokens: int = 16, **more: Any) -> GenerateParams:
    return GenerateParams(spans=chat(text), max_tokens=max_tokens, **more)
