"""From a method's name to its handler and back to a response: the one exception-to-wire boundary.

Handlers raise freely. An `IngleError` leaves as itself; anything else is a bug, is logged once
with an id, and leaves as "internal error" with that id, without a word of the exception.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from ingle.errors import IngleError, MethodNotFound, NotPermitted
from ingle.vocabulary import Coverage
from ingle.wire import codes
from ingle.wire.calls.base import Params
from ingle.wire.messages import Failure, RequestId, Success, failure_of
from ingle.wire.schema import bind

log = logging.getLogger(__name__)


class Caller(Protocol):
    """Who sent a request, as far as a handler may know."""

    @property
    def name(self) -> str:
        """For the log and the ledger: "pid 4711" or "plugin clipboard"."""

    @property
    def grants(self) -> frozenset[str] | None:
        """What it may call; None is a person's own client and may call everything."""

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification; waits while the other side does not read."""

    def on_close(self, callback: Callable[[], None]) -> None:
        """Have `callback` called once when the connection ends."""


@dataclass(frozen=True)
class Call:
    """One request on its way through a handler."""

    caller: Caller
    id: RequestId = None

    async def delta(self, text: str, coverage: Coverage | None = None) -> None:
        """Stream a piece of the answer to the caller, or how much of a text it will stand on."""
        params: dict[str, Any] = {"id": self.id, "text": text}
        if coverage is not None:
            params["coverage"] = msgspec.to_builtins(coverage)
        if text or coverage is not None:
            await self.caller.notify(codes.DELTA, params)


Handler = Callable[[Any, Call], Awaitable[Any]]
"""`(bound parameters, call) -> result`; the result is anything that msgspec can encode."""


@dataclass(frozen=True)
class Route:
    """A handler with the type of its parameters and the grant that a plugin needs to reach it."""

    handler: Handler
    params: type[Params]
    grant: str | None = None


@dataclass(frozen=True)
class Dispatcher:
    """Answers requests by a table of routes. It has no state of its own."""

    routes: Mapping[str, Route] = field(default_factory=dict)

    async def answer(self, method: str, params: Any, call: Call) -> Success | Failure:
        """Run the handler; never raises except for cancellation."""
        try:
            return Success(call.id, await self._run(method, params, call))
        except IngleError as error:
            return failure_of(call.id, error)
        except Exception:
            mark = secrets.token_hex(4)
            log.exception("bug %s in %s", mark, method)
            return _bug(mark, call.id)

    async def _run(self, method: str, params: Any, call: Call) -> Any:
        route = self.routes.get(method)
        if route is None:
            raise MethodNotFound(f"there is no method {method[:200]!r}")
        _check_grant(route, call.caller, method)
        return await route.handler(bind(route.params, params), call)


def _check_grant(route: Route, caller: Caller, method: str) -> None:
    if route.grant is None or caller.grants is None or route.grant in caller.grants:
        return
    raise NotPermitted(
        f"{caller.name} may not call {method}: it was not granted {route.grant!r}",
        f"add {route.grant!r} to the grants in its plugin.toml and enable it again",
    )


def _bug(mark: str, id_: RequestId) -> Failure:
    hint = f"please report it with the lines around {mark} in `ingle log`"
    return Failure(
        id_, codes.INTERNAL_ERROR, f"internal error {mark}", {"key": "internal", "hint": hint}
    )
