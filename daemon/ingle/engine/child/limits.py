"""What a request may ask of the engine, in numbers: everything past them is the caller's error.

Pure checks; each raises `InvalidParams` or `ContextTooLong` that names the limit.
"""

from collections.abc import Sequence

from ingle.errors import ContextTooLong, InvalidParams
from ingle.wire.calls.assistant import MAX_SCALE
from ingle.wire.calls.model import MAX_TEXTS

MAX_STOPS = 64
MAX_STOP_CHARS = 1000
MAX_LOGPROBS = 20
MAX_CANDIDATES = 2000
MAX_TEXT_CHARS = 16 * 1024 * 1024
LONGEST_TOKEN = 256
"""Bytes; a prompt with more than so many per token of the context is refused without counting."""


def check_stops(stops: Sequence[str]) -> None:
    if len(stops) > MAX_STOPS:
        raise InvalidParams(f"`stop` has {MAX_STOPS} strings at most")
    if not all(0 < len(stop) <= MAX_STOP_CHARS for stop in stops):
        raise InvalidParams(f"a stop string has 1 to {MAX_STOP_CHARS} characters")


def check_logprobs(top: int | None) -> None:
    if top is not None and not 0 <= top <= MAX_LOGPROBS:
        raise InvalidParams(f"`logprobs` is between 0 and {MAX_LOGPROBS}")


def check_candidates(candidates: Sequence[str]) -> None:
    if not 1 <= len(candidates) <= MAX_CANDIDATES:
        raise InvalidParams(f"`candidates` are 1 to {MAX_CANDIDATES} texts")


def check_texts(texts: Sequence[str]) -> None:
    """Those that are to be embedded."""
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise InvalidParams(f"`texts` are 1 to {MAX_TEXTS} texts")
    for index, text in enumerate(texts):
        if not text:
            raise InvalidParams(f"`texts[{index}]` is empty")
    check_length(sum(map(len, texts)))


def check_length(chars: int) -> None:
    if chars > MAX_TEXT_CHARS:
        raise InvalidParams(f"a text has {MAX_TEXT_CHARS} characters at most")


def check_prompt(chars: int, limit: int) -> None:
    """Refuse what cannot fit, before it is tokenised."""
    if chars > limit * LONGEST_TOKEN:
        raise ContextTooLong(f"a prompt of {chars} characters; the model reads {limit} tokens at most")


def check_fits(tokens: int, limit: int) -> None:
    """`tokens` with what must follow them."""
    if tokens > limit:
        raise ContextTooLong(f"{tokens} tokens are needed; the model has room for {limit}")


def checked_scale(scale: float) -> float:
    """An adapter's strength."""
    if not 0 <= scale <= MAX_SCALE:  # false for what is no number
        raise InvalidParams(f"an adapter's `scale` is between 0 and {MAX_SCALE:g}")
    return scale


def clamped(max_tokens: int, prompt: Sequence[int], limit: int) -> int:
    """How many tokens may be generated; the answer then says `finish_reason: "length"`."""
    if max_tokens < 1:
        raise InvalidParams("`max_tokens` is at least 1")
    return min(max_tokens, limit - len(prompt))
