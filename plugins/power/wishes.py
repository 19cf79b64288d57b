"""What the daemon is asked to hold back: for as long as any of several sources says so."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from ingle.sdk import Ingle


@dataclass(frozen=True)
class Wish:
    """`after_s`: how long it lasts when nobody says so any more."""

    what: Literal["model", "background", "watching"]
    reason: str
    after_s: float = 0.0


class Wishes:
    """`say` is the word of one source about one wish; the daemon hears when it makes a difference."""

    def __init__(self, ingle: Ingle) -> None:
        self._ingle = ingle
        self._sayers: dict[Wish, set[str]] = defaultdict(set)

    def sayer(self, wish: Wish, source: str) -> Callable[[bool], Awaitable[None]]:
        """`say` for one source."""

        async def say(is_so: bool) -> None:
            await self.say(wish, source, is_so)

        return say

    async def say(self, wish: Wish, source: str, is_so: bool) -> None:
        """Returns when it is done: a model that is held is gone then."""
        sayers = self._sayers[wish]
        was_held = bool(sayers)
        (sayers.add if is_so else sayers.discard)(source)
        if sayers and not was_held:
            await self._ingle.hold(wish.what, wish.reason)
        elif was_held and not sayers:
            await self._ingle.release(wish.what, wish.reason, wish.after_s)

    def held(self) -> list[str]:
        """The reasons for which something is held now."""
        return sorted({wish.reason for wish, sayers in self._sayers.items() if sayers})
