"""The words that every part of Ingle speaks: closed sets and the values that travel with an answer."""

from enum import StrEnum
from typing import Literal

import msgspec

Priority = Literal["interactive", "normal", "background"]
"""Who waits: a person looking at the screen, a person who will look soon, nobody."""

FinishReason = Literal["stop", "length", "cancelled"]

Tier = Literal["tiny", "small", "medium"]
"""What a model was measured to be able to do; skills choose their strategy by it."""

TIERS: tuple[Tier, ...] = ("tiny", "small", "medium")

Holdable = Literal["model", "background", "watching"]
"""What can be held back: the model steps aside and background work waits; background work alone
waits; plugins that watch the desktop rest."""

Topic = Literal["engine", "context", "skill", "plugin", "document", "job"]


class EngineState(StrEnum):
    """`absent → starting → loading → ready → parked → failed`, blueprint section 5."""

    ABSENT = "absent"
    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    PARKED = "parked"
    FAILED = "failed"


class DaemonState(StrEnum):
    """What `daemon.status` says of the whole: `degraded` comes with a warning that tells why, `aside`
    means that the model has stepped aside for a reason."""

    STARTING = "starting"
    READY = "ready"
    PAUSED = "paused"
    ASIDE = "aside"
    DEGRADED = "degraded"
    STOPPING = "stopping"


class PluginState(StrEnum):
    """`waiting` and `failed` always come with a reason."""

    RUNNING = "running"
    WAITING = "waiting"
    DISABLED = "disabled"
    FAILED = "failed"


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What was read and written, in tokens; `dropped` are `[start, end)` character ranges unread."""

    input_tokens: int = 0
    used_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    dropped: list[tuple[int, int]] = []

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            used_tokens=self.used_tokens + other.used_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            dropped=[*self.dropped, *other.dropped],
        )


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds; `ttft_ms` (time to first token) counts from the request's arrival in the engine."""

    queue_ms: float = 0.0
    prefill_ms: float = 0.0
    ttft_ms: float = 0.0
    decode_ms: float = 0.0
    total_ms: float = 0.0


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much a long-text strategy read: `read` of `total` characters, in `parts` pieces."""

    read: int
    total: int
    parts: int

    @property
    def ratio(self) -> float:
        return self.read / self.total if self.total else 1.0


class Likely(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token with its natural log-likelihood. `bytes` are there where they are no text by
    themselves, as half a character is none; `text` then has U+FFFD."""

    text: str
    logprob: float
    bytes: list[int] | None = None


class TokenLogprob(Likely, frozen=True, kw_only=True, omit_defaults=True):
    """A token of an answer, and the likeliest ones at its place. As the model itself sees it: before
    temperature, penalties and grammar."""

    top: list[Likely]


class Span(msgspec.Struct, frozen=True):
    """A piece of prompt. `special` is True only for the chat template's own text: only there are
    special tokens parsed; what a person, a clipboard or a document says is data."""

    text: str
    special: bool = False
