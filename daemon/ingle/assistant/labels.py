"""Which of some labels fits a text: by the model's likelihoods, against what it would say anyway.

Every model prefers some words whatever it reads; the preference is measured with a text without
content and taken off (contextual calibration). Measured on 15 messages with 5 labels: 9 right with
the embedded model and 12 with a 0.5B one; 4 and 4 if the prompt lists the labels.
"""

import math
from collections.abc import Sequence

from ingle.assistant.reading import Plan
from ingle.assistant.turn import Turn

NO_CONTENT = "N/A"
PART_TOKENS = 700
MOST_TOKENS = 2800
"""What a text is about stands in four parts of it, or nowhere."""


async def probabilities(
    turn: Turn, instruction: str, text: str, plan: Plan, labels: Sequence[str]
) -> dict[str, float]:
    """How probable each label is, over all parts that are read; the sum is 1."""
    prior = await turn.score(turn.prompt([("user", instruction)], NO_CONTENT), labels)
    sums = [0.0] * len(labels)
    for part in plan.parts:
        scores = await turn.score(turn.prompt([("user", instruction)], part.of(text).strip()), labels)
        for index, (score, before) in enumerate(zip(scores, prior, strict=True)):
            sums[index] += (score.logprob - before.logprob) / len(plan.parts)
    return dict(zip(labels, softmax(sums), strict=True))


def softmax(values: Sequence[float]) -> list[float]:
    """As probabilities; safe for large values."""
    top = max(values)
    powers = [math.exp(value - top) for value in values]
    return [power / sum(powers) for power in powers]
