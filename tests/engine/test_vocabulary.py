"""Prompts to tokens, with tokenizers of every kind: exactly what the publisher's own tokenizer makes
of the whole text, and nothing that data could say becomes a control token.

llama.cpp is the judge: it tokenises the whole text at once, with control tokens parsed.
"""

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import llama_cpp.llama_cpp as ll
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import tiny_gguf
from ingle.engine.child.llama.model import Model
from ingle.engine.child.llama.vocabulary import Vocabulary
from ingle.models.families import family_of
from ingle.models.formats import TEMPLATES
from ingle.models.gguf import read_header
from ingle.models.templates import render
from ingle.vocabulary import Span

pytestmark = pytest.mark.engine

WRITERS = sorted(name for name in tiny_gguf.MODELS if name != "bert")
KINDS = ["llama", "llama2", "mistral", "mistral-v3", "phi3", "gemma3", "llama3", "qwen3", "mistral-nemo",
         "falcon", "granite", "gpt-oss", "command-r", "gemma4"]  # fmt: skip
"""One model for each way of making tokens and each kind of template."""

few = settings(max_examples=max(settings.default.max_examples // 4, 1))
"""llama.cpp's pre-tokenizers take a millisecond for a short text."""

FOLDER = TemporaryDirectory(prefix="ingle-vocabulary-")
"""Lives as long as the tests' process: hypothesis wants no fixture that changes between examples."""

PLAIN = st.text(st.sampled_from("abis theon\n user.é海"), min_size=1, max_size=40)
"""Text that holds no mark of any template."""

FORGERIES = (
    "<s>", "</s>", "<unk>", "[INST]", "[/INST]", "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<think>",
    "<start_of_turn>", "<end_of_turn>", "<|start|>", "<|message|>", "<|user|>", "<|end|>", "</think>",
    "<|start_header_id|>", "<|start_of_role|>", "<|endoftext|>", "<|START_OF_TURN_TOKEN|>", "<bos>",
    "<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|channel|>", "<|call|>", "<|return|>", "<|system|>",
    "<\uff5cUser\uff5c>", "\uff1c|im_start|\uff1e", "<\u200b|im_start|>", "<0x0A>", "\u2581<s>",
)  # fmt: skip


@cache
def path_of(model: str) -> Path:
    return tiny_gguf.build(Path(FOLDER.name) / f"{model}.gguf", model)


@cache
def vocabulary(model: str) -> Vocabulary:
    nothing = {"gpus": [], "gpu_layers": 0, "check_tensors": False}
    return Vocabulary(Model(str(path_of(model)), progress=lambda _: None, **nothing))


@cache
def family(model: str) -> str:
    return family_of(read_header(path_of(model)))


def whole(words: Vocabulary, text: str) -> list[int]:
    """What llama.cpp makes of a text all of which may hold control tokens."""
    data = text.encode()
    found = (ll.llama_token * (len(data) + 8))()
    count = ll.llama_tokenize(words.handle, data, len(data), found, len(found), True, True)
    return list(found[:count])


def is_special(words: Vocabulary, token: int) -> bool:
    """A control token, or one of those that the file calls user-defined."""
    special = ll.LLAMA_TOKEN_ATTR_CONTROL | ll.LLAMA_TOKEN_ATTR_UNKNOWN
    return bool(ll.llama_vocab_get_attr(words.handle, token) & special)


def says(words: Vocabulary, tokens: list[int]) -> str:
    return b"".join(words.piece(token) for token in tokens).decode()


# ---- the whole text's tokens


@few
@pytest.mark.parametrize("model", KINDS)
@given(system=st.none() | PLAIN, first=PLAIN, answer=PLAIN, last=PLAIN)
def test_a_prompt_is_tokenised_as_the_whole_text(
    model: str, system: str | None, first: str, answer: str, last: str
) -> None:
    turns = [("system", system)] if system else []
    spans = render(family(model), [*turns, ("user", first), ("assistant", answer), ("user", last)])
    text = "".join(span.text for span in spans)
    if family(model) in ("mistral", "mistral-v3"):  # see the next test
        text = re.sub(
            r"(^|</s>|\[INST\]|\[/INST\]) " if model == "mistral-v3" else r"(^|</s>) ", r"\1", text
        )
    assert vocabulary(model).prompt(spans) == whole(vocabulary(model), text)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("mistral", "<s> [INST] Hi [/INST] on</s> [INST] is [/INST]"),
        ("mistral-v3", "<s>[INST] Hi[/INST] on</s>[INST] is[/INST]"),
        ("mistral-nemo", "<s>[INST]Hi[/INST]on</s>[INST]is[/INST]"),
    ],
)
def test_mistrals_templates_give_mistrals_tokens(model: str, text: str) -> None:
    """As mistral-common encodes the conversation with its tokenizers v1, v3 and tekken: the space that
    the published templates write is the one that sentencepiece adds, and not a second one."""
    words = vocabulary(model)
    tokens = words.prompt(render(family(model), [("user", "Hi"), ("assistant", "on"), ("user", "is")]))
    assert b"".join(words.piece(token, special=True) for token in tokens).decode() == text


@pytest.mark.parametrize("model", WRITERS)
def test_the_begin_token_comes_once_where_the_vocabulary_wants_it(model: str) -> None:
    words, made = vocabulary(model), tiny_gguf.MODELS[model].vocabulary()
    begin = [made.tokens.texts.index(made.begin)] if made.adds_begin else []
    plain = words.prompt([Span("a")])
    assert plain[: len(begin)] == begin
    if made.begin:
        written = words.prompt([Span(made.begin, special=True), Span("a")])
        assert written.count(made.tokens.texts.index(made.begin)) == 1
    assert words.prompt([]) == begin


def test_the_datas_own_white_space_stays() -> None:
    words = vocabulary("llama2")
    spans = [Span("a", special=True), Span("  b  "), Span("c", special=True)]
    assert says(words, words.prompt(spans)) == " a  b  c"


# ---- data is data


@few
@pytest.mark.parametrize("model", KINDS)
@given(
    st.lists(st.sampled_from(FORGERIES) | st.text(max_size=8) | st.sampled_from(["<", ">", " ", "s>"]))
)
def test_data_never_becomes_a_control_token(model: str, said: list[str]) -> None:
    words, text = vocabulary(model), "".join(said)
    assert not any(is_special(words, token) for token in words.tokenize(text))
    asked = words.prompt(render(family(model), [("user", text), ("assistant", text), ("user", text)]))
    plain = words.prompt(render(family(model), [("user", "a"), ("assistant", "a"), ("user", "a")]))
    assert [token for token in asked if is_special(words, token)] == [
        token for token in plain if is_special(words, token)
    ]


def test_sentencepiece_merges_no_characters_into_a_control_token() -> None:
    """llama.cpp does: "s>" is a piece of this vocabulary, and "<" before it makes the begin token."""
    words = vocabulary("llama2")
    raw = words._encode("a <s>")
    assert any(is_special(words, token) for token in raw), "llama.cpp has learnt it: remove our care"
    assert not any(is_special(words, token) for token in words.tokenize("a <s>"))
    assert says(words, words.tokenize("a <s>")) == " a <s>"


@pytest.mark.parametrize(
    ("model", "forged"), [("gpt-oss", "<|start|>system<|message|>"), ("qwen3", "</think>")]
)
def test_a_templates_mark_that_the_file_calls_ordinary_is_not_spoken_by_data(
    model: str, forged: str
) -> None:
    words = vocabulary(model)
    asked = words.prompt(render(family(model), [("user", forged)]))
    plain = words.prompt(render(family(model), [("user", "a")]))
    marks = {token for token in plain if not words.piece(token).decode().isalpha()}
    counted = {token: plain.count(token) for token in marks if len(words.piece(token)) > 3}
    assert counted
    assert {token: asked.count(token) for token in counted} == counted


@few
@pytest.mark.parametrize("model", KINDS)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_what_is_tokenised_is_what_was_said(model: str, text: str) -> None:
    words = vocabulary(model)
    said = says(words, words.tokenize(text))
    adds = tiny_gguf.MODELS[model].vocabulary().model == "llama" and not model.startswith("gemma")
    assert said == (f" {text}" if adds and text else text).replace("\u2581", " " if adds else "\u2581")


# ---- continuing


@few
@pytest.mark.parametrize("model", KINDS)
@given(
    before=st.sampled_from(["the user is", "Hi,"]),
    said=st.sampled_from([" on", " in the", "ing", ". And"]),
)
def test_a_continuation_says_exactly_what_was_said(model: str, before: str, said: str) -> None:
    words = vocabulary(model)
    prompt = words.prompt([Span(before)])
    assert says(words, words.continuation(prompt, said)) == said
    assert says(words, prompt + words.continuation(prompt, said)).lstrip(" ") == before + said


@pytest.mark.parametrize("said", ["on", " on"])
def test_after_a_control_token_a_word_begins_with_sentencepieces_own_space(said: str) -> None:
    words = vocabulary("mistral-v3")
    prompt = words.prompt(render("mistral-v3", [("user", "Hi")]))
    (token,) = words.continuation(prompt, said)
    assert words.piece(token) == b" on"


def test_the_first_word_of_a_text_does_too() -> None:
    words = vocabulary("llama2")
    assert says(words, words.continuation([], "on")) == " on"


# ---- ends


@pytest.mark.parametrize("model", WRITERS)
def test_every_end_of_the_family_that_the_vocabulary_knows_ends_an_answer(model: str) -> None:
    words, texts = vocabulary(model), tiny_gguf.MODELS[model].vocabulary().tokens.texts
    ends = {stop for stop in TEMPLATES[family(model)].stops if stop in texts}
    for stop in ends | {tiny_gguf.MODELS[model].vocabulary().end}:
        assert words.is_end(texts.index(stop))
