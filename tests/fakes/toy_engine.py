"""An `Engine` without a model: it counts words as tokens and likes texts that share words.

Deterministic and instant. `answers` are what it writes, one after the other; the last one again
and again. Everything that it was asked stands in `generated` and `scored`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingle.engine import protocol
from ingle.errors import ContextTooLong
from ingle.models.library import InstalledModel
from ingle.vocabulary import Tier, Timing, Usage

_TOKEN = re.compile(r"\w+|[^\w\s]")


def toy_model(tier: Tier | None = "tiny") -> InstalledModel:
    return InstalledModel(
        name="toy",
        path=Path("toy.gguf"),
        family="chatml",
        tier=tier,
        is_measured=tier is not None,
        licence="MIT",
        source="file:toy.gguf",
        sha256="",
        size_bytes=1,
    )


@dataclass
class ToyEngine:
    """`n_ctx` tokens of room; a prompt that does not fit is refused as the real one does."""

    answers: Sequence[str] = ("An answer.",)
    tier: Tier | None = "tiny"
    n_ctx: int = 2048
    pieces: int = 5
    """Characters of a delta."""
    stand_in: "ToyEngine | None" = None
    """Who answers what begins now."""
    generated: list[protocol.GenerateParams] = field(default_factory=list)
    scored: list[protocol.ScoreParams] = field(default_factory=list)

    @property
    def model(self) -> InstalledModel | None:
        return toy_model(self.tier)

    def held(self) -> "ToyEngine":
        return self.stand_in or self

    async def tokenize(self, text: str) -> list[int]:
        return [len(token) for token in _TOKEN.findall(text)]

    async def generate(
        self,
        params: protocol.GenerateParams,
        on_delta: Callable[[str], None] | None = None,
        deadline_ms: int | None = None,
    ) -> protocol.GenerateResult:
        read = await self._fit(params.spans)
        text = self.answers[min(len(self.generated), len(self.answers) - 1)]
        self.generated.append(params)
        tokens = await self.tokenize(text)
        if on_delta is not None and params.stream:
            for at in range(0, len(text), self.pieces):
                on_delta(text[at : at + self.pieces])
        return protocol.GenerateResult(
            text=text,
            finish_reason="stop" if len(tokens) <= params.max_tokens else "length",
            usage=Usage(input_tokens=read, used_tokens=read, output_tokens=len(tokens)),
            timing=Timing(prefill_ms=1, total_ms=2),
        )

    async def score(self, params: protocol.ScoreParams) -> protocol.ScoreResult:
        """A token that stands in the prompt is likelier than one that does not."""
        read = await self._fit(params.spans)
        self.scored.append(params)
        known = set(_TOKEN.findall(" ".join(span.text for span in params.spans).lower()))
        scores = []
        for candidate in params.candidates:
            tokens = _TOKEN.findall(candidate.lower())
            logprob = sum(-1.0 if token in known else -4.0 for token in tokens)
            scores.append(protocol.CandidateScore(logprob=logprob, tokens=max(len(tokens), 1)))
        return protocol.ScoreResult(
            scores=scores, usage=Usage(input_tokens=read, used_tokens=read), timing=Timing()
        )

    async def _fit(self, spans: Sequence[object]) -> int:
        tokens = await self.tokenize("".join(getattr(span, "text", "") for span in spans))
        if len(tokens) + 1 > self.n_ctx:
            raise ContextTooLong(f"{len(tokens)} tokens are needed; the model has room for {self.n_ctx}")
        return len(tokens)
