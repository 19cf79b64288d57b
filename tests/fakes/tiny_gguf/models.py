"""The tiny models by name: a shape, a tokenizer with the family's own control tokens, and the marks
by which its chat template is known.

The templates are shortened: they are never run, Ingle only looks at them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fakes.tiny_gguf.vocabularies import (
    END_OF_TEXT,
    IM_END,
    IM_START,
    Vocabulary,
    byte_pairs,
    sentencepiece,
    spaced_pairs,
    word_pieces,
)

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_LLAMA3 = "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"
_GRANITE = "{{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' }}"
_TULU = "{{ '<|user|>\n' + message['content'] + '\n' }}{{ '<|assistant|>\n' + message['content'] + eos_token }}"
_GEMMA = "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"


@dataclass(frozen=True)
class TinyModel:
    """`architecture` is a name in `ARCHITECTURES`; `template` "" is a file without one."""

    architecture: str
    vocabulary: Callable[[], Vocabulary]
    template: str = ""


def _spm_chatml() -> Vocabulary:
    return sentencepiece(IM_START, IM_END, end_of_turn=IM_END)


def _mistral_v3() -> Vocabulary:
    return sentencepiece("[INST]", "[/INST]", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]")


def _tekken() -> Vocabulary:
    return byte_pairs(
        "tekken", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]",
        begin="<s>", end="</s>", adds_begin=True,
    )  # fmt: skip


def _gemma() -> Vocabulary:
    return sentencepiece(
        "<pad>", "<start_of_turn>", "<end_of_turn>", begin="<bos>", end="<eos>",
        end_of_turn="<end_of_turn>", adds_space=False, user_defined=("\n\n", "<table>"),
    )  # fmt: skip


def _gemma4() -> Vocabulary:
    return spaced_pairs(
        "<|turn>", "<turn|>", begin="<bos>", end="<eos>", end_of_turn="<turn|>",
        user_defined=("<|channel>", "<channel|>"),
    )  # fmt: skip


def _phi3() -> Vocabulary:
    return sentencepiece(
        END_OF_TEXT, "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", end=END_OF_TEXT,
        end_of_turn="<|end|>",
    )  # fmt: skip


def _phi4_mini() -> Vocabulary:
    return byte_pairs(
        "gpt-4o", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", begin=END_OF_TEXT,
        end_of_turn="<|end|>",
    )  # fmt: skip


def _phi4() -> Vocabulary:
    return byte_pairs("dbrx", IM_START, "<|im_sep|>", IM_END, begin=END_OF_TEXT, end=IM_END)


def _llama3() -> Vocabulary:
    return byte_pairs(
        "llama-bpe", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>",
        begin="<|begin_of_text|>", end="<|end_of_text|>", end_of_turn="<|eot_id|>", adds_begin=True,
    )  # fmt: skip


def _chatml(pre: str) -> Callable[[], Vocabulary]:
    def made() -> Vocabulary:
        return byte_pairs(pre, IM_START, IM_END, END_OF_TEXT, end=IM_END)

    return made


def _qwen3() -> Vocabulary:
    return byte_pairs(
        "qwen2", IM_START, IM_END, END_OF_TEXT, end=IM_END, user_defined=("<think>", "</think>")
    )


def _qwen35() -> Vocabulary:
    return byte_pairs(
        "qwen35", IM_START, IM_END, END_OF_TEXT, end=IM_END, user_defined=("<think>", "</think>")
    )


def _granite() -> Vocabulary:
    return byte_pairs(
        "refact", "<|start_of_role|>", "<|end_of_role|>", end="<|end_of_text|>", begin="<|end_of_text|>"
    )


def _gpt_oss() -> Vocabulary:
    return byte_pairs(
        "gpt-4o", "<|start|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|end|>", "<|call|>",
        END_OF_TEXT, begin="<|startoftext|>", end="<|return|>",
    )  # fmt: skip


def _command_r() -> Vocabulary:
    return byte_pairs(
        "command-r", "<|START_OF_TURN_TOKEN|>", "<|SYSTEM_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>",
        begin="<BOS_TOKEN>", end="<|END_OF_TURN_TOKEN|>", adds_begin=True,
    )  # fmt: skip


def _plain(pre: str, end: str = END_OF_TEXT) -> Callable[[], Vocabulary]:
    def made() -> Vocabulary:
        return byte_pairs(pre, end=end)

    return made


def _bloom() -> Vocabulary:
    return byte_pairs("bloom", "<unk>", "<pad>", begin="<s>", end="</s>")


def _lfm2() -> Vocabulary:
    return byte_pairs(
        "lfm2", IM_START, IM_END, END_OF_TEXT, begin="<|startoftext|>", end=IM_END, adds_begin=True
    )


def _falcon3() -> Vocabulary:
    return byte_pairs("falcon3", "<|user|>", "<|assistant|>", "<|system|>")


def _olmo2() -> Vocabulary:
    return byte_pairs("dbrx", begin=END_OF_TEXT)


MODELS: dict[str, TinyModel] = {
    "llama": TinyModel("llama", _spm_chatml, CHATML),
    "llama1": TinyModel("llama", sentencepiece),
    "llama2": TinyModel("llama", sentencepiece, "{{ '[INST] <<SYS>>\n' + content + '\n<</SYS>>\n\n' }}"),
    "llama3": TinyModel("llama-tied", _llama3, _LLAMA3),
    "mistral": TinyModel(
        "llama-window", sentencepiece, "{{ ' [INST] ' + message['content'] + ' [/INST]' }}"
    ),
    "mistral-v3": TinyModel(
        "llama", _mistral_v3, "[AVAILABLE_TOOLS] {{ '[INST] ' + message['content'] + '[/INST]' }}"
    ),
    "mistral-nemo": TinyModel(
        "llama", _tekken, '[AVAILABLE_TOOLS] {{ "[INST]" + content + "[/INST]" }}'
    ),
    "ministral3": TinyModel("mistral3", _tekken, "[SYSTEM_PROMPT] [INST]"),
    "mixtral": TinyModel("llama-experts", sentencepiece, "{{ ' [INST] ' + content + ' [/INST]' }}"),
    "falcon": TinyModel("falcon", _plain("falcon")),
    "falcon3": TinyModel("llama", _falcon3, _TULU),
    "mpt": TinyModel("mpt", _chatml("mpt"), CHATML),
    "bloom": TinyModel("bloom", _bloom),
    "gpt2": TinyModel("gpt2", _plain("gpt-2")),
    "gemma": TinyModel("gemma", _gemma, _GEMMA),
    "gemma2": TinyModel("gemma2", _gemma, _GEMMA),
    "gemma3": TinyModel("gemma3", _gemma, _GEMMA),
    "gemma4": TinyModel("gemma4", _gemma4, "{{- '<|turn>' + role + '\n' }}{{- '<turn|>\n' -}}"),
    "phi2": TinyModel("phi2", _plain("phi-2")),
    "phi3": TinyModel("phi3", _phi3, "{{ '<|user|>\n' + content + '<|end|>\n<|assistant|>\n' }}"),
    "phi4": TinyModel("phi3", _phi4, "<|im_start|>user<|im_sep|>"),
    "phi4-mini": TinyModel(
        "phi3",
        _phi4_mini,
        "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}<|assistant|>",
    ),
    "qwen2": TinyModel("qwen2", _chatml("qwen2"), CHATML),
    "qwen3": TinyModel("qwen3", _qwen3, CHATML + "{% if enable_thinking is false %}"),
    "qwen3moe": TinyModel("qwen3moe", _qwen3, CHATML + "{% if enable_thinking is false %}"),
    "qwen3.5": TinyModel(
        "qwen35",
        _qwen35,
        "{{ render_content(message.content, true)|trim }}{{ enable_thinking }}" + CHATML,
    ),
    "granite": TinyModel("granite", _granite, _GRANITE),
    "granite4": TinyModel("granitehybrid", _granite, _GRANITE),
    "smollm2": TinyModel("llama-tied", _chatml("smollm"), CHATML),
    "smollm3": TinyModel("smollm3", _chatml("smaug-bpe"), "{% if enable_thinking %}" + CHATML),
    "stablelm": TinyModel("stablelm", _chatml("stablelm2"), CHATML),
    "starcoder2": TinyModel("starcoder2", _plain("starcoder")),
    "olmo2": TinyModel("olmo2", _olmo2, "{{ bos_token }}" + _TULU),
    "command-r": TinyModel("command-r", _command_r, "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>"),
    "gpt-oss": TinyModel("gpt-oss", _gpt_oss, "<|start|>assistant<|channel|>final<|message|>"),
    "mamba": TinyModel("mamba", _plain("olmo")),
    "lfm2": TinyModel("lfm2", _lfm2, CHATML),
    "bert": TinyModel("bert", word_pieces),
}
"""By family and generation. "llama" is the plain one that most tests take: sentencepiece, ChatML."""
