"""`plugin.*`: which plugins there are, what they may do and how they fare."""

from typing import Any

import msgspec

from ingle.vocabulary import PluginState
from ingle.wire.calls.base import Name, Params, Result


class PluginInfo(Result, frozen=True):
    name: str
    state: PluginState
    host: str
    grants: list[str]
    summary: str = ""
    reason: str | None = None
    pid: int | None = None
    place: str = ""
    """Where its host runs, in words; empty for a child of the daemon."""
    commands: list[str] = msgspec.field(default_factory=list)
    source: str = "built-in"


class PluginParams(Params, frozen=True):
    name: Name


class PluginCallParams(Params, frozen=True):
    plugin: Name
    command: Name
    args: dict[str, Any] = msgspec.field(default_factory=dict)


class GrantInfo(Result, frozen=True):
    grant: str
    meaning: str
    approved: bool


class PluginGrants(Result, frozen=True):
    name: str
    grants: list[GrantInfo]


class PluginGrantsParams(Params, frozen=True):
    """No name: the grants of all plugins."""

    name: str | None = None
