"""A plugin's settings: what the manifest declares against what the person wrote. Pure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from ingle.sdk import chords

SettingType = Literal[
    "bool", "int", "float", "str", "path", "chord", "list[str]", "list[path]", "list[binding]"
]
"""A `chord` is such as `Ctrl+Alt+Space`, or empty for none; a `binding` is `CHORD = ACTION`."""

_PYTHON: dict[str, Any] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "path": str,
    "chord": str,
    "list[str]": list[str],
    "list[path]": list[str],
    "list[binding]": list[str],
}


class BadValue(Exception):
    """The text says what is expected."""


class Setting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[settings.KEY]`. `min` and `max` bound a number, or the length of a text or list.

    `choices` are all the values there are; of bindings they are patterns of actions: `skill:*`.
    """

    type: SettingType
    default: Any
    help: str
    min: float | None = None
    max: float | None = None
    choices: list[Any] | None = None
    grants: dict[str, list[str]] = {}
    """What a value needs beside the manifest's grants: only who has chosen it is asked for that."""


def checked(setting: Setting, value: Any) -> Any:
    """The value as the plugin gets it: paths in full, chords as they are written. Raises `BadValue`."""
    try:
        converted = msgspec.convert(value, _PYTHON[setting.type])
    except msgspec.ValidationError:
        raise BadValue(f"expected {setting.type}, got {_in_words(value)}") from None
    _check_bounds(setting, converted)
    if setting.type == "list[binding]":
        return [_binding(each, setting.choices) for each in converted]
    if setting.choices is not None and converted not in setting.choices:
        raise BadValue(f"expected one of {', '.join(map(repr, setting.choices))}")
    return _expanded(setting, converted)


def merged(declared: Mapping[str, Setting], given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings: what was given, and the defaults. Raises `BadValue` that names the key."""
    for key in given:
        if key not in declared:
            raise BadValue(f"{key}: no such setting; there are {', '.join(declared) or 'none'}")
    return {key: _named(key, setting, given) for key, setting in declared.items()}


def grants_of(declared: Mapping[str, Setting], values: Mapping[str, Any]) -> list[str]:
    """The grants that the values of the settings ask for."""
    return [
        grant
        for key, setting in declared.items()
        for grant in setting.grants.get(str(values.get(key, setting.default)), [])
    ]


def _named(key: str, setting: Setting, given: Mapping[str, Any]) -> Any:
    try:
        return checked(setting, given.get(key, setting.default))
    except BadValue as error:
        raise BadValue(f"{key}: {error}") from None


def _check_bounds(setting: Setting, value: Any) -> None:
    size = value if isinstance(value, (int, float)) else len(value)
    if setting.min is not None and size < setting.min:
        raise BadValue(f"must be at least {setting.min:g}")
    if setting.max is not None and size > setting.max:
        raise BadValue(f"must be at most {setting.max:g}")


def _expanded(setting: Setting, value: Any) -> Any:
    match setting.type:
        case "path":
            return _path(value)
        case "list[path]":
            return [_path(each) for each in value]
        case "chord" if value:
            return _chord(value)
    return value


def _chord(value: str) -> str:
    try:
        return str(chords.parse(value))
    except chords.BadChord as error:
        raise BadValue(str(error)) from None


def _binding(value: str, actions: list[Any] | None) -> str:
    try:
        return str(chords.parse_bound(value, actions))
    except chords.BadChord as error:
        raise BadValue(str(error)) from None


def _path(value: str) -> str:
    try:
        path = Path(value).expanduser()
    except RuntimeError:
        raise BadValue(f"{value!r}: there is no such home") from None
    if not path.is_absolute():
        raise BadValue(f"{value!r} is not an absolute path, nor does it begin with ~")
    return str(path)


def _in_words(value: Any) -> str:
    return f"{type(value).__name__} {value!r:.60}"
