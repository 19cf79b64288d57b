"""Which window has the focus under Wayland: only the compositor knows, and each tells it its own way."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from . import tools


@dataclass(frozen=True)
class Spot:
    """A window as its compositor names it."""

    window: str
    app: str
    pid: int

    @property
    def program(self) -> str:
        return self.app or "a program"


def asks_with(environ: Mapping[str, str]) -> list[str] | None:
    """The command that tells the focused window; None where none is known."""
    if environ.get("SWAYSOCK") and shutil.which("swaymsg"):
        return ["swaymsg", "-t", "get_tree", "-r"]
    if environ.get("HYPRLAND_INSTANCE_SIGNATURE") and shutil.which("hyprctl"):
        return ["hyprctl", "activewindow", "-j"]
    return None


async def focused() -> Spot | None:
    """The window with the focus; None when there is none or nobody says."""
    command = asks_with(os.environ)
    if command is None:
        return None
    code, out = await tools.run(command)
    with suppress(ValueError, KeyError, TypeError):
        return None if code else spot_of(json.loads(out))
    return None


def spot_of(answer: Any) -> Spot | None:
    """From sway's tree or Hyprland's window. Pure."""
    if "address" in answer:
        return Spot(str(answer["address"]), str(answer.get("class", "")), int(answer.get("pid", 0)))
    found = next((node for node in _nodes(answer) if node.get("focused") and node.get("pid")), None)
    if found is None:
        return None
    app = found.get("app_id") or (found.get("window_properties") or {}).get("class") or ""
    return Spot(str(found["id"]), str(app), int(found["pid"]))


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for below in (*node.get("nodes", ()), *node.get("floating_nodes", ())):
        yield from _nodes(below)
