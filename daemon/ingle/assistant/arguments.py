"""The arguments of a skill: what it takes, said in its TOML file, and what a caller gave, checked.

Values come from JSON or, from a command line, as texts. Pure.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from ingle.errors import InvalidParams

MAX_CHARS = 4000
"""An argument is an instruction, not a second text."""

Value = str | list[str] | dict[str, Any]


class Arg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind` "list": texts, or one text with commas; "schema": a JSON Schema, or its text."""

    help: str
    default: str | None = None
    required: bool = False
    kind: Literal["text", "list", "schema"] = "text"
    least: int = 1
    """Members of a list."""

    @property
    def described(self) -> str:
        if self.required:
            return f"{self.help} (required)"
        return f"{self.help} (default: {self.default})" if self.default else self.help


class BadArgument(InvalidParams):
    """An argument of a skill: the skill's own list says more than the method table."""

    default_hint = "`ingle run --list` shows the skills with their arguments"


def bound(skill: str, args: Mapping[str, Arg], given: Mapping[str, Any]) -> dict[str, Value]:
    """The arguments with their defaults. Raises `InvalidParams` that names the argument."""
    unknown = sorted(set(given) - set(args))
    if unknown:
        known = ", ".join(args) or "none"
        raise BadArgument(f"the skill {skill} has no argument {unknown[0][:80]!r} (it has: {known})")
    values: dict[str, Value] = {}
    for name, arg in args.items():
        value = given.get(name, arg.default)
        if value is not None:
            values[name] = _converted(f"the argument {name!r} of {skill}", arg, value)
        elif arg.required:
            raise BadArgument(f"the skill {skill} needs the argument {name!r}: {arg.help}")
    return values


def _converted(what: str, arg: Arg, value: Any) -> Value:
    match arg.kind:
        case "list":
            return _list(what, arg, value)
        case "schema":
            return _schema(what, value)
    if not isinstance(value, str) or not value.strip():
        raise BadArgument(f"{what} is a text")
    if len(value) > MAX_CHARS:
        raise BadArgument(f"{what} has {MAX_CHARS} characters at most")
    return value.strip()


def _list(what: str, arg: Arg, value: Any) -> list[str]:
    members = value.split(",") if isinstance(value, str) else value
    if not isinstance(members, list) or not all(isinstance(one, str) for one in members):
        raise BadArgument(f"{what} is a list of texts, or one text with commas")
    unique = list(dict.fromkeys(one.strip() for one in members if one.strip()))
    if len(unique) < arg.least:
        raise BadArgument(f"{what} needs {arg.least} different members at least")
    if sum(map(len, unique)) > MAX_CHARS:
        raise BadArgument(f"{what} has {MAX_CHARS} characters at most")
    return unique


def _schema(what: str, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise BadArgument(f"{what} is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadArgument(f"{what} is a JSON Schema, an object")
    return value
