"""A file's own template tells its family; where there is none, its name."""

import dataclasses
from pathlib import Path

import pytest

from fakes import tiny_gguf
from ingle.models.families import family_of, lead_of, stops_of
from ingle.models.formats import TEMPLATES
from ingle.models.gguf import Header, read_header


@pytest.fixture
def header(tiny_model: Path) -> Header:
    return read_header(tiny_model)


MARKS = [
    ("{{'<|im_start|>' + role}}", "Qwen 2.5", "chatml"),
    ("<|im_start|> {% if enable_thinking %}", "Qwen 3", "qwen3"),
    ("render_content(message.content, true)|trim <|im_start|> enable_thinking", "Qwen 3.5", "qwen3.5"),
    ('{{- "<|im_start|>system\\n" -}} {{- "Reasoning Mode: " }} enable_thinking', "SmolLM 3", "smollm3"),
    ("<|im_start|>user<|im_sep|>", "phi 4", "phi4"),
    ("<|start_header_id|>", "Llama 3.2", "llama3"),
    ("'[INST] <<SYS>>\\n'", "llama 2", "llama2"),
    ("'[INST] ' + message['content'] + ' [/INST]'", "Mistral 7B v0.1", "mistral"),
    ("' [INST] ' + system_message", "Mistral 7B v0.2", "mistral"),
    ('[AVAILABLE_TOOLS] ... "[INST] " + content', "Mistral 7B v0.3", "mistral-v3"),
    ('"[AVAILABLE_TOOLS][" ... "[INST]" + content', "Mistral Nemo", "mistral-tekken"),
    ("[SYSTEM_PROMPT] [INST]", "Ministral 3", "mistral-v7"),
    ("<bos><start_of_turn>user", "gemma 3", "gemma"),
    ("'<|turn>' + role ... '<turn|>'", "gemma 4", "gemma4"),
    ("<|user|>\n<|end|>\n<|assistant|>", "phi 3", "phi3"),
    ("'<|' + message['role'] + '|>' + message['content'] + '<|end|>'", "phi 4 mini", "phi4-mini"),
    ("'<|user|>\\n' + message['content'] + eos_token", "TinyLlama", "zephyr"),
    ("'<|user|>\n' + message['content'] + eos_token", "zephyr", "zephyr"),
    ("{{ '<|user|>\\n' + message['content'] + '\\n' }} eos_token", "Falcon3", "falcon3"),
    ("{{ bos_token }} {{ '<|user|>\\n' + message['content'] + '\\n' }} eos_token", "OLMo 2", "olmo2"),
    ("'<|start_of_role|>' + message['role']", "granite", "granite"),
    ("'<|START_OF_TURN_TOKEN|><|USER_TOKEN|>'", "c4ai-command-r", "command-r"),
    ("'<\uff5cAssistant\uff5c><think>\\n'", "DeepSeek R1 Distill", "deepseek-r1"),
    ("<|start|>assistant<|channel|>final<|end|>", "gpt-oss", "gpt-oss"),
    ("'### Instruction:\\n'", "some alpaca", "alpaca"),
    ("'USER: ' + message['content']", "some vicuna", "vicuna"),
    ("'\\n\\nUser: ' + content ... '\\n\\nAssistant:'", "Falcon 7B", "falcon"),
    ("{{ message }}", "nobody knows", "plain"),
]
"""What tells each publisher's template from the others."""

NAMES = [
    ("Vicuna 7B v1.5", "vicuna"),
    ("stanford_alpaca", "alpaca"),
    ("Llama-2 7B chat", "llama2"),
    ("Llama-2 7B", "plain"),
    ("llama-7b", "plain"),
    ("Falcon 7B instruct", "falcon"),
    ("Falcon 7B", "plain"),
    ("mpt-7b-chat", "chatml"),
    ("mpt_7b_instruct", "mpt-instruct"),
    ("mpt-7b", "plain"),
    ("mixtral 8x7b instruct", "mistral"),
    ("mistral 7b", "plain"),
    ("zephyr-7b-beta", "zephyr"),
    ("stablelm-2-zephyr-1_6b", "stablelm-zephyr"),
    ("TinyLlama 1.1B Chat v1.0", "zephyr"),
    ("phi-2", "phi2"),
    ("gemma-2b-it", "gemma"),
    ("bloomz-560m", "plain"),
    ("bloom", "plain"),
    ("gpt2", "plain"),
]


@pytest.mark.parametrize(("template", "name", "family"), MARKS)
def test_the_files_own_template_tells(header: Header, template: str, name: str, family: str) -> None:
    assert family_of(dataclasses.replace(header, chat_template=template, name=name)) == family


@pytest.mark.parametrize(("name", "family"), NAMES)
def test_without_a_template_the_name_tells(header: Header, name: str, family: str) -> None:
    assert family_of(dataclasses.replace(header, chat_template=None, name=name)) == family


def test_of_two_that_are_written_alike_the_architecture_tells(header: Header) -> None:
    alike = "'<|user|>\n' + message['content'] + eos_token"
    stable = dataclasses.replace(header, chat_template=alike, architecture="stablelm")
    assert family_of(stable) == "stablelm-zephyr"


def test_every_family_can_be_recognised() -> None:
    assert {family for _, _, family in MARKS} | {family for _, family in NAMES} == set(TEMPLATES)


@pytest.mark.parametrize("template", ["<|im_start|>" * 100_000, "[" * 1_000_000, "<|user|>" * 100_000])
def test_a_long_template_is_no_trap(header: Header, template: str) -> None:
    assert family_of(dataclasses.replace(header, chat_template=template))


def test_the_tiny_models_are_of_the_families_that_they_stand_for(tmp_path: Path) -> None:
    found = {
        name: family_of(read_header(tiny_gguf.build(tmp_path / f"{name}.gguf", name)))
        for name in ("llama1", "llama2", "llama3", "mixtral", "falcon3", "gemma3", "phi4-mini", "qwen3")
    }
    assert found == {
        "llama1": "plain", "llama2": "llama2", "llama3": "llama3", "mixtral": "mistral",
        "falcon3": "falcon3", "gemma3": "gemma", "phi4-mini": "phi4-mini", "qwen3": "qwen3",
    }  # fmt: skip


def test_every_family_has_its_stops_and_its_lead() -> None:
    assert stops_of("chatml") == TEMPLATES["chatml"].stops
    assert stops_of("unheard-of") == ()
    assert (lead_of("vicuna"), lead_of("unheard-of")) == (" ", "")
