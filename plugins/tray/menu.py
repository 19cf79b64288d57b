"""The menu as data: what stands in it, and what each line does. Pure.

The daemon's state goes in, a tree comes out; nothing is asked while a menu opens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ingle.sdk import naming

from . import wording
from .snapshot import Row, Snapshot

Kind = Literal["line", "check", "radio", "separator"]

MOST_MODELS, MOST_PLUGINS = 15, 30
"""What a screen has room for; the command line lists the others."""


@dataclass(frozen=True)
class Action:
    """What a press asks for: a name that `actions` knows, and what it is about."""

    name: str
    about: str = ""


@dataclass(frozen=True)
class Entry:
    """One line. Without an action and without a submenu it is there to be read."""

    label: str = ""
    action: Action | None = None
    kind: Kind = "line"
    is_checked: bool = False
    is_default: bool = False
    submenu: tuple["Entry", ...] = ()

    @property
    def is_enabled(self) -> bool:
        return bool(self.action or self.submenu)


SEPARATOR = Entry(kind="separator")

Tree = tuple[Entry, ...]
Place = tuple[int, ...]
"""Where a line stands: its index in each menu on the way to it."""


def tree(snapshot: Snapshot) -> Tree:
    """The whole menu."""
    return (
        *_state(snapshot),
        SEPARATOR,
        *_work(snapshot),
        SEPARATOR,
        *_switches(snapshot),
        SEPARATOR,
        Entry("What it saw", Action("saw")),
        Entry("Show log", Action("log")),
        SEPARATOR,
        Entry("Quit Ingle", Action("quit")),
    )


def _state(snapshot: Snapshot) -> list[Entry]:
    lines = [wording.engine(snapshot), *wording.notes(snapshot)]
    return [Entry(each) for each in dict.fromkeys(lines)]


def _work(snapshot: Snapshot) -> list[Entry]:
    results = [
        Entry(wording.result(row), Action("result", str(row.get("id")))) for row in snapshot.results
    ]
    ask = _of_plugin(snapshot, "popup", "Ask…", "ask")
    return [
        replace(ask, is_default=ask.is_enabled),
        _of_plugin(snapshot, "clipboard", "Summarise clipboard", "summarise"),
        _of_plugin(snapshot, "selection", "Undo last replacement", "undo"),
        Entry("Recent results", submenu=tuple(results) or (Entry("Nothing yet"),)),
    ]


def _of_plugin(snapshot: Snapshot, plugin: str, label: str, action: str) -> Entry:
    """What another plugin does can be pressed while that one runs; otherwise it says why not."""
    row = snapshot.plugin(plugin)
    match row.get("state"):
        case "running":
            return Entry(label, Action(action))
        case "waiting":
            return Entry(wording.line(f"{label} ({row.get('reason')})"))
        case "failed":
            return Entry(f"{label} (plugin {plugin} has failed)")
    return Entry(f"{label} (plugin {plugin} is off)")


def _switches(snapshot: Snapshot) -> list[Entry]:
    word = "resume" if snapshot.is_paused else "pause"
    back = [Entry("Bring the model back", Action("resume"))]
    return [
        *(back if snapshot.status.get("state") == "aside" else []),
        Entry(word.capitalize(), Action(word)),
        Entry("Model", submenu=_models(snapshot)),
        Entry("Plugins", submenu=_plugins(snapshot.plugins)),
    ]


def _models(snapshot: Snapshot) -> Tree:
    here = [
        row
        for row in snapshot.models
        if row.get("state") in {"resident", "installed"} and row.get("kind", "model") == "model"
    ][:MOST_MODELS]
    names = [str(row.get("name")) for row in here]
    called = naming.models(names)
    wanted = snapshot.engine.get("next") or snapshot.engine.get("model")
    entries = tuple(
        Entry(_model(called[name], row), Action("model", name), "radio", is_checked=name == wanted)
        for name, row in zip(names, here, strict=True)
    )
    return entries or (Entry("None is here: `ingle model pull` gets one"),)


def _model(called: str, row: Row) -> str:
    size, called = row.get("size_bytes"), wording.line(called, wording.MOST)
    return f"{called}, {naming.size(size)}" if isinstance(size, int) and size else called


def _plugins(rows: Sequence[Row]) -> Tree:
    return tuple(_plugin(row) for row in rows[:MOST_PLUGINS]) or (Entry("There are none"),)


def _plugin(row: Row) -> Entry:
    """One that is no part of Ingle is switched on where its grants are shown: on the command line."""
    name, is_on = str(row.get("name")), row.get("state") != "disabled"
    if not is_on and row.get("source", "built-in") != "built-in":
        return Entry(wording.line(f"{name} (`ingle plugin enable {name}`)"), None, "check")
    action = Action("disable" if is_on else "enable", name)
    return Entry(wording.plugin(row), action, "check", is_checked=is_on)


# ---- comparing and telling


def has_same_form(one: Tree, other: Tree) -> bool:
    """Whether `one` becomes `other` by writing into its lines."""
    return _form(one) == _form(other)


def _form(entries: Tree) -> list[Any]:
    return [(each.kind, each.is_default, _form(each.submenu)) for each in entries]


def at(entries: Tree, place: Place) -> Entry | None:
    """The line at a place, which may be one of a menu that is not there any more."""
    if not place or place[0] >= len(entries):
        return None
    entry = entries[place[0]]
    return at(entry.submenu, place[1:]) if len(place) > 1 else entry


def find(entries: Tree, labels: Sequence[str]) -> Entry | None:
    """The line that is reached by these labels, from the outermost menu inwards."""
    found = next((each for each in entries if labels and each.label == labels[0]), None)
    return find(found.submenu, labels[1:]) if found and len(labels) > 1 else found


def as_json(entries: Tree) -> list[dict[str, Any]]:
    """As other programs read it."""
    return [
        {
            "label": each.label,
            "kind": each.kind,
            "enabled": each.is_enabled,
            "checked": each.is_checked,
            "submenu": as_json(each.submenu),
        }
        for each in entries
    ]
