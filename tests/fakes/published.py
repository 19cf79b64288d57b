"""What publishers' own templates make of two conversations, byte for byte.

`WHOLE` has a system text and white space around what was said; `ALONE` is one person's turn. Where a
publisher's template begins with the token that begins a sequence, that one is left out (the engine
adds it), and so is a default system text that introduces the model. The texts were made by the
publishers' Jinja templates; for Alpaca, Vicuna, MPT instruct and Phi 2 by their code or card.
"""

from dataclasses import dataclass

WHOLE = [("system", "Be brief."), ("user", "Hi"), ("assistant", "  Hello. "), ("user", " Bye ")]
ALONE = [("user", " Hi ")]


@dataclass(frozen=True)
class Published:
    """`source` is a repository on Hugging Face or GitHub."""

    source: str
    whole: str
    alone: str


PUBLISHED = {
    "chatml": Published(
        "Qwen/Qwen2.5-7B-Instruct, mosaicml/mpt-7b-chat, HuggingFaceTB/SmolLM2-135M-Instruct, "
        "LiquidAI/LFM2-1.2B",
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\n  Hello. <|im_end|>\n<|im_start|>user\n Bye <|im_end|>\n"
        "<|im_start|>assistant\n",
        "<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n",
    ),
    "qwen3": Published(
        "Qwen/Qwen3-0.6B with enable_thinking false",
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\n  Hello. <|im_end|>\n<|im_start|>user\n Bye <|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n",
        "<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
    ),
    "qwen3.5": Published(
        "Qwen/Qwen3.5-4B with enable_thinking false",
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
    ),
    "smollm3": Published(
        "HuggingFaceTB/SmolLM3-3B with enable_thinking false, without the date",
        "<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\n"
        "Reasoning Mode: /no_think\n\n## Custom Instructions\n\nBe brief.\n\n<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n"
        "</think>\n  Hello. <|im_end|>\n<|im_start|>user\n Bye <|im_end|>\n<|im_start|>assistant\n"
        "<think>\n\n</think>\n",
        "<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\n"
        "Reasoning Mode: /no_think\n\n## Custom Instructions\n\n"
        "You are a helpful AI assistant named SmolLM, trained by Hugging Face.\n\n<|im_end|>\n"
        "<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n",
    ),
    "phi4": Published(
        "microsoft/phi-4",
        "<|im_start|>system<|im_sep|>Be brief.<|im_end|><|im_start|>user<|im_sep|>Hi<|im_end|>"
        "<|im_start|>assistant<|im_sep|>  Hello. <|im_end|>"
        "<|im_start|>user<|im_sep|> Bye <|im_end|><|im_start|>assistant<|im_sep|>",
        "<|im_start|>user<|im_sep|> Hi <|im_end|><|im_start|>assistant<|im_sep|>",
    ),
    "llama2": Published(
        "meta-llama/llama generation.py and meta-llama/Llama-2-7b-chat-hf",
        "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s><s>[INST] Bye [/INST]",
        "[INST] Hi [/INST]",
    ),
    "llama3": Published(
        "meta-llama/llama-models prompt_format.md and meta-llama/Meta-Llama-3-8B-Instruct",
        "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "mistral": Published(
        "mistralai/Mistral-7B-Instruct-v0.2, mistralai/Mixtral-8x7B-Instruct-v0.1",
        " [INST] Be brief.\n\nHi [/INST]   Hello. </s> [INST]  Bye  [/INST]",
        " [INST]  Hi  [/INST]",
    ),
    "mistral-v3": Published(
        "mistralai/Mistral-7B-Instruct-v0.3",
        "[INST] Hi[/INST] Hello.</s>[INST] Be brief.\n\n Bye [/INST]",
        "[INST]  Hi [/INST]",
    ),
    "mistral-tekken": Published(
        "mistralai/Mistral-Nemo-Instruct-2407",
        "[INST]Hi[/INST]  Hello. </s>[INST]Be brief.\n\n Bye [/INST]",
        "[INST] Hi [/INST]",
    ),
    "mistral-v7": Published(
        "mistralai/Mistral-Small-3.2-24B-Instruct-2506, mistralai/Ministral-3-3B-Instruct-2512",
        "[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi[/INST]  Hello. </s>[INST] Bye [/INST]",
        "[INST] Hi [/INST]",
    ),
    "gemma": Published(
        "google/gemma-3-1b-it",
        "<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\n"
        "Hello.<end_of_turn>\n<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n",
        "<start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
    ),
    "gemma4": Published(
        "google/gemma-4-31B-it, not thinking",
        "<|turn>system\nBe brief.<turn|>\n<|turn>user\nHi<turn|>\n<|turn>model\nHello.<turn|>\n"
        "<|turn>user\nBye<turn|>\n<|turn>model\n<|channel>thought\n<channel|>",
        "<|turn>user\nHi<turn|>\n<|turn>model\n<|channel>thought\n<channel|>",
    ),
    "phi2": Published(
        "microsoft/phi-2, model card (QA format)",
        "Instruct: Be brief.\n\nHi\nOutput:   Hello. \nInstruct:  Bye \nOutput:",
        "Instruct:  Hi \nOutput:",
    ),
    "phi3": Published(
        "microsoft/Phi-3.5-mini-instruct",
        "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\n  Hello. <|end|>\n"
        "<|user|>\n Bye <|end|>\n<|assistant|>\n",
        "<|user|>\n Hi <|end|>\n<|assistant|>\n",
    ),
    "phi4-mini": Published(
        "microsoft/Phi-4-mini-instruct",
        "<|system|>Be brief.<|end|><|user|>Hi<|end|><|assistant|>  Hello. <|end|>"
        "<|user|> Bye <|end|><|assistant|>",
        "<|user|> Hi <|end|><|assistant|>",
    ),
    "zephyr": Published(
        "HuggingFaceH4/zephyr-7b-beta, TinyLlama/TinyLlama-1.1B-Chat-v1.0",
        "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\n  Hello. </s>\n"
        "<|user|>\n Bye </s>\n<|assistant|>\n",
        "<|user|>\n Hi </s>\n<|assistant|>\n",
    ),
    "stablelm-zephyr": Published(
        "stabilityai/stablelm-2-zephyr-1_6b",
        "<|system|>\nBe brief.<|endoftext|>\n<|user|>\nHi<|endoftext|>\n"
        "<|assistant|>\n  Hello. <|endoftext|>\n<|user|>\n Bye <|endoftext|>\n<|assistant|>\n",
        "<|user|>\n Hi <|endoftext|>\n<|assistant|>\n",
    ),
    "falcon3": Published(
        "tiiuae/Falcon3-1B-Instruct",
        "<|system|>\nBe brief.\n<|user|>\nHi\n<|assistant|>\n  Hello. <|endoftext|>\n"
        "<|user|>\n Bye \n<|assistant|>\n",
        "<|user|>\n Hi \n<|assistant|>\n",
    ),
    "olmo2": Published(
        "allenai/OLMo-2-0425-1B-Instruct",
        "<|endoftext|><|system|>\nBe brief.\n<|user|>\nHi\n<|assistant|>\n  Hello. <|endoftext|>\n"
        "<|user|>\n Bye \n<|assistant|>\n",
        "<|endoftext|><|user|>\n Hi \n<|assistant|>\n",
    ),
    "granite": Published(
        "ibm-granite/granite-3.3-2b-instruct, ibm-granite/granite-4.0-micro",
        "<|start_of_role|>system<|end_of_role|>Be brief.<|end_of_text|>\n"
        "<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n"
        "<|start_of_role|>assistant<|end_of_role|>  Hello. <|end_of_text|>\n"
        "<|start_of_role|>user<|end_of_role|> Bye <|end_of_text|>\n"
        "<|start_of_role|>assistant<|end_of_role|>",
        "<|start_of_role|>user<|end_of_role|> Hi <|end_of_text|>\n"
        "<|start_of_role|>assistant<|end_of_role|>",
    ),
    "command-r": Published(
        "CohereForAI/c4ai-command-r-v01",
        "<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be brief.<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>Hello.<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Bye<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
        "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    ),
    "deepseek-r1": Published(
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B, its thought closed at once",
        "Be brief.<\uff5cUser\uff5c>Hi<\uff5cAssistant\uff5c>  Hello. <\uff5cend\u2581of\u2581sentence\uff5c><\uff5cUser\uff5c> Bye "
        "<\uff5cAssistant\uff5c><think>\n\n</think>\n\n",
        "<\uff5cUser\uff5c> Hi <\uff5cAssistant\uff5c><think>\n\n</think>\n\n",
    ),
    "gpt-oss": Published(
        "openai/gpt-oss-20b and openai/harmony, without the date, in the final channel at once",
        "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n"
        "Knowledge cutoff: 2024-06\n\nReasoning: low\n\n"
        "# Valid channels: analysis, commentary, final. Channel must be included for every "
        "message.<|end|><|start|>developer<|message|># Instructions\n\nBe brief.\n\n<|end|>"
        "<|start|>user<|message|>Hi<|end|>"
        "<|start|>assistant<|channel|>final<|message|>  Hello. <|end|>"
        "<|start|>user<|message|> Bye <|end|><|start|>assistant<|channel|>final<|message|>",
        "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n"
        "Knowledge cutoff: 2024-06\n\nReasoning: low\n\n"
        "# Valid channels: analysis, commentary, final. Channel must be included for every "
        "message.<|end|><|start|>user<|message|> Hi <|end|>"
        "<|start|>assistant<|channel|>final<|message|>",
    ),
    "alpaca": Published(
        "tatsu-lab/stanford_alpaca train.py",
        "Be brief.\n\n### Instruction:\nHi\n\n### Response:  Hello. \n\n### Instruction:\n Bye \n\n"
        "### Response:",
        "Below is an instruction that describes a task. Write a response that appropriately "
        "completes the request.\n\n### Instruction:\n Hi \n\n### Response:",
    ),
    "mpt-instruct": Published(
        "mosaicml/mpt-7b-instruct, model card",
        "Be brief.\n### Instruction:\nHi\n### Response:\n  Hello. \n### Instruction:\n Bye \n"
        "### Response:\n",
        "Below is an instruction that describes a task. Write a response that appropriately "
        "completes the request.\n### Instruction:\n Hi \n### Response:\n",
    ),
    "vicuna": Published(
        "lm-sys/FastChat conversation.py, vicuna_v1.1",
        "Be brief. USER: Hi ASSISTANT:   Hello. </s>USER:  Bye  ASSISTANT:",
        "A chat between a curious user and an artificial intelligence assistant. The "
        "assistant gives helpful, detailed, and polite answers to the user's questions. "
        "USER:  Hi  ASSISTANT:",
    ),
    "falcon": Published(
        "tiiuae/falcon-7b-instruct",
        "Be brief.\n\nUser: Hi\n\nAssistant: Hello.\n\nUser: Bye\n\nAssistant:",
        "\n\nUser: Hi\n\nAssistant:",
    ),
}
