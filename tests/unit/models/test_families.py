"""A file's own template tells its family; where there is none, its name."""

import dataclasses
from pathlib import Path

import pytest

from ingle.models.families import family_of, stops_of
from ingle.models.gguf import Header, read_header
from ingle.models.templates import TEMPLATES


@pytest.fixture
def header(tiny_model: Path) -> Header:
    return read_header(tiny_model)


@pytest.mark.parametrize(
    ("template", "name", "family"),
    [
        ("{{'<|im_start|>' + role}}", "anything", "chatml"),
        ("<|start_header_id|>", "Llama 3.2", "llama3"),
        ("<bos><start_of_turn>user", "gemma", "gemma"),
        ("[INST] <<SYS>>", "llama 2", "llama2"),
        ("[INST]", "Mistral", "mistral"),
        ("' [INST] ' + system_message", "Mistral 7B v0.2", "mistral"),
        ('[AVAILABLE_TOOLS] ... "[INST] " + content', "Mistral 7B v0.3", "mistral-v3"),
        ('"[AVAILABLE_TOOLS][" ... "[INST]" + content', "Mistral Nemo", "mistral-tekken"),
        ("[SYSTEM_PROMPT] [INST]", "Ministral 3", "mistral-v7"),
        ("<|im_start|> {% if enable_thinking %}", "Qwen 3", "qwen3"),
        ("{% if enable_thinking %} <|im_start|>", "SmolLM 3", "qwen3"),
        ("<|im_start|>user<|im_sep|>", "phi 4", "phi4"),
        ("'<|' + message['role'] + '|>' + message['content'] + '<|end|>'", "phi 4 mini", "phi4-mini"),
        ("<|user|>\n<|end|>\n<|assistant|>", "phi", "phi3"),
        ("<|start|>assistant<|channel|>final<|end|>", "gpt-oss", "plain"),
        ("<|user|>\n</s>", "zephyr", "zephyr"),
        ("'<|user|>\n' + message['content'] + eos_token", "TinyLlama", "zephyr"),
        ("<|start_of_role|>", "granite", "granite"),
        (None, "Vicuna 7B v1.5", "vicuna"),
        (None, "stanford_alpaca", "alpaca"),
        (None, "Llama-2 7B chat", "llama2"),
        (None, "Falcon 7B instruct", "falcon"),
        (None, "mixtral 8x7b instruct", "mistral"),
        (None, "mistral 7b", "plain"),
        (None, "bloom", "plain"),
    ],
)
def test_the_family_is_recognised(header: Header, template: str | None, name: str, family: str) -> None:
    assert family_of(dataclasses.replace(header, chat_template=template, name=name)) == family


def test_every_family_has_its_stops() -> None:
    assert stops_of("chatml") == TEMPLATES["chatml"].stops
    assert stops_of("unheard-of") == ()
