# ruff: noqa: N802 - the names are D-Bus's
"""`io.github.ingle.Ingle`: what scripts and other programs may ask for."""

from typing import Any

from pydbus.generic import signal

from ingle.sdk import Ingle, InvalidParams

INTERFACE = "io.github.ingle.Ingle"


class Service:
    """The methods, properties and signals of interface.xml. The names are D-Bus's."""

    ResultReady = signal()
    PropertiesChanged = signal()

    def __init__(self, ingle: Ingle) -> None:
        self._ingle = ingle
        self._values = {"State": "starting", "Reason": "", "Model": ""}

    @property
    def State(self) -> str:
        return self._values["State"]

    @property
    def Reason(self) -> str:
        return self._values["Reason"]

    @property
    def Model(self) -> str:
        return self._values["Model"]

    def take(self, values: dict[str, str]) -> dict[str, str]:
        """Remember what the daemon says; gives what is new in it."""
        changed = {key: value for key, value in values.items() if self._values[key] != value}
        self._values |= changed
        return changed

    # ---- methods

    async def Ask(self, question: str, text: str) -> str:
        _check("question", question)
        params = {"question": question, "keep": True, **({"text": text} if text.strip() else {})}
        answer = await self._ingle.call("assistant.ask", params)
        return str(answer["answer"])

    async def Run(self, skill: str, text: str, args: dict[str, str]) -> str:
        _check("skill", skill)
        _check("text", text)
        params = {"skill": skill, "text": text, "args": args, "keep": True, "priority": "normal"}
        return str((await self._ingle.call("skill.run", params))["text"])

    async def Summarize(self, text: str) -> str:
        return await self.Run("summarize", text, {})

    async def ShowPopup(self, skill: str, text: str) -> None:
        await self._ingle.call_plugin("popup", "show", skill=skill, text=text)

    async def Pause(self) -> None:
        await self._ingle.call("daemon.pause")

    async def Resume(self) -> None:
        await self._ingle.call("daemon.resume")

    async def GetResult(self, id: str) -> tuple[str, str, str]:  # noqa: A002 - D-Bus's name
        found: dict[str, Any] = await self._ingle.call("result.get", {"id": id})
        return str(found["kind"]), str(found.get("title") or ""), str(found["text"])


def _check(name: str, value: str) -> None:
    if not value.strip():
        raise InvalidParams(f"`{name}` is empty")
