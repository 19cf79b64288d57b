"""`plugin.toml`: what a plugin is, may do, needs and can be told. Read strictly, never executed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from ingle.plughost.facilities import FACILITIES
from ingle.plughost.grants import MEANINGS
from ingle.plughost.settings import BadValue, Setting, checked

FILE = "plugin.toml"
CODE = "plugin.py"
MOST_BYTES = 64 * 1024
"""A manifest is a page of text; anything larger is not one."""

_NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_KEY = re.compile(r"[a-z][a-z0-9_]*")


class BadManifest(Exception):
    """The text is for the person: it names the key and what is expected."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    summary: str
    host: str = ""
    """The process it shares; empty: one of its own."""
    grants: list[str] = []
    requires: list[str] = []
    pauses: bool = True
    """Whether it stops while the person has paused: what watches does, what takes orders does not."""
    settings: dict[str, Setting] = {}

    @property
    def host_name(self) -> str:
        return self.host or self.name


def read(folder: Path) -> Manifest:
    """Read and check `folder/plugin.toml`. Raises `BadManifest`."""
    try:
        with (folder / FILE).open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadManifest(f"{FILE} cannot be read: {error.strerror}") from None
    if len(raw) > MOST_BYTES:
        raise BadManifest(f"{FILE} is over {MOST_BYTES} bytes")
    manifest = parse(raw)
    if manifest.name != folder.name:
        raise BadManifest(f"its name is {manifest.name!r} and its folder's {folder.name!r}")
    if not (folder / CODE).is_file():
        raise BadManifest(f"there is no {CODE} beside {FILE}")
    return manifest


def parse(raw: bytes) -> Manifest:
    """Like `read`, from the bytes alone. Raises `BadManifest`."""
    try:
        manifest = msgspec.convert(tomllib.loads(raw.decode("utf-8")), Manifest)
    except UnicodeDecodeError:
        raise BadManifest(f"{FILE} is not UTF-8") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadManifest(f"{FILE}: {error}") from None
    except RecursionError:
        raise BadManifest(f"{FILE} is nested too deeply") from None
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    for key, name in (("name", manifest.name), ("host", manifest.host_name)):
        if len(name) > 40 or not re.match(_NAME, name):
            raise BadManifest(f"{key}: {name[:60]!r} is not small letters, digits and single hyphens")
    _check_known("grants", manifest.grants, MEANINGS)
    _check_known("requires", manifest.requires, FACILITIES)
    for key, setting in manifest.settings.items():
        _check_setting(key, setting)


def _check_known(key: str, given: list[str], known: Any) -> None:
    for name in given:
        if name not in known:
            raise BadManifest(f"{key}: {name[:60]!r} is unknown; known are {', '.join(sorted(known))}")


def _check_setting(key: str, setting: Setting) -> None:
    if not _KEY.fullmatch(key):
        raise BadManifest(f"settings: {key[:60]!r} is not small letters, digits and underscores")
    for names in setting.grants.values():
        _check_known(f"settings.{key}.grants", names, MEANINGS)
    try:
        checked(setting, setting.default)
    except BadValue as error:
        raise BadManifest(f"settings.{key}.default: {error}") from None
