"""`assistant.*` and `skill.*`: prompts in, answers out."""

from typing import Annotated, Any, Literal

import msgspec

from ingle.vocabulary import Coverage, FinishReason, Priority, Timing, TokenLogprob, Usage
from ingle.wire.calls.base import Name, Params, Result, Text

MAX_STOPS = 64
MAX_STOP_CHARS = 512
MAX_LOGPROBS = 20
MAX_DEADLINE_MS = 24 * 3600 * 1000
MAX_SCALE = 4.0
"""Of an adapter: past it nothing but noise is written."""

Stop = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_STOP_CHARS)]],
    msgspec.Meta(max_length=MAX_STOPS),
]
MaxTokens = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Temperature = Annotated[float, msgspec.Meta(ge=0, le=10)]
Probability = Annotated[float, msgspec.Meta(gt=0, le=1)]
Logprobs = Annotated[int, msgspec.Meta(ge=0, le=MAX_LOGPROBS)]
Seed = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
DeadlineMs = Annotated[int, msgspec.Meta(ge=1, le=MAX_DEADLINE_MS)]


class ChatMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: Literal["system", "user", "assistant"]
    content: str


class AdapterChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A LoRA adapter by its name; `scale` 0 is none at all, 1 what it was trained for."""

    name: Name
    scale: Annotated[float, msgspec.Meta(ge=0, le=MAX_SCALE)] = 1.0


Adapter = Annotated[str, msgspec.Meta(min_length=1, max_length=300)] | AdapterChoice
"""As a text "NAME" or "NAME:SCALE"."""


class GenerateParams(Params, frozen=True):
    """One of `prompt` and `messages`; `schema` (JSON Schema) and `grammar` (GBNF) exclude each other.

    `exact` computes the answer alone and anew, so that the same request gives the same text again, bit
    for bit (a `seed` that is not given is 0 then): what runs beside it otherwise changes how numbers are
    rounded, and a near-tie between two words falls the other way. A `seed` at a `temperature` above 0
    implies it: a seed is given to see the same text twice. With `logprobs` the result tells how likely
    each token was, and so many others at its place. `keep` has the text remembered as an answer, so that
    `result.get` gives it again.
    """

    prompt: Text | None = None
    messages: Annotated[list[ChatMessage], msgspec.Meta(min_length=1, max_length=1000)] | None = None
    system: str | None = None
    max_tokens: MaxTokens | None = None
    temperature: Temperature | None = None
    top_p: Probability | None = None
    seed: Seed | None = None
    stop: Stop = msgspec.field(default_factory=list)
    schema: dict[str, Any] | None = None
    grammar: Text | None = None
    priority: Priority = "interactive"
    adapter: Adapter | None = None
    exact: bool = False
    deadline_ms: DeadlineMs | None = None
    stream: bool = False
    logprobs: Logprobs | None = None
    keep: bool = False


class GenerateResult(Result, frozen=True):
    """`result` is the id of what was kept."""

    text: str
    finish_reason: FinishReason
    model: str
    usage: Usage
    timing: Timing
    logprobs: list[TokenLogprob] | None = None
    result: str | None = None


class SkillInfo(Result, frozen=True):
    """`available` tells whether the resident model is good enough; `strategy` is what would run now;
    `required` are the arguments that it cannot do without."""

    name: str
    summary: str
    needs: str
    args: dict[str, str]
    available: bool
    strategy: str
    reason: str | None = None
    source: str = "built-in"
    required: list[str] = msgspec.field(default_factory=list)


class SkillRunParams(Params, frozen=True):
    """`anyway` runs a skill that the model was measured to be too small for; `keep` has the result
    remembered, so that `result.get` gives it again."""

    skill: Name
    text: str
    args: dict[str, Any] = msgspec.field(default_factory=dict)
    priority: Priority = "interactive"
    adapter: Adapter | None = None
    anyway: bool = False
    deadline_ms: DeadlineMs | None = None
    stream: bool = False
    keep: bool = False


class SkillResult(Result, frozen=True):
    """`title` where the skill makes one; `data` where the output has a schema; `result` is the id of
    what was kept."""

    text: str
    finish_reason: FinishReason
    model: str
    usage: Usage
    timing: Timing
    strategy: str
    coverage: Coverage
    title: str | None = None
    data: Any = None
    result: str | None = None


class AskParams(Params, frozen=True):
    """`text`: answer from it; without one, from what the context remembers, the newest first. `keep`
    has the answer remembered, so that `result.get` gives it again."""

    question: Text
    text: str | None = None
    collection: str | None = None
    session: str | None = None
    adapter: Adapter | None = None
    anyway: bool = False
    deadline_ms: DeadlineMs | None = None
    stream: bool = False
    keep: bool = False


class Citation(Result, frozen=True):
    """`start` and `end` are character offsets of `quote` in the text that `document` names."""

    quote: str
    document: str
    path: str | None
    start: int
    end: int
    verdict: Literal["supported", "misattributed", "stitched", "absent"]
    page: int | None = None


class AskResult(Result, frozen=True):
    """`refused`: nothing that was read answers the question; then `answer` says so. `result` is the
    id of what was kept."""

    answer: str
    citations: list[Citation]
    refused: bool
    strategy: str
    model: str
    coverage: Coverage
    usage: Usage
    timing: Timing
    result: str | None = None
