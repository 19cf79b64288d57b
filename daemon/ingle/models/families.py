"""Which chat template a model file wants, told by the marks in its own template and its name.

The file's template is looked at as text and never run. The embedded SmolLM2 adds a default
system prompt that names its maker; it is left out, as it makes answers longer and no better.
"""

import re

from ingle.models.gguf import Header
from ingle.models.templates import TEMPLATES

_MARKS: tuple[tuple[str, str], ...] = (
    (r"<\|im_start\|>.*<\|im_sep\|>", "phi4"),
    (r"<\|im_start\|>.*enable_thinking|enable_thinking.*<\|im_start\|>", "qwen3"),
    (r"<\|im_start\|>", "chatml"),
    (r"<\|start_header_id\|>", "llama3"),
    (r"<start_of_turn>", "gemma"),
    (r"<\|start_of_role\|>", "granite"),
    (r"\[SYSTEM_PROMPT\]", "mistral-v7"),
    (r"<<SYS>>", "llama2"),
    (r" \[INST\] ", "mistral"),
    (r"\[AVAILABLE_TOOLS\].*\"\[INST\]\"|\"\[INST\]\".*\[AVAILABLE_TOOLS\]", "mistral-tekken"),
    (r"\[AVAILABLE_TOOLS\]", "mistral-v3"),
    (r"\[INST\]", "mistral"),
    (r"\|>' \+ message\['content'\] \+ '<\|end\|>'", "phi4-mini"),
    (r"<\|assistant\|>.*<\|end\|>|<\|end\|>.*<\|assistant\|>", "phi3"),
    (r"<\|user\|>.*(eos_token|</s>)", "zephyr"),
    (r"### Instruction:", "alpaca"),
    (r"USER:", "vicuna"),
)
"""Regular expressions, the more telling mark first."""

_NAMES: tuple[tuple[str, str], ...] = (
    ("alpaca", "alpaca"),
    ("vicuna", "vicuna"),
    ("zephyr", "zephyr"),
    ("tinyllama", "zephyr"),
    ("falcon", "falcon"),
    ("mpt-7b-chat", "chatml"),
    ("mpt-30b-chat", "chatml"),
    ("llama-2", "llama2"),
    ("mixtral", "mistral"),
    ("mistral", "mistral"),
)
"""Older files carry no template; their names are all there is."""

_INSTRUCT = ("chat", "instruct", "-it")


def family_of(header: Header) -> str:
    """The family's name in `templates.TEMPLATES`; "plain" where nothing tells."""
    template = header.chat_template or ""
    for mark, family in _MARKS:
        if re.search(mark, template, re.DOTALL):
            return family
    name = f"{header.name} {header.architecture}".lower().replace(" ", "-").replace("_", "-")
    for part, family in _NAMES:
        if part in name and (family != "mistral" or any(word in name for word in _INSTRUCT)):
            return family
    return "plain"


def stops_of(family: str) -> tuple[str, ...]:
    """Texts that end an answer where a model writes them as ordinary text."""
    return TEMPLATES.get(family, TEMPLATES["plain"]).stops
