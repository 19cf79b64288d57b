"""Every error that Ingle raises on purpose, named by whose fault it is.

An `IngleError` may cross the wire: it carries its JSON-RPC code, a short stable key and a hint
that says what to do next. Anything else is a bug: the barrier in `rpc.dispatcher` logs it once
with a traceback and answers "internal error" with an id.
"""

from typing import ClassVar


class IngleError(Exception):
    """Root of the tree: `message` says what is wrong, `hint` says what to do about it.

    Neither may contain a path or a text of the person unless the caller sent it.
    """

    code: ClassVar[int] = -32603
    key: ClassVar[str] = "internal"
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint


class CallerError(IngleError):
    """The request cannot be served as it was sent; sending it again changes nothing."""


class Unavailable(IngleError):
    """A facility is missing just now; the same request may succeed later."""


class ProtocolError(CallerError):
    """The bytes are not the protocol's. In contrast to `CallerError`, no method was reached."""


class ParseError(ProtocolError):
    code, key = -32700, "parse_error"


class InvalidRequest(ProtocolError):
    code, key = -32600, "invalid_request"


class FrameTooLong(ProtocolError):
    """A frame is over the limit; where it ends is unknown, so the connection has to go."""

    code, key = -32600, "frame_too_long"
    default_hint = "send less text in one message, or raise limits.frame_bytes in config.toml"


class MethodNotFound(CallerError):
    code, key = -32601, "method_not_found"
    default_hint = "`ingle rpc rpc.discover` lists the methods"


class InvalidParams(CallerError):
    code, key = -32602, "invalid_params"
    default_hint = "`ingle rpc rpc.discover` shows the parameters"


class Cancelled(IngleError):
    """The caller asked for it, or its connection closed."""

    code, key = -32800, "cancelled"


class EngineUnavailable(Unavailable):
    code, key = -32001, "engine_unavailable"
    default_hint = "`ingle status` shows why; `ingle log` shows more"


class NotEnoughMemory(EngineUnavailable):
    """The model, or its context, does not fit into the memory that is free just now."""

    key = "not_enough_memory"
    default_hint = "`ingle model estimate NAME` shows what it needs; close other programs, or take less"


class ModelNotFound(CallerError):
    code, key = -32002, "model_not_found"
    default_hint = "`ingle model list` shows what is here, `ingle model pull NAME` gets one"


class ContextTooLong(CallerError):
    code, key = -32003, "context_too_long"
    default_hint = "`ingle summarize` reads texts of any length"


class NotPermitted(CallerError):
    code, key = -32004, "not_permitted"


class Busy(Unavailable):
    code, key = -32005, "busy"
    default_hint = "try again in a moment"


class DeadlineExceeded(Unavailable):
    code, key = -32006, "deadline"


class BadModelFile(CallerError):
    code, key = -32007, "bad_model_file"


class NotFound(CallerError):
    code, key = -32008, "not_found"


class Paused(Unavailable):
    code, key = -32009, "paused"
    default_hint = "`ingle resume` goes on"


class Locked(Unavailable):
    code, key = -32010, "locked"


class BadDocument(CallerError):
    code, key = -32011, "bad_document"


class PluginFailed(Unavailable):
    code, key = -32012, "plugin_failed"
    default_hint = "`ingle plugin list` shows the reason"


class ModelTooSmall(CallerError):
    """The resident model cannot do what a skill needs; the hint names one that can.

    A kind of `not_permitted`, with its code: `anyway` permits it.
    """

    code, key = -32004, "model_too_small"


class ConfigError(IngleError):
    """The person's configuration is wrong; the message names file and line. Never leaves the host."""

    code, key = -32602, "bad_config"
    default_hint = "correct it; `ingle doctor` checks it again"


class SocketInUse(IngleError):
    """Another daemon answers on the socket."""

    key = "socket_in_use"


class DaemonNotRunning(Unavailable):
    """Nobody answers on the socket. In contrast to `ConnectionLost`, there never was a connection."""

    code, key = -32001, "daemon_not_running"
    default_hint = "`ingle serve` starts it"


class ConnectionLost(Unavailable):
    """The other end went away before it answered. In contrast to `Cancelled`, nobody asked for it."""

    code, key = -32001, "engine_unavailable"


def by_code_and_key() -> dict[tuple[int, str], type[IngleError]]:
    """The wire's view of the tree, so that a client can raise what the daemon raised.

    Where two classes look alike on the wire, the one defined first stands for both.
    """
    found: dict[tuple[int, str], type[IngleError]] = {}
    pending: list[type[IngleError]] = [IngleError]
    while pending:
        kind = pending.pop(0)
        found.setdefault((kind.code, kind.key), kind)
        pending.extend(kind.__subclasses__())
    return found
