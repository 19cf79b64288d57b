"""What both clients ask for: methods, parameters and the types of their results. Pure values.

Optional parameters that are not given do not stand on the wire, so that the daemon's defaults
are the only ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from ingle.errors import DaemonNotRunning, IngleError
from ingle.paths import Paths
from ingle.wire.calls.assistant import AskResult, GenerateResult, SkillResult
from ingle.wire.calls.daemon import StatusResult, SubscribeResult
from ingle.wire.calls.model import EmbedResult, TokenizeResult

T = TypeVar("T")

FRAME_BYTES = 1024 * 1024
"""What a daemon accepts in one message; `config.LimitsConfig` has the same default."""
ANSWER_BYTES = 64 * 1024 * 1024
"""What a client accepts: the most that `limits.frame_bytes` can be raised to."""
EVENTS_KEPT = 1000
"""Events that wait for a slow reader; older ones are lost first."""


class Event(NamedTuple):
    """Something that happened in the daemon: "skill" / "summary.ready" and the like."""

    topic: str
    name: str
    data: Any


@dataclass(frozen=True)
class Wanted(Generic[T]):
    """A request that was not sent yet."""

    method: str
    params: dict[str, Any]
    result: type[T]

    def typed(self, value: Any) -> T:
        """The result as its type; unknown fields are those of a newer daemon and are ignored.

        Raises `IngleError` for an answer of another shape.
        """
        try:
            return msgspec.convert(value, self.result)
        except msgspec.ValidationError as error:
            raise IngleError(
                f"{self.method} was answered in another shape: {error}",
                "client and daemon may be of different versions: `ingle stop` and try again",
            ) from None


def given(**params: Any) -> dict[str, Any]:
    """The parameters that are not None."""
    return {name: value for name, value in params.items() if value is not None}


def status() -> Wanted[StatusResult]:
    return Wanted("daemon.status", {}, StatusResult)


def generate(
    prompt: str | Sequence[Mapping[str, str]], options: Mapping[str, Any]
) -> Wanted[GenerateResult]:
    """A prompt, or a conversation of `{"role", "content"}`."""
    which = {"prompt": prompt} if isinstance(prompt, str) else {"messages": list(prompt)}
    return Wanted("assistant.generate", {**which, **given(**options)}, GenerateResult)


def run(skill: str, text: str, args: Mapping[str, Any], **options: Any) -> Wanted[SkillResult]:
    params = given(skill=skill, text=text, args=dict(args) or None, **options)
    return Wanted("skill.run", params, SkillResult)


def ask(question: str, text: str | None, **options: Any) -> Wanted[AskResult]:
    return Wanted("assistant.ask", given(question=question, text=text, **options), AskResult)


def tokenize(text: str) -> Wanted[TokenizeResult]:
    return Wanted("engine.tokenize", {"text": text}, TokenizeResult)


def embed(texts: Sequence[str], *, truncate: bool = False) -> Wanted[EmbedResult]:
    return Wanted("engine.embed", {"texts": list(texts), "truncate": truncate}, EmbedResult)


def subscribe(topics: Sequence[str]) -> Wanted[SubscribeResult]:
    return Wanted("event.subscribe", {"topics": list(topics)}, SubscribeResult)


def event(params: Any) -> Event | None:
    """The event in a `$/event` notification, if it is one."""
    if not isinstance(params, dict):
        return None
    topic, name = params.get("topic"), params.get("name")
    if not isinstance(topic, str) or not isinstance(name, str):
        return None
    return Event(topic, name, params.get("data"))


def socket_path(given: str | Path | None) -> Path:
    """Where the daemon listens: as given, or `INGLE_SOCKET`, or in the runtime directory."""
    return Path(given) if given is not None else Paths.from_environment().socket


def not_running(path: Path, error: OSError) -> DaemonNotRunning:
    """A failed `connect` in words."""
    if isinstance(error, PermissionError):
        return DaemonNotRunning(
            f"the socket {path} belongs to somebody else",
            "every person has a daemon of their own; see INGLE_SOCKET and XDG_RUNTIME_DIR",
        )
    return DaemonNotRunning(f"ingled is not running (nobody answers on {path})")
