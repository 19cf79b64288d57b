"""What the person wrote in `[plugins.*]` against the manifests that there are. Pure."""

from collections.abc import Mapping
from typing import Any

from ingle.errors import ConfigError
from ingle.plughost.discovery import Catalogue, Found
from ingle.plughost.settings import BadValue, merged

Settings = Mapping[str, Mapping[str, Any]]
"""Plugin -> key -> value."""


def settings_of(found: Found, settings: Settings) -> dict[str, Any]:
    """All settings of a plugin. Raises `ConfigError` that names the key."""
    try:
        return merged(found.manifest.settings, settings.get(found.name, {}))
    except BadValue as error:
        raise ConfigError(f"plugins.{found.name}.{error}") from None


def check(catalogue: Catalogue, settings: Settings) -> None:
    """Raises `ConfigError` for the first thing that no manifest allows."""
    for fault in faults(catalogue, settings).values():
        raise ConfigError(fault)


def faults(catalogue: Catalogue, settings: Settings) -> dict[str, str]:
    """What is wrong with the settings of a plugin, by its name."""
    known, found = catalogue.plugins, dict[str, str]()
    rejected = {each.name for each in catalogue.rejected}
    for name in settings:
        if name in known:
            try:
                settings_of(known[name], settings)
            except ConfigError as error:
                found[name] = error.message
        elif name not in rejected:
            there_are = ", ".join(sorted(known)) or "none"
            found[name] = f"plugins.{name}: there is no such plugin; there are {there_are}"
    return found
