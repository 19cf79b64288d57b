"""What a chord can do, in words and in deeds. Everything is asked of the daemon or of another plugin."""

from contextlib import suppress
from typing import Any

from ingle.sdk import Ingle, IngleError, InvalidParams

SKILL = "skill:"

_WORDS = {
    "popup": "Open Ingle",
    "summarize-clipboard": "Summarise what is on the clipboard",
    "pause": "Pause or resume Ingle",
    "undo": "Undo the last replacement",
}


def in_words(action: str) -> str:
    """For the person, where a desktop lists the shortcuts of programs."""
    if action.startswith(SKILL):
        return f"Run {action.removeprefix(SKILL)} on what is selected"
    return _WORDS.get(action, action)


class Actions:
    """Does what a chord is bound to."""

    def __init__(self, ingle: Ingle) -> None:
        self._ingle = ingle

    async def perform(self, action: str) -> None:
        """Raises `InvalidParams` for an unknown action, and what those who are asked raise."""
        if action.startswith(SKILL):
            await self._ingle.call_plugin("popup", "show", skill=action.removeprefix(SKILL))
            return
        match action:
            case "popup":
                await self._ingle.call_plugin("popup", "show")
            case "summarize-clipboard":
                result = await self._ingle.call_plugin("clipboard", "summarize_now")
                await self._tell_refusal("Not summarised", result, "accepted")
            case "undo":
                result = await self._ingle.call_plugin("selection", "undo")
                await self._tell_refusal("Nothing undone", result, "undone")
            case "pause":
                await self._toggle_pause()
            case _:
                known = ", ".join([*_WORDS, f"{SKILL}NAME"])
                raise InvalidParams(f"unknown action {action[:100]!r}; known are {known}")

    async def _toggle_pause(self) -> None:
        if (await self._ingle.status()).state == "paused":
            await self._ingle.call("daemon.resume")
            await self.say("Ingle goes on", "Press the chord again to pause.")
        else:
            await self._ingle.call("daemon.pause")
            await self.say("Ingle is paused", "Press the chord again to resume.")

    async def _tell_refusal(self, title: str, result: Any, key: str) -> None:
        if isinstance(result, dict) and result.get(key) is False:
            await self.say(title, str(result.get("reason") or "there was nothing to do"))

    async def complain(self, error: IngleError) -> None:
        """An action that failed: whoever pressed the chord looks at the screen, not into a log."""
        await self.say("That did not work", f"{error.message}. {error.hint}".strip())

    async def say(self, title: str, text: str) -> None:
        """In the place of what was said last. Without notifications, nobody hears it."""
        with suppress(IngleError):
            await self._ingle.call_plugin("notify", "say", title=title, text=text, key="hotkey")
