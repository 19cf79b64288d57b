# ruff: noqa: N802 - the names are D-Bus's
"""GNOME Shell's search and KRunner: two interfaces for the same offers.

https://developer.gnome.org/documentation/tutorials/search-provider.html,
https://invent.kde.org/frameworks/krunner (org.kde.krunner1)
"""

from collections.abc import Callable, Coroutine
from typing import Any

from ingle.sdk import Ingle
from ingle.sdk.glib import GLib

from .offers import ASK, RESULT, Kept, Offer, offers

ICON = "io.github.ingle.Ingle"
LIMIT = 20
"""Results that are looked through."""
POSSIBLE, EXACT = 30, 100
"""KRunner's kinds of matches."""

Look = Callable[[], Coroutine[Any, Any, list[Kept]]]


class Finder:
    """Finds offers and does what an offer says."""

    def __init__(self, ingle: Ingle, *, is_on: bool) -> None:
        self._ingle, self._is_on = ingle, is_on

    async def find(self, words: list[str]) -> list[Offer]:
        if not self._is_on:
            return []
        found = await self._ingle.call("result.list", {"limit": LIMIT})
        kept = [Kept(one["id"], one["kind"], one.get("title") or "") for one in found]
        return offers(words, kept)

    async def choose(self, offer: str) -> None:
        if offer.startswith(RESULT):
            await self._ingle.call_plugin("popup", "show_result", id=offer.removeprefix(RESULT))
        else:
            await self._ingle.call_plugin("popup", "show", question=offer.removeprefix(ASK))


class Search:
    """`org.gnome.Shell.SearchProvider2`."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._found: dict[str, Offer] = {}

    async def GetInitialResultSet(self, terms: list[str]) -> list[str]:
        found = await self._finder.find(terms)
        self._found = {one.id: one for one in found}
        return list(self._found)

    async def GetSubsearchResultSet(self, previous_results: list[str], terms: list[str]) -> list[str]:
        return await self.GetInitialResultSet(terms)

    async def GetResultMetas(self, identifiers: list[str]) -> list[dict[str, Any]]:
        found = [self._found[each] for each in identifiers if each in self._found]
        return [
            {
                "id": GLib.Variant("s", one.id),
                "name": GLib.Variant("s", one.title),
                "description": GLib.Variant("s", one.description),
                "gicon": GLib.Variant("s", ICON),
            }
            for one in found
        ]

    async def ActivateResult(self, identifier: str, terms: list[str], timestamp: int) -> None:
        await self._finder.choose(identifier)

    async def LaunchSearch(self, terms: list[str], timestamp: int) -> None:
        await self._finder.choose(ASK + " ".join(terms))


class Runner:
    """`org.kde.krunner1`."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    async def Actions(self) -> list[tuple[str, str, str]]:
        return []

    async def Match(self, query: str) -> list[tuple[str, str, str, int, float, dict[str, Any]]]:
        found = await self._finder.find(query.split())
        return [
            (
                one.id,
                one.title,
                ICON,
                EXACT if one.is_exact else POSSIBLE,
                0.9 if one.is_exact else 0.3,
                {"subtext": GLib.Variant("s", one.description)},
            )
            for one in found
        ]

    async def Run(self, match_id: str, action_id: str) -> None:
        await self._finder.choose(match_id)

    async def Teardown(self) -> None:
        """The person has closed it; nothing was kept."""
