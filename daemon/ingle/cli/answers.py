"""Delivering an answer: piece by piece as it is generated, or as lines of JSON."""

from typing import TypeVar

from ingle.cli import words
from ingle.cli.output import BOLD
from ingle.cli.session import Session
from ingle.client.requests import Wanted
from ingle.vocabulary import Coverage, Timing, Usage
from ingle.wire.calls.assistant import SkillResult

T = TypeVar("T")


def deliver(session: Session, wanted: Wanted[T], *, whole: str = "text") -> T:
    """Ask, and show the answer while it comes; gives the whole result.

    `whole` names the result's field with the text, shown where nothing was streamed. With
    `--json`: a line `{"delta"}` for each piece and a last line `{"result"}`.
    """
    output = session.output
    with session.connect(frame_bytes=session.frame_bytes) as ingle:
        stream = ingle.stream(wanted.method, **wanted.params)
        was_streamed = False
        for piece in stream:
            was_streamed = True
            output.json({"delta": piece}) if output.as_json else output.text(piece)
        result = wanted.typed(stream.result)
    if output.as_json:
        output.json({"result": result})
    elif not was_streamed:
        output.text(getattr(result, whole))
    output.end_text()
    return result


def show_skill(session: Session, wanted: Wanted[SkillResult]) -> None:
    """Deliver a skill's answer with its title and what it cost."""
    result = deliver(session, wanted)
    output = session.output
    if output.as_json or output.is_quiet:
        return
    if result.title and output.out_is_terminal:
        output.line(f"— {result.title}", BOLD)
    output.note(figures(result.coverage, result.usage, result.timing, result.model))


def figures(coverage: Coverage, usage: Usage, timing: Timing, model: str) -> str:
    """One line: what was read, what it cost, who answered."""
    parts = [
        f"read {coverage.ratio:.0%} of {coverage.total:,} characters",
        f"in {words.count(coverage.parts, 'part')}" if coverage.parts > 1 else "",
        f"{usage.input_tokens:,} tokens read",
        f"{usage.output_tokens:,} written" if usage.output_tokens else "",
        words.duration(timing.total_ms / 1000),
        model,
    ]
    return " · ".join(part for part in parts if part)
