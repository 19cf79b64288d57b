"""A clipboard owner under a test's control: what it offers, how it answers, what it was asked for.

A process of its own (`python owner.py JSON`), as a program that copies would be. It writes
"owns" when it owns the clipboard, and then each target that somebody asks for.
"""

import json
import os
import sys
from typing import Any

from Xlib import X, Xatom, display
from Xlib.protocol import event as xevent

MOST_IN_A_REQUEST = 200_000
"""python-xlib has no BIG-REQUESTS."""


class Owner:
    def __init__(self, script: dict[str, Any]) -> None:
        self.script = script
        self.display = display.Display()
        self.display.set_error_handler(lambda *_: None)
        self.window = self.display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self.sending: dict[tuple[int, int], tuple[Any, bytes]] = {}

    def atom(self, name: str) -> int:
        return self.display.intern_atom(name)

    def own(self, times: int) -> None:
        for _ in range(times):
            self.window.set_selection_owner(self.atom("CLIPBOARD"), X.CurrentTime)
            self.display.sync()
        tell("owns")

    def live(self) -> None:
        while True:
            event = self.display.next_event()
            if event.type == X.SelectionRequest:
                self.answer(event)
            elif event.type == X.PropertyNotify and event.state == X.PropertyDelete:
                self.send_piece(event)
            elif event.type == X.SelectionClear:
                tell("lost")

    def answer(self, event: Any) -> None:
        name = self.display.get_atom_name(event.target)
        tell(name)
        behaviour = self.script.get("answers", {}).get(name, "text")
        if behaviour == "silent":
            return
        known = name in ["TARGETS", *self.script["targets"]]
        prop = event.property if known else X.NONE
        if name == "TARGETS":
            names = ["TARGETS", *self.script["targets"]]
            event.requestor.change_property(prop, Xatom.ATOM, 32, [self.atom(each) for each in names])
        elif known:
            self.give(event, prop, behaviour)
        event.requestor.send_event(
            xevent.SelectionNotify(
                time=event.time, requestor=event.requestor, selection=event.selection,
                target=event.target, property=prop,
            )
        )  # fmt: skip
        self.display.flush()

    def give(self, event: Any, prop: int, behaviour: str) -> None:
        raw = self.text()
        if behaviour == "text":
            for start in range(0, len(raw) or 1, MOST_IN_A_REQUEST):
                part = raw[start : start + MOST_IN_A_REQUEST]
                mode = X.PropModeAppend if start else X.PropModeReplace
                event.requestor.change_property(prop, event.target, 8, part, mode)
            return
        event.requestor.change_attributes(event_mask=X.PropertyChangeMask)
        announced = self.script.get("announced", len(raw))
        event.requestor.change_property(prop, self.atom("INCR"), 32, [announced])
        self.sending[event.requestor.id, prop] = (event.target, raw)

    def send_piece(self, event: Any) -> None:
        key = (event.window.id, event.atom)
        if key not in self.sending:
            return
        target, left = self.sending[key]
        size = self.script.get("piece", 60_000)
        tell("piece")
        event.window.change_property(event.atom, target, 8, left[:size])
        self.display.flush()
        if not left:
            del self.sending[key]
        elif not self.script.get("endless"):
            self.sending[key] = (target, left[size:])

    def text(self) -> bytes:
        if "hex" in self.script:
            return bytes.fromhex(self.script["hex"])
        return (self.script.get("text", "") * self.script.get("repeat", 1)).encode()


def tell(word: str) -> None:
    os.write(1, f"{word}\n".encode())


if __name__ == "__main__":
    owner = Owner(json.loads(sys.argv[1]))
    owner.own(owner.script.get("times", 1))
    owner.live()
