"""What a screen reader knows of the popup: a program of its own on the accessibility bus.

Each line on its input is an order as JSON, each line of its output the answer: `tree` gives every
node that is showing, `wait` the first node that is as described, once there is one; `type` and
`press` act on a node as an assistive tool does. It wakes by the events of AT-SPI.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402 - the version comes first

LOOK_AGAIN_MS = 250
"""Beside the events, which tell no change of a name."""
EVENTS = (
    "object:children-changed", "object:text-changed", "object:state-changed",
    "object:property-change", "object:visible-data-changed", "window",
)  # fmt: skip


def nodes() -> Iterator[Any]:
    """Everything in the windows of the desktop, depth first."""
    desktop = Atspi.get_desktop(0)
    waiting = [desktop.get_child_at_index(n) for n in reversed(range(desktop.get_child_count()))]
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        yield node
        with suppress(GLib.Error):  # it went away while it was looked at
            children = [node.get_child_at_index(n) for n in range(node.get_child_count())]
            waiting += reversed(children)


def described(node: Any) -> dict[str, Any]:
    states = node.get_state_set()
    kinds = (
        "FOCUSED", "EDITABLE", "ENABLED", "SELECTED", "CHECKED", "ACTIVE", "FOCUSABLE",
    )  # fmt: skip
    return {
        "role": node.get_role_name(),
        "name": node.get_name(),
        "description": node.get_description(),
        "text": Atspi.Text.get_text(node, 0, -1) if "Text" in node.get_interfaces() else "",
        "states": [kind.lower() for kind in kinds if states.contains(getattr(Atspi.StateType, kind))],
    }


def is_showing(node: Any) -> bool:
    return bool(node.get_state_set().contains(Atspi.StateType.SHOWING))


def found() -> Iterator[tuple[Any, dict[str, Any]]]:
    for node in nodes():
        try:
            if is_showing(node):
                yield node, described(node)
        except GLib.Error:
            continue  # it went away while it was looked at


def fits(node: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """A role is equal; of a name, a text or a description a part is enough; states are all there."""
    return all(
        node["role"] == value if key == "role"
        else set(value) <= set(node["states"]) if key == "states"
        else value in (node[key] or "")
        for key, value in wanted.items()
    )  # fmt: skip


def wait(wanted: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    context = GLib.MainContext.default()
    while True:
        for node, told in found():
            if fits(told, wanted):
                return node, told
        context.iteration(True)


def gone(wanted: dict[str, Any]) -> None:
    context = GLib.MainContext.default()
    while any(fits(told, wanted) for _, told in found()):
        context.iteration(True)


def obey(order: dict[str, Any]) -> Any:
    match order.pop("do"):
        case "tree":
            return [told for _, told in found()]
        case "wait":
            return wait(order)[1]
        case "gone":
            return gone(order)
        case "type":
            text = order.pop("put")
            node, told = wait(order)
            Atspi.EditableText.set_text_contents(node, text)
            return told
        case "press":
            node, told = wait(order)
            Atspi.Action.do_action(node, 0)
            return told


if __name__ == "__main__":
    Atspi.init()
    listener = Atspi.EventListener.new(lambda _event: None)
    for kind in EVENTS:
        listener.register(kind)
    GLib.timeout_add(LOOK_AGAIN_MS, lambda: True)
    print("looks", flush=True)
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)
