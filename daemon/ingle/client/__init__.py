"""Connect to a daemon from a script, the command line or another program.

    from ingle.client import Ingle

    with Ingle() as ingle:
        print(ingle.summarize(text).text)

`Ingle` blocks and imports fast; `AsyncIngle` is the same for asyncio and is imported only when
it is named. Neither starts a daemon: without one they raise `DaemonNotRunning`.
"""

from typing import TYPE_CHECKING, Any

from ingle.client.blocking import Ingle, Stream
from ingle.client.requests import Event

if TYPE_CHECKING:
    from ingle.client.asynchronous import AsyncIngle, AsyncStream

__all__ = ["AsyncIngle", "AsyncStream", "Event", "Ingle", "Stream"]


def __getattr__(name: str) -> Any:
    if name in {"AsyncIngle", "AsyncStream"}:
        from ingle.client import asynchronous  # noqa: PLC0415 - asyncio costs a third of a start

        return getattr(asynchronous, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
