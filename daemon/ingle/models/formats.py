"""Every family's chat template, as its publisher wrote it down.

Sources: the `chat_template` in each publisher's `tokenizer_config.json` on Hugging Face, and where
there is none the project's own code or model card, named beside the entry. What a publisher's
template does beyond the conversation is left out: default system prompts that introduce the model,
and today's date, with which no prompt could be kept for tomorrow. Models that think aloud are shown
an empty thought, in the form that their publisher uses to turn thinking off. The token that begins
a sequence is left to the engine, which adds it where the vocabulary asks for it.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Template:
    """What stands before and after each role's content."""

    user: tuple[str, str]
    assistant: tuple[str, str]
    system: tuple[str, str] | None = None
    """None: the family has no system turn, its text goes before that of a person's turn."""
    system_joins: Literal["first", "last"] = "first"
    """Which person's turn that is."""
    default_system: str = ""
    opening: str | None = None
    """Opens the answer; None: as every turn of the assistant's begins."""
    stops: tuple[str, ...] = ()
    trims: tuple[str, ...] = ()
    """The roles whose contents lose the white space around them."""
    first: str = ""
    """Stands once, before everything. A system turn after it is inside the first turn, of which then
    only the end is trimmed."""
    between: str = ""
    """Stands before every user turn but the first."""

    @property
    def opens(self) -> str:
        return self.assistant[0] if self.opening is None else self.opening

    @property
    def lead(self) -> str:
        """What an answer begins with: most often nothing, a space after "ASSISTANT:" and its like."""
        mark = self.assistant[0]
        return mark[len(self.opens) :] if mark.startswith(self.opens) else ""


ALL = ("system", "user", "assistant")

_ALPACA = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)
_VICUNA = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
_NO_THOUGHT = "<think>\n\n</think>\n"
_CHATML_ENDS = ("<|im_end|>", "<|endoftext|>")

TEMPLATES: dict[str, Template] = {
    # ---- ChatML and those that grew from it
    # Qwen 2 and 2.5, MPT chat, SmolLM, StableLM 2 chat, OLMo 3, Yi, LFM 2, Hermes
    "chatml": Template(
        system=("<|im_start|>system\n", "<|im_end|>\n"),
        user=("<|im_start|>user\n", "<|im_end|>\n"),
        assistant=("<|im_start|>assistant\n", "<|im_end|>\n"),
        stops=_CHATML_ENDS,
    ),
    # Qwen 3, MiniCPM 5
    "qwen3": Template(
        system=("<|im_start|>system\n", "<|im_end|>\n"),
        user=("<|im_start|>user\n", "<|im_end|>\n"),
        assistant=("<|im_start|>assistant\n", "<|im_end|>\n"),
        opening=f"<|im_start|>assistant\n{_NO_THOUGHT}\n",
        stops=_CHATML_ENDS,
    ),
    "qwen3.5": Template(
        system=("<|im_start|>system\n", "<|im_end|>\n"),
        user=("<|im_start|>user\n", "<|im_end|>\n"),
        assistant=("<|im_start|>assistant\n", "<|im_end|>\n"),
        opening=f"<|im_start|>assistant\n{_NO_THOUGHT}\n",
        stops=_CHATML_ENDS,
        trims=ALL,
    ),
    # without the date
    "smollm3": Template(
        system=(
            "<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\n"
            "Reasoning Mode: /no_think\n\n## Custom Instructions\n\n",
            "\n\n<|im_end|>\n",
        ),
        default_system="You are a helpful AI assistant named SmolLM, trained by Hugging Face.",
        user=("<|im_start|>user\n", "<|im_end|>\n"),
        assistant=(f"<|im_start|>assistant\n{_NO_THOUGHT}", "<|im_end|>\n"),
        stops=_CHATML_ENDS,
        trims=("system",),
    ),
    "phi4": Template(
        system=("<|im_start|>system<|im_sep|>", "<|im_end|>"),
        user=("<|im_start|>user<|im_sep|>", "<|im_end|>"),
        assistant=("<|im_start|>assistant<|im_sep|>", "<|im_end|>"),
        stops=_CHATML_ENDS,
    ),
    # ---- Llama. 1 was never tuned: "plain". 2: generation.py in meta-llama/llama.
    "llama2": Template(
        first="[INST] ",
        system=("<<SYS>>\n", "\n<</SYS>>\n\n"),
        between="<s>[INST] ",
        user=("", " [/INST]"),
        assistant=(" ", " </s>"),
        opening="",
        stops=("</s>",),
        trims=("user", "assistant"),
    ),
    # 3 to 3.3: prompt_format.md in meta-llama/llama-models, without a date
    "llama3": Template(
        system=("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"),
        user=("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
        assistant=("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
        stops=("<|eot_id|>", "<|end_of_text|>"),
        trims=ALL,
    ),
    # ---- Mistral, by its tokenizers' versions (mistral-common). v1: 7B v0.1, v0.2 and Mixtral
    "mistral": Template(
        user=(" [INST] ", " [/INST]"), assistant=(" ", "</s>"), opening="", stops=("</s>",)
    ),
    # v3: 7B v0.3
    "mistral-v3": Template(
        user=("[INST] ", "[/INST]"),
        assistant=(" ", "</s>"),
        opening="",
        stops=("</s>",),
        trims=("assistant",),
        system_joins="last",
    ),
    # v3-tekken: Nemo, Ministral 8B
    "mistral-tekken": Template(
        user=("[INST]", "[/INST]"),
        assistant=("", "</s>"),
        opening="",
        stops=("</s>",),
        system_joins="last",
    ),
    # v7-tekken and newer: Small 3, Ministral 3
    "mistral-v7": Template(
        system=("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
        user=("[INST]", "[/INST]"),
        assistant=("", "</s>"),
        opening="",
        stops=("</s>",),
    ),
    # ---- Gemma 1 to 3
    "gemma": Template(
        user=("<start_of_turn>user\n", "<end_of_turn>\n"),
        assistant=("<start_of_turn>model\n", "<end_of_turn>\n"),
        stops=("<end_of_turn>",),
        trims=("user", "assistant"),
    ),
    "gemma4": Template(
        system=("<|turn>system\n", "<turn|>\n"),
        user=("<|turn>user\n", "<turn|>\n"),
        assistant=("<|turn>model\n", "<turn|>\n"),
        opening="<|turn>model\n<|channel>thought\n<channel|>",
        stops=("<turn|>",),
        trims=ALL,
    ),
    # ---- Phi. 2: its model card. 3 and 3.5 are one.
    "phi2": Template(
        user=("Instruct: ", "\n"),
        assistant=("Output: ", "\n"),
        opening="Output:",
        stops=("\nInstruct:", "<|endoftext|>"),
    ),
    "phi3": Template(
        system=("<|system|>\n", "<|end|>\n"),
        user=("<|user|>\n", "<|end|>\n"),
        assistant=("<|assistant|>\n", "<|end|>\n"),
        stops=("<|end|>", "<|endoftext|>"),
    ),
    "phi4-mini": Template(
        system=("<|system|>", "<|end|>"),
        user=("<|user|>", "<|end|>"),
        assistant=("<|assistant|>", "<|end|>"),
        stops=("<|end|>", "<|endoftext|>"),
    ),
    # ---- Roles in angle brackets that are no tokens. Zephyr, TinyLlama
    "zephyr": Template(
        system=("<|system|>\n", "</s>\n"),
        user=("<|user|>\n", "</s>\n"),
        assistant=("<|assistant|>\n", "</s>\n"),
        stops=("</s>",),
    ),
    # StableLM Zephyr 3B, StableLM 2 Zephyr
    "stablelm-zephyr": Template(
        system=("<|system|>\n", "<|endoftext|>\n"),
        user=("<|user|>\n", "<|endoftext|>\n"),
        assistant=("<|assistant|>\n", "<|endoftext|>\n"),
        stops=("<|endoftext|>",),
    ),
    "falcon3": Template(
        system=("<|system|>\n", "\n"),
        user=("<|user|>\n", "\n"),
        assistant=("<|assistant|>\n", "<|endoftext|>\n"),
        stops=("<|endoftext|>",),
    ),
    "olmo2": Template(
        first="<|endoftext|>",
        system=("<|system|>\n", "\n"),
        user=("<|user|>\n", "\n"),
        assistant=("<|assistant|>\n", "<|endoftext|>\n"),
        stops=("<|endoftext|>",),
    ),
    # ---- Granite 3 and 4
    "granite": Template(
        system=("<|start_of_role|>system<|end_of_role|>", "<|end_of_text|>\n"),
        user=("<|start_of_role|>user<|end_of_role|>", "<|end_of_text|>\n"),
        assistant=("<|start_of_role|>assistant<|end_of_role|>", "<|end_of_text|>\n"),
        stops=("<|end_of_text|>",),
    ),
    # ---- Command R, Aya
    "command-r": Template(
        system=("<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
        user=("<|START_OF_TURN_TOKEN|><|USER_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
        assistant=("<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
        stops=("<|END_OF_TURN_TOKEN|>",),
        trims=("user", "assistant"),
    ),
    # ---- DeepSeek R1 and its distillates
    "deepseek-r1": Template(
        system=("", ""),
        user=("<\uff5cUser\uff5c>", ""),
        assistant=("<\uff5cAssistant\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"),
        opening=f"<\uff5cAssistant\uff5c>{_NO_THOUGHT}\n",
        stops=("<\uff5cend\u2581of\u2581sentence\uff5c>",),
    ),
    # ---- gpt-oss: openai/harmony. It is asked for its final answer at once.
    "gpt-oss": Template(
        first="<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n"
        "Knowledge cutoff: 2024-06\n\nReasoning: low\n\n# Valid channels: analysis, commentary, final. "
        "Channel must be included for every message.<|end|>",
        system=("<|start|>developer<|message|># Instructions\n\n", "\n\n<|end|>"),
        user=("<|start|>user<|message|>", "<|end|>"),
        assistant=("<|start|>assistant<|channel|>final<|message|>", "<|end|>"),
        stops=("<|return|>", "<|call|>"),
    ),
    # ---- Alpaca: train.py in tatsu-lab/stanford_alpaca
    "alpaca": Template(
        system=("", "\n\n"),
        default_system=_ALPACA,
        user=("### Instruction:\n", "\n\n"),
        assistant=("### Response:", "\n\n"),
        stops=("### Instruction:", "</s>"),
    ),
    # MPT instruct: the model card's Dolly format
    "mpt-instruct": Template(
        system=("", "\n"),
        default_system=_ALPACA,
        user=("### Instruction:\n", "\n"),
        assistant=("### Response:\n", "\n"),
        stops=("### Instruction:", "<|endoftext|>"),
    ),
    # ---- Vicuna 1.1 and later: fastchat/conversation.py in lm-sys/FastChat
    "vicuna": Template(
        system=("", " "),
        default_system=_VICUNA,
        user=("USER: ", " "),
        assistant=("ASSISTANT: ", "</s>"),
        opening="ASSISTANT:",
        stops=("</s>", "USER:"),
    ),
    # ---- Falcon 7B and 40B instruct
    "falcon": Template(
        system=("", ""),
        user=("\n\nUser: ", ""),
        assistant=("\n\nAssistant: ", ""),
        opening="\n\nAssistant:",
        stops=("\nUser:", "<|endoftext|>"),
        trims=ALL,
    ),
    # ---- Models that complete texts: LLaMA 1, BLOOM and BLOOMZ, GPT 2, every base model
    "plain": Template(system=("", "\n\n"), user=("", "\n"), assistant=("", "\n\n"), opening=""),
}
