"""A task as calls of the daemon: a skill, a question, or a follow-up in the conversation.

Always interactive: a person is looking. The daemon keeps what it gave, so that a notification can
show it again.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ingle.sdk import Coverage, Ingle

from . import wording
from .model import Model, Outcome, Task

MOST_TOKENS = 1024
"""Of a follow-up; a skill knows its own length."""

Hear = Callable[[str], None]
Covers = Callable[[Coverage], None]


async def answer(ingle: Ingle, model: Model, task: Task, hear: Hear, covers: Covers) -> Outcome:
    """Raises the daemon's `IngleError`; cancelling it cancels the request."""
    match task.kind:
        case "skill":
            return await _skill(ingle, model, task, hear, covers)
        case "ask":
            return await _ask(ingle, model, task, hear, covers)
        case "follow" | "result":
            return await _follow(ingle, model, hear)


async def _skill(ingle: Ingle, model: Model, task: Task, hear: Hear, covers: Covers) -> Outcome:
    text = model.source.text if model.source else ""
    result = await ingle.run_skill(
        task.skill,
        text,
        task.args,
        priority="interactive",
        on_delta=hear,
        on_coverage=covers,
        keep=True,
        anyway=task.anyway,
    )
    figures = wording.figures(msgspec.to_builtins(result))
    return Outcome(result.text, figures, result.result or "")


async def _ask(ingle: Ingle, model: Model, task: Task, hear: Hear, covers: Covers) -> Outcome:
    text = model.source.text if model.source else None
    result = await ingle.ask(
        task.asked, text, on_delta=hear, on_coverage=covers, keep=True, anyway=task.anyway
    )
    quotes = tuple(dict.fromkeys(one.quote for one in result.citations if one.quote != result.answer))
    figures = wording.figures(msgspec.to_builtins(result))
    return Outcome(result.answer, figures, result.result or "", quotes)


async def _follow(ingle: Ingle, model: Model, hear: Hear) -> Outcome:
    params: dict[str, Any] = {
        "messages": model.messages(),
        "max_tokens": MOST_TOKENS,
        "priority": "interactive",
        "stream": True,
        # an answer from what is remembered would outlive what it repeats: only the person's text counts
        "keep": model.source is not None,
    }
    result = await ingle.call("assistant.generate", params, hear)
    return Outcome(str(result["text"]).strip(), wording.figures(result), result.get("result") or "")
