"""Which chat template a model file wants, told by the marks in its own template and its name.

The file's template is looked at as text and never run.
"""

import re

from ingle.models.gguf import Header
from ingle.models.templates import template_of

_USER = r"<\|user\|>(?:\n|\\n)' \+ message\['content'\] \+ "

_MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("gemma4", (r"<\|turn>",)),
    ("gpt-oss", (r"<\|start\|>", r"<\|channel\|>")),
    ("deepseek-r1", (r"<\uff5cAssistant\uff5c>",)),
    ("phi4", (r"<\|im_start\|>", r"<\|im_sep\|>")),
    ("smollm3", (r"<\|im_start\|>", r"Reasoning Mode: ")),
    (
        "qwen3.5",
        (r"<\|im_start\|>", r"enable_thinking", r"render_content\(message\.content, \w+\)\|trim"),
    ),
    ("qwen3", (r"<\|im_start\|>", r"enable_thinking")),
    ("chatml", (r"<\|im_start\|>",)),
    ("llama3", (r"<\|start_header_id\|>",)),
    ("gemma", (r"<start_of_turn>",)),
    ("granite", (r"<\|start_of_role\|>",)),
    ("command-r", (r"<\|START_OF_TURN_TOKEN\|>",)),
    ("mistral-v7", (r"\[SYSTEM_PROMPT\]",)),
    ("llama2", (r"<<SYS>>",)),
    ("mistral", (r" \[INST\] ",)),
    ("mistral-tekken", (r"\[AVAILABLE_TOOLS\]", r"\"\[INST\]\"")),
    ("mistral-v3", (r"\[AVAILABLE_TOOLS\]",)),
    ("mistral", (r"\[INST\]",)),
    ("phi4-mini", (r"\|>' \+ message\['content'\] \+ '<\|end\|>'",)),
    ("phi3", (r"<\|assistant\|>", r"<\|end\|>")),
    ("olmo2", (r"bos_token", rf"{_USER}'(?:\n|\\n)'")),
    ("falcon3", (rf"{_USER}'(?:\n|\\n)'",)),
    ("zephyr", (r"<\|user\|>", r"eos_token|</s>")),
    ("alpaca", (r"### Instruction:",)),
    ("vicuna", (r"USER:",)),
    ("falcon", (r"User: ", r"Assistant:")),
)
"""A family and the regular expressions that are all found in its templates; the more telling first.

None has an open-ended part: a template is a stranger's text and may be a megabyte.
"""

_NAMES: tuple[tuple[str, str], ...] = (
    ("alpaca", "alpaca"),
    ("vicuna", "vicuna"),
    ("stablelm.*zephyr", "stablelm-zephyr"),
    ("zephyr", "zephyr"),
    ("tinyllama.*chat", "zephyr"),
    ("phi-?2", "phi2"),
    ("mpt.*instruct", "mpt-instruct"),
    ("mpt.*chat", "chatml"),
    ("falcon.*instruct", "falcon"),
    ("llama-?2.*chat", "llama2"),
    ("(mistral|mixtral).*instruct", "mistral"),
    ("gemma.*-it", "gemma"),
)
"""Older files carry no template; regular expressions for their names, which are all there is."""

NAME = 200
"""Characters of a name that are looked at."""

_OF_ARCHITECTURE = {("zephyr", "stablelm"): "stablelm-zephyr"}
"""Where templates are alike and only what ends a turn is not."""


def family_of(header: Header) -> str:
    """The family's name in `formats.TEMPLATES`; "plain" where nothing tells."""
    template = header.chat_template or ""
    for family, marks in _MARKS:
        if all(re.search(mark, template) for mark in marks):
            return _OF_ARCHITECTURE.get((family, header.architecture), family)
    name = header.name[:NAME].lower().replace(" ", "-").replace("_", "-")
    return next((family for mark, family in _NAMES if re.search(mark, name)), "plain")


def stops_of(family: str) -> tuple[str, ...]:
    """Texts that end an answer where a model writes them as ordinary text."""
    return template_of(family).stops


def lead_of(family: str) -> str:
    """What stands between the opening and an answer that is to be scored: a space, or nothing."""
    return template_of(family).lead
