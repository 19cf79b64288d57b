"""The JSON of the parts of a text as one: what several parts say is said once. Pure."""

from collections.abc import Sequence
from typing import Any


def merged(values: Sequence[Any]) -> Any:
    """Objects key by key, lists one after the other without repeats; else the first that says
    something."""
    told = [value for value in values if value not in (None, "", [], {})]
    if not told:
        return values[0] if values else None
    if all(isinstance(value, dict) for value in told):
        keys = dict.fromkeys(key for value in values if isinstance(value, dict) for key in value)
        return {
            key: merged([one[key] for one in values if isinstance(one, dict) and key in one])
            for key in keys
        }
    if all(isinstance(value, list) for value in told):
        found: list[Any] = []
        for value in told:
            found += [member for member in value if member not in found]
        return found
    return told[0]
