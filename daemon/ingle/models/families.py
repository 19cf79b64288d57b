"""Which chat template a model file wants, told by the marks in its own template and its name.

The file's template is looked at as text and never run. The embedded SmolLM2 adds a default
system prompt that names its maker; it is left out, as it makes answers longer and no better.
"""

from ingle.models.gguf import Header
from ingle.models.templates import TEMPLATES

_MARKS: tuple[tuple[str, str], ...] = (
    ("<|im_start|>", "chatml"),
    ("<|start_header_id|>", "llama3"),
    ("<start_of_turn>", "gemma"),
    ("<|start_of_role|>", "granite"),
    ("<<SYS>>", "llama2"),
    ("[INST]", "mistral"),
    ("<|end|>", "phi3"),
    ("<|user|>", "zephyr"),
    ("### Instruction:", "alpaca"),
    ("USER:", "vicuna"),
)
"""In this order: the more telling mark first."""

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
        if mark in template:
            return family
    name = f"{header.name} {header.architecture}".lower().replace(" ", "-").replace("_", "-")
    for part, family in _NAMES:
        if part in name and (family != "mistral" or any(word in name for word in _INSTRUCT)):
            return family
    return "plain"


def stops_of(family: str) -> tuple[str, ...]:
    """Texts that end an answer where a model writes them as ordinary text."""
    return TEMPLATES.get(family, TEMPLATES["plain"]).stops
