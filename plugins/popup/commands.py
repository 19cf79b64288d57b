"""What else can be done from the popup: all that the tray has, for desktops without one.

Rows are made from cached answers of the daemon; each is carried out by one call. Nothing here
happens but by the person's key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ingle.sdk import Ingle, NotFound, logs, naming

from .choices import Choice, in_order
from .wording import joined

TOO_SMALL = "needs a larger model"
RESULTS = 10
LOG_BYTES = 16_384
_METHODS = {
    "skills": "skill.list",
    "models": "model.list",
    "plugins": "plugin.list",
    "results": "result.list",
    "status": "daemon.status",
}


@dataclass
class Known:
    """What the daemon said last; empty before it was asked."""

    skills: list[dict[str, Any]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    plugins: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    status: dict[str, Any] = field(default_factory=dict)

    async def learn(self, ingle: Ingle) -> None:
        """Ask for all of it; what is not answered stays as it was."""
        answers = await asyncio.gather(
            *(ingle.call(method) for method in _METHODS.values()), return_exceptions=True
        )
        for name, value in zip(_METHODS, answers, strict=True):
            if isinstance(value, (list, dict)):
                setattr(self, name, value)

    def needs(self, skill: str) -> str:
        """The tier that a skill wants."""
        return next((one["needs"] for one in self.skills if one["name"] == skill), "small")

    @property
    def is_paused(self) -> bool:
        return self.status.get("state") == "paused"

    @property
    def is_aside(self) -> bool:
        return self.status.get("state") == "aside"

    def runs(self, plugin: str) -> bool:
        return any(one["name"] == plugin and one["state"] == "running" for one in self.plugins)

    @property
    def engine_line(self) -> str:
        """The model, where it is, and why, if it is not ready."""
        engine = self.status.get("engine") or {}
        if self.is_paused:
            return "Paused by you"
        name = naming.model(str(engine.get("model") or ""))
        where = f" {naming.place(engine)}" if name and engine.get("device") else ""
        state = "" if engine.get("state") in ("ready", None) else str(engine["state"])
        return joined(name + where, state, str(engine.get("reason") or ""))

    def skill_choices(self) -> list[Choice]:
        made = [_skill(one) for one in self.skills if one.get("needs")]
        return in_order(made)

    async def skill(self, ingle: Ingle, name: str) -> Choice:
        """By its name. Raises `NotFound`: who calls for it by a command or a chord hears of a wrong
        name at once, and no window opens."""
        if all(one["name"] != name for one in self.skills):  # or it is new
            await self.learn(ingle)
        choices = {one.name: one for one in self.skill_choices()}
        if name in choices:
            return choices[name]
        there_are = f"the skills are: {', '.join(sorted(choices))}" if choices else ""
        raise NotFound(f"there is no skill {name!r}", there_are)


def _skill(info: Mapping[str, Any]) -> Choice:
    required = tuple(info.get("required") or ())
    args: Mapping[str, str] = info.get("args") or {}
    return Choice(
        "skill",
        str(info["name"]),
        str(info["name"]).replace("-", " ").replace("_", " ").capitalize(),
        str(info["summary"]),
        badge="" if info["available"] else TOO_SMALL,
        takes=tuple(args),
        missing=required,
        helps=tuple((name, said.removesuffix(" (required)")) for name, said in args.items()),
    )


def rows(known: Known) -> list[Choice]:
    """The commands that make sense now."""
    return [*_always(known), *_results(known.results), *_models(known.models), *_plugins(known.plugins)]


def _always(known: Known) -> Iterator[Choice]:
    yield _verb("clipboard", "Use the clipboard", "Work on what was copied last")
    if known.runs("clipboard"):
        yield _verb("summarise", "Summarise clipboard", "The summary comes as a notification")
    if known.runs("selection"):
        yield _verb("undo", "Undo", "Take back the last replacement")
    if known.is_aside:
        yield _verb("resume", "Bring the model back", known.engine_line)
    if known.is_paused:
        yield _verb("resume", "Resume", "Go on after the pause")
    else:
        yield _verb("pause", "Pause", "Plugins stop watching, background work stops")
    yield _verb("seen", "What it saw", "The texts that are remembered")
    yield _verb("log", "Show log", "What the daemon wrote into its log last")
    quits = _verb("quit", "Quit Ingle", "End the daemon and everything that belongs to it")
    yield replace(quits, has_number=False)


def _results(results: Sequence[Mapping[str, Any]]) -> Iterator[Choice]:
    for one in results[:RESULTS]:
        yield _row(f"result:{one['id']}", f"Recent {one['kind']}", str(one["title"]))


def _models(models: Sequence[Mapping[str, Any]]) -> Iterator[Choice]:
    here = [
        str(one["name"])
        for one in models
        if one.get("state") in {"resident", "installed"} and one.get("kind", "model") == "model"
    ]
    called = naming.models(here)
    for one in models:
        if one.get("state") == "installed" and one["name"] in called:
            yield _row(f"model:{one['name']}", "Switch model", f"to {called[one['name']]}")


def _plugins(plugins: Sequence[Mapping[str, Any]]) -> Iterator[Choice]:
    for one in plugins:
        name = one["name"]
        if name == "popup":
            continue
        if one["state"] != "disabled":
            yield replace(_row(f"off:{name}", "Turn off plugin", str(name)), has_number=False)
        elif one.get("source") == "built-in":  # others show on the command line what they ask for
            yield _row(f"on:{name}", "Turn on plugin", f"{name}: {one.get('summary')}")


def _verb(name: str, title: str, summary: str) -> Choice:
    return Choice("command", name, title, summary, is_found_by_summary=False)


def _row(name: str, title: str, summary: str) -> Choice:
    return Choice("command", name, title, summary)


@dataclass(frozen=True)
class Done:
    """What to say afterwards: a `notice` in the status line, or a text to be read."""

    notice: str = ""
    title: str = ""
    text: str = ""


async def carry_out(ingle: Ingle, name: str) -> Done:
    """Raises the daemon's `IngleError`."""
    verb, _, what = name.partition(":")
    return await _DEEDS[verb](ingle, what)


async def _pause(ingle: Ingle, _: str) -> Done:
    await ingle.call("daemon.pause")
    return Done("Paused")


async def _resume(ingle: Ingle, _: str) -> Done:
    await ingle.call("daemon.resume")
    return Done("Going on")


async def _undo(ingle: Ingle, _: str) -> Done:
    undone = await ingle.call_plugin("selection", "undo")
    if undone["undone"]:
        return Done("The replacement is taken back")
    notice = f"Not undone: {undone['reason']}"
    return Done(notice, "The text before the replacement", str(undone.get("text") or ""))


async def _summarise(ingle: Ingle, _: str) -> Done:
    answer = await ingle.call_plugin("clipboard", "summarize_now")
    if not answer.get("accepted"):
        return Done(f"The clipboard is not summarised: {answer.get('reason')}")
    return Done("The clipboard is being summarised")


async def _log(ingle: Ingle, _: str) -> Done:
    text = await asyncio.to_thread(logs.end, LOG_BYTES)
    return Done(title="The log", text=text or "Nothing was written yet.")


async def _seen(ingle: Ingle, _: str) -> Done:
    items = await ingle.call("context.list")
    lines = [f"{one['title']}\n    {one['kind']}, {one['chars']:,} characters" for one in items]
    return Done(title="What it saw", text="\n\n".join(lines) or "Nothing is remembered.")


async def _model(ingle: Ingle, name: str) -> Done:
    await ingle.call("model.use", {"name": name})
    return Done(f"{naming.model(name)} takes over as soon as it is loaded")


async def _plugin_off(ingle: Ingle, name: str) -> Done:
    await ingle.call("plugin.disable", {"name": name})
    return Done(f"{name} is off")


async def _plugin_on(ingle: Ingle, name: str) -> Done:
    await ingle.call("plugin.enable", {"name": name})
    return Done(f"{name} is on")


async def _quit(ingle: Ingle, _: str) -> Done:
    await ingle.call("daemon.stop")
    return Done("Good-bye")


_DEEDS: dict[str, Callable[[Ingle, str], Awaitable[Done]]] = {
    "pause": _pause,
    "resume": _resume,
    "undo": _undo,
    "summarise": _summarise,
    "seen": _seen,
    "log": _log,
    "model": _model,
    "off": _plugin_off,
    "on": _plugin_on,
    "quit": _quit,
}
