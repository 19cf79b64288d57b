"""Chat templates as data: how each family of models writes down a conversation.

A conversation becomes spans. The template's own text is special, so its control tokens are
parsed; what a system prompt, a person or a document says is data and stays text even if it looks
like a control token. A file's own Jinja template is never executed. The beginning-of-sequence
token is no part of a template here: the engine child adds it where the vocabulary asks for it.

Sources: the `chat_template` that each publisher ships (Hugging Face `tokenizer_config.json`),
for alpaca and vicuna the projects' own prompt code (tatsu-lab/stanford_alpaca, lm-sys/FastChat).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingle.vocabulary import Span

Turn = tuple[str, str]
"""(role, content); a role is "system", "user" or "assistant"."""


@dataclass(frozen=True)
class Template:
    """What stands before and after each role's content, and what opens the answer.

    `system` None: the family has no system turn, its text goes before the first user's.
    """

    user: tuple[str, str]
    assistant: tuple[str, str]
    opening: str
    system: tuple[str, str] | None = None
    default_system: str = ""
    stops: tuple[str, ...] = ()
    trims: bool = False
    """Whether the publisher strips white space around contents."""
    first: str = ""
    """Stands once, before everything."""
    between: str = field(default="")
    """Stands before every user turn but the first."""


_ALPACA = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\n\n"
)
_VICUNA = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)

TEMPLATES: dict[str, Template] = {
    "chatml": Template(
        system=("<|im_start|>system\n", "<|im_end|>\n"),
        user=("<|im_start|>user\n", "<|im_end|>\n"),
        assistant=("<|im_start|>assistant\n", "<|im_end|>\n"),
        opening="<|im_start|>assistant\n",
        stops=("<|im_end|>", "<|endoftext|>"),
    ),
    "qwen3": Template(
        system=("<|im_start|>system\n", "<|im_end|>\n"),
        user=("<|im_start|>user\n", "<|im_end|>\n"),
        assistant=("<|im_start|>assistant\n", "<|im_end|>\n"),
        opening="<|im_start|>assistant\n<think>\n\n</think>\n\n",
        stops=("<|im_end|>", "<|endoftext|>"),
    ),
    "llama3": Template(
        system=("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"),
        user=("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
        assistant=("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
        opening="<|start_header_id|>assistant<|end_header_id|>\n\n",
        stops=("<|eot_id|>", "<|end_of_text|>"),
        trims=True,
    ),
    "llama2": Template(
        system=("<<SYS>>\n", "\n<</SYS>>\n\n"),
        first="[INST] ",
        between="<s>[INST] ",
        user=("", " [/INST]"),
        assistant=(" ", " </s>"),
        opening="",
        stops=("</s>",),
        trims=True,
    ),
    "mistral": Template(
        user=("[INST] ", " [/INST]"), assistant=("", "</s>"), opening="", stops=("</s>",)
    ),
    "mistral-v3": Template(
        user=("[INST] ", "[/INST]"), assistant=(" ", "</s>"), opening="", stops=("</s>",)
    ),
    "mistral-tekken": Template(
        user=("[INST]", "[/INST]"), assistant=("", "</s>"), opening="", stops=("</s>",)
    ),
    "mistral-v7": Template(
        system=("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
        user=("[INST]", "[/INST]"),
        assistant=("", "</s>"),
        opening="",
        stops=("</s>",),
    ),
    "gemma": Template(
        user=("<start_of_turn>user\n", "<end_of_turn>\n"),
        assistant=("<start_of_turn>model\n", "<end_of_turn>\n"),
        opening="<start_of_turn>model\n",
        stops=("<end_of_turn>",),
        trims=True,
    ),
    "phi3": Template(
        system=("<|system|>\n", "<|end|>\n"),
        user=("<|user|>\n", "<|end|>\n"),
        assistant=("<|assistant|>\n", "<|end|>\n"),
        opening="<|assistant|>\n",
        stops=("<|end|>", "<|endoftext|>"),
    ),
    "phi4-mini": Template(
        system=("<|system|>", "<|end|>"),
        user=("<|user|>", "<|end|>"),
        assistant=("<|assistant|>", "<|end|>"),
        opening="<|assistant|>",
        stops=("<|end|>", "<|endoftext|>"),
    ),
    "phi4": Template(
        system=("<|im_start|>system<|im_sep|>", "<|im_end|>"),
        user=("<|im_start|>user<|im_sep|>", "<|im_end|>"),
        assistant=("<|im_start|>assistant<|im_sep|>", "<|im_end|>"),
        opening="<|im_start|>assistant<|im_sep|>",
        stops=("<|im_end|>", "<|endoftext|>"),
    ),
    "zephyr": Template(
        system=("<|system|>\n", "</s>\n"),
        user=("<|user|>\n", "</s>\n"),
        assistant=("<|assistant|>\n", "</s>\n"),
        opening="<|assistant|>\n",
        stops=("</s>",),
    ),
    "granite": Template(
        system=("<|start_of_role|>system<|end_of_role|>", "<|end_of_text|>\n"),
        user=("<|start_of_role|>user<|end_of_role|>", "<|end_of_text|>\n"),
        assistant=("<|start_of_role|>assistant<|end_of_role|>", "<|end_of_text|>\n"),
        opening="<|start_of_role|>assistant<|end_of_role|>",
        stops=("<|end_of_text|>",),
    ),
    "alpaca": Template(
        system=("", "\n\n"),
        default_system=_ALPACA.rstrip("\n"),
        user=("### Instruction:\n", "\n\n"),
        assistant=("### Response:\n", "\n\n"),
        opening="### Response:\n",
        stops=("### Instruction:", "</s>"),
    ),
    "vicuna": Template(
        system=("", " "),
        default_system=_VICUNA,
        user=("USER: ", " "),
        assistant=("ASSISTANT: ", "</s>"),
        opening="ASSISTANT:",
        stops=("</s>", "USER:"),
    ),
    "falcon": Template(
        system=("", "\n\n"),
        user=("User: ", "\n\n"),
        assistant=("Assistant: ", "\n\n"),
        opening="Assistant:",
        stops=("\nUser:", "<|endoftext|>"),
    ),
    "plain": Template(system=("", "\n\n"), user=("", "\n"), assistant=("", "\n\n"), opening=""),
}
"""MPT-chat, Qwen 2, SmolLM and Yi write ChatML; BLOOM and base models have no template: "plain".

"qwen3" is ChatML with the published empty thought in front of the answer: models that think aloud
(Qwen 3, SmolLM 3) answer at once. Mistral's formats differ by its tokenizers' versions: "mistral" is
the first (7B v0.1 and v0.2, Mixtral), "mistral-v3" 7B v0.3, "mistral-tekken" Nemo and Ministral
8B, "mistral-v7" Small 3, Ministral 3 and newer.
"""


def render(family: str, turns: Sequence[Turn]) -> list[Span]:
    """Write down a conversation, up to the opening of the assistant's answer.

    A trailing assistant turn is left open, so that the model continues it. An unknown family is
    "plain". Empty system texts are left out.
    """
    template = TEMPLATES.get(family, TEMPLATES["plain"])
    system, rest = _system_of(template, turns)
    pieces = [Span(template.first, special=True)]
    if system and template.system is not None:
        pieces += _around(template.system, system)
    elif system:
        rest = _with_system(system, rest)
    for index, (role, content) in enumerate(rest):
        text = content.strip() if template.trims else content
        if role == "user":
            pieces.append(Span(template.between if index else "", special=True))
            pieces += _around(template.user, text)
        elif index == len(rest) - 1:
            return _joined([*pieces, Span(template.opening or template.assistant[0], True), Span(text)])
        else:
            pieces += _around(template.assistant, text)
    return _joined([*pieces, Span(template.opening, special=True)])


def _system_of(template: Template, turns: Sequence[Turn]) -> tuple[str, list[Turn]]:
    """The system text, one for the whole conversation, and the other turns."""
    texts = [content for role, content in turns if role == "system" and content]
    rest = [turn for turn in turns if turn[0] != "system"]
    system = "\n\n".join(texts) or template.default_system
    return (system.strip() if template.trims else system), rest


def _with_system(system: str, turns: list[Turn]) -> list[Turn]:
    if not turns or turns[0][0] != "user":
        return [("user", system), *turns]
    return [("user", f"{system}\n\n{turns[0][1]}"), *turns[1:]]


def _around(marks: tuple[str, str], content: str) -> list[Span]:
    return [Span(marks[0], special=True), Span(content), Span(marks[1], special=True)]


def _joined(pieces: list[Span]) -> list[Span]:
    """Without empty spans, and with neighbours of the template in one, as a tokeniser wants it."""
    spans: list[Span] = []
    for piece in pieces:
        if not piece.text:
            continue
        if spans and spans[-1].special and piece.special:
            spans[-1] = Span(spans[-1].text + piece.text, special=True)
        else:
            spans.append(piece)
    return spans
