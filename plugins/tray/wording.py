"""How things are called in the menu: one line each, whatever a text was made of. Pure."""

import time
import unicodedata
from collections.abc import Mapping
from typing import Any

from ingle.sdk import naming

from .drawing import State
from .snapshot import Snapshot, state_of

MOST = 48
"""Characters of a title; a menu is as wide as its widest line."""
MOST_OF_A_LINE = 80
"""Characters of what is only there to be read."""

STATES: dict[State, str] = {
    "ready": "ready",
    "busy": "at work",
    "paused": "paused",
    "aside": "aside",
    "degraded": "works, with a warning",
    "error": "does not work",
}


def line(text: Any, most: int = MOST_OF_A_LINE) -> str:
    """One line without control and direction characters, which could fake a layout; shortened."""
    kept = (char if unicodedata.category(char)[0] != "C" else " " for char in str(text or ""))
    whole = " ".join("".join(kept).split())
    return whole if len(whole) <= most else whole[: most - 1].rstrip() + "…"


def model(name: str) -> str:
    """As people write it, whatever it is."""
    return naming.model(line(name, MOST))


def engine(snapshot: Snapshot) -> str:
    """The model, and why it is where it is."""
    row = snapshot.engine
    name = model(str(row.get("model") or "")) or "The model"
    reason = line(row.get("reason"))
    why_aside = line(snapshot.status.get("reason")) or reason
    match row.get("state"):
        case "ready":
            said = f"{name} {naming.place(row)}" + (", at work" if snapshot.is_busy else "")
        case "loading" if isinstance(row.get("progress"), (int, float)):
            said = f"{name}: loading, {row['progress']:.0%}"
        case "loading" | "starting":
            said = f"{name}: loading"
        case "parked" if snapshot.status.get("state") == "aside":
            said = f"{name} is aside: {why_aside}"
        case "parked":
            said = f"{name}: {reason}"
        case "absent":
            said = f"No model: {reason}" if reason else "No model"
        case "failed":
            said = f"{name} does not work: {reason or 'the log says why'}"
        case _:
            said = "Starting"
    return line(said)


def notes(snapshot: Snapshot) -> list[str]:
    """What else a person should know: stand-ins, what waits, warnings, failures."""
    row, held = snapshot.engine, snapshot.status.get("held")
    found = [line(snapshot.trouble)]
    if snapshot.is_paused:
        found.append(line(f"Paused: {snapshot.status.get('reason') or 'nothing is watched'}"))
    if row.get("next"):
        share = row.get("progress")
        done = f", {share:.0%}" if isinstance(share, (int, float)) else ""
        found.append(f"{model(row['next'])} takes over: loading{done}")
    if row.get("twin"):
        found.append(f"{model(row['twin'])} answers meanwhile, from the CPU")
    if held:
        found.append(line(f"Background work waits: {held}"))
    found += [line(warning) for warning in snapshot.status.get("warnings") or ()]
    found += [
        line(f"Plugin {each.get('name')} has failed: {each.get('reason') or 'the log says why'}")
        for each in snapshot.plugins
        if each.get("state") == "failed"
    ]
    return [each for each in found if each]


def title(snapshot: Snapshot) -> str:
    """For the tooltip and for screen readers."""
    state = state_of(snapshot)
    if not snapshot.status:
        return "Ingle"
    return f"Ingle: {STATES[state]}. {engine(snapshot)}"


def plugin(row: Mapping[str, Any]) -> str:
    name, state, reason = row.get("name"), row.get("state"), row.get("reason")
    return line(f"{name} ({reason or state})" if state in {"waiting", "failed"} else name, 60)


def result(row: Mapping[str, Any]) -> str:
    """A result with the local time at which it was there."""
    at = row.get("at")
    when = time.strftime("%H:%M", time.localtime(at)) + "  " if isinstance(at, (int, float)) else ""
    return when + (line(row.get("title") or row.get("text"), MOST) or "without a title")
