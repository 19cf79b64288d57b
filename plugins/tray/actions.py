"""What the lines of the menu do: calls of the daemon and of other plugins."""

from collections.abc import Awaitable, Callable
from typing import Any

from ingle.sdk import Ingle, viewer

from . import papers
from .menu import Action


class Refused(Exception):
    """It was asked for and not done; the text says why, in words for a person."""


async def do(ingle: Ingle, action: Action) -> None:
    """Raises `IngleError`, `Refused` and `viewer.CannotOpen`."""
    await _ACTIONS[action.name](ingle, action.about)


async def _ask(ingle: Ingle, _: str) -> None:
    await ingle.call_plugin("popup", "show")


async def _result(ingle: Ingle, about: str) -> None:
    await ingle.call_plugin("popup", "show_result", id=about)


async def _summarise(ingle: Ingle, _: str) -> None:
    answer = await ingle.call_plugin("clipboard", "summarize_now") or {}
    if not answer.get("accepted", True):
        raise Refused(f"the clipboard was not taken: {answer.get('reason')}")


async def _undo(ingle: Ingle, _: str) -> None:
    answer = await ingle.call_plugin("selection", "undo") or {}
    if not answer.get("undone", True):
        raise Refused(f"nothing was undone: {answer.get('reason')}")


async def _saw(ingle: Ingle, _: str) -> None:
    items = await ingle.call("context.list", {"limit": papers.MOST_SEEN})
    await viewer.show(papers.SAW, papers.seen(items))


async def _log(ingle: Ingle, _: str) -> None:
    await papers.show_log()


def _calling(method: str, key: str = "") -> Callable[[Ingle, str], Awaitable[Any]]:
    """An action that is one call of the daemon; what it is about goes into the parameter `key`."""

    async def act(ingle: Ingle, about: str) -> None:
        await ingle.call(method, {key: about} if key else {})

    return act


_ACTIONS: dict[str, Callable[[Ingle, str], Awaitable[Any]]] = {
    "ask": _ask,
    "result": _result,
    "summarise": _summarise,
    "undo": _undo,
    "saw": _saw,
    "log": _log,
    "pause": _calling("daemon.pause"),
    "resume": _calling("daemon.resume"),
    "quit": _calling("daemon.stop"),
    "model": _calling("model.use", "name"),
    "enable": _calling("plugin.enable", "name"),
    "disable": _calling("plugin.disable", "name"),
}
