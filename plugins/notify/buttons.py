"""What the buttons of a result are, and what they do: copy it, or open it in full."""

from ingle.sdk import Ingle, IngleError, NotFound, viewer

from .bubbles import Bubble

DEFAULT, COPY, OPEN = "default", "copy", "open"
"""`default` is a click on the notification itself."""
POPUP, NAME = "popup", "summary.txt"

Actions = tuple[tuple[str, str], ...]


class Buttons:
    """Asks the daemon for the result when a button is pressed, not before."""

    def __init__(self, ingle: Ingle) -> None:
        self._ingle = ingle

    async def of(self, bubble: Bubble) -> Actions:
        """(key, label) of each; none where there is nothing to open."""
        if not bubble.result:
            return ()
        where = "Open" if await self._has_popup() else "Open full text"
        return (DEFAULT, where), (COPY, "Copy"), (OPEN, where)

    async def is_there(self, bubble: Bubble) -> bool:
        """Whether what it is about was not forgotten meanwhile."""
        try:
            return not bubble.result or bool(await self._ingle.get_result(bubble.result))
        except IngleError:
            return False

    async def press(self, bubble: Bubble, action: str) -> str | None:
        """Do it; gives the reason why not, in words."""
        try:
            if action == COPY:
                await self._copy(bubble.result)
            elif action in (OPEN, DEFAULT):
                await self._open(bubble.result)
        except NotFound as error:
            return "that result is forgotten" if "result" in error.message else error.message
        except IngleError as error:
            return error.message
        except viewer.CannotOpen as error:
            return str(error)
        return None

    async def _copy(self, result: str) -> None:
        text = (await self._ingle.get_result(result)).text
        await self._ingle.call_plugin("clipboard", "copy", text=text)

    async def _open(self, result: str) -> None:
        if await self._has_popup():
            await self._ingle.call_plugin(POPUP, "show_result", id=result)
            return
        kept = await self._ingle.get_result(result)
        parts = [kept.title, kept.text]
        if source := await self._source_of(kept.item):
            parts += ["-" * 72, source]
        await viewer.show(NAME, "\n\n".join(part for part in parts if part) + "\n")

    async def _source_of(self, item: str | None) -> str:
        """The text that a result was made of; empty when there is none any more."""
        try:
            return (await self._ingle.get_context(item)).text if item else ""
        except NotFound:
            return ""

    @staticmethod
    def forget() -> None:
        """Remove what was opened."""
        viewer.forget(NAME)

    async def _has_popup(self) -> bool:
        try:
            plugins = await self._ingle.call("plugin.list")
        except IngleError:
            return False
        return any(each["name"] == POPUP and each["state"] == "running" for each in plugins)
