"""What a plugin is: a class with `run` and commands, and how a command's arguments are checked.

It knows neither processes nor sockets: `runner` and `testing` give a plugin its life.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

import msgspec

from ingle.errors import InvalidParams, NotFound
from ingle.sdk.facade import Ingle

_MARK = "_ingle_is_command"
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

Method = TypeVar("Method", bound=Callable[..., Awaitable[Any]])


class CannotRun(Exception):
    """Raised by `run`: it cannot work here at all, so starting it again is of no use.

    In contrast to a crash, it is not restarted. The text is shown to the person.
    """


class Plugin:
    """Subclass this once in `plugin.py`. An instance lives from one start to the next.

    `run` is started when the plugin is enabled and everything it requires is there. It is
    cancelled when the plugin is disabled or paused, and cancelled and started again when its
    settings change; `finally` is the place to clean up. When it returns, the commands stay
    reachable.
    """

    async def run(self, ingle: Ingle) -> None:
        """Live until cancelled."""
        await asyncio.Event().wait()


def command(method: Method) -> Method:
    """Make an `async` method reachable by `plugin.call`; its annotations say what it takes."""
    setattr(method, _MARK, True)
    return method


@dataclass(frozen=True)
class Command:
    """A command with the type that its arguments are checked against."""

    name: str
    args: type[msgspec.Struct]

    async def call(self, plugin: Plugin, args: dict[str, Any]) -> Any:
        """Check `args` and run it. Raises `InvalidParams` that names the argument."""
        try:
            checked = msgspec.convert(args, self.args)
        except msgspec.ValidationError as error:
            raise InvalidParams(f"{self.name}: {_in_words(str(error))}") from None
        named = {name: getattr(checked, name) for name in self.args.__struct_fields__}
        return await getattr(plugin, self.name)(**named)


def commands_of(kind: type[Plugin]) -> dict[str, Command]:
    """The commands of a plugin class by name.

    Raises `CannotRun` that names what is wrong with one: it is found when the plugin is loaded.
    """
    marked = inspect.getmembers(kind, lambda member: getattr(member, _MARK, False))
    return {name: Command(name, _args_of(kind, name, method)) for name, method in marked}


def find_command(commands: dict[str, Command], name: str) -> Command:
    """Raises `NotFound` that lists what there is."""
    if name not in commands:
        known = ", ".join(commands) or "none"
        raise NotFound(f"it has no command {name[:100]!r}", f"its commands: {known}")
    return commands[name]


def _args_of(kind: type[Plugin], name: str, method: Any) -> type[msgspec.Struct]:
    where = f"{kind.__name__}.{name}"
    if not inspect.iscoroutinefunction(method):
        raise CannotRun(f"the command {where} is not an `async def`")
    hints = get_type_hints(method, include_extras=True)
    fields: list[Any] = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        if parameter.kind not in _NAMED:
            raise CannotRun(f"the command {where} takes *{parameter.name}: name its arguments")
        if parameter.name not in hints:
            raise CannotRun(f"the argument {parameter.name!r} of the command {where} has no type")
        fields.append(_field(parameter, hints[parameter.name]))
    return msgspec.defstruct(f"{name}_args", fields, kw_only=True, forbid_unknown_fields=True)


def _field(parameter: inspect.Parameter, hint: Any) -> tuple[Any, ...]:
    if parameter.default is inspect.Parameter.empty:
        return (parameter.name, hint)
    return (parameter.name, hint, parameter.default)


def _in_words(reason: str) -> str:
    return reason.replace("Object contains unknown field", "unknown argument", 1).replace(
        "Object missing required field", "missing argument", 1
    )
