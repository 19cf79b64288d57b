"""What was done, or would be, one step a line, and the only place that tells the two apart."""

from dataclasses import dataclass, field
from typing import Literal

from ingle.cli.output import DIM, YELLOW
from ingle.cli.session import Session

Action = Literal["write", "make", "enable", "start", "stop", "remove", "disable", "same", "keep", "note"]

WORDS: dict[Action, tuple[str, str]] = {
    "write": ("wrote", "would write"),
    "make": ("made", "would make"),
    "enable": ("enabled", "would enable"),
    "start": ("started", "would start"),
    "stop": ("stopped", "would stop"),
    "remove": ("removed", "would remove"),
    "disable": ("disabled", "would disable"),
    "same": ("unchanged", "unchanged"),
    "keep": ("kept", "would keep"),
    "note": ("note", "note"),
}


@dataclass(frozen=True)
class Step:
    """`what` is a path, a unit or a plugin; `note` says why, or what to do."""

    action: Action
    what: str
    note: str = ""


@dataclass
class Steps:
    """Shown as they are done; with `--json` all at the end."""

    session: Session
    is_dry: bool
    done: list[Step] = field(default_factory=list)

    def add(self, action: Action, what: object, note: str = "") -> None:
        step = Step(action, str(what), note)
        self.done.append(step)
        output = self.session.output
        if output.as_json or output.is_quiet:
            return
        word = WORDS[action][self.is_dry]
        style = YELLOW if action == "keep" else DIM if action == "same" else ""
        output.line(f"{word:<13} {self._short(step.what)}{f' ({note})' if note else ''}", style)

    @property
    def changed(self) -> bool:
        return any(step.action not in {"same", "keep", "note"} for step in self.done)

    def finish(self) -> None:
        """With `--json`: everything as one value."""
        if self.session.output.as_json:
            steps = [{"action": step.action, "what": step.what, "note": step.note} for step in self.done]
            self.session.output.json({"dry_run": self.is_dry, "changed": self.changed, "steps": steps})

    def _short(self, what: str) -> str:
        home = self.session.environ.get("HOME", "")
        return f"~{what[len(home) :]}" if home and what.startswith(f"{home}/") else what
