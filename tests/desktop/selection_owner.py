"""A clipboard owner that offers real data in several forms, each byte for byte, large ones by INCR.

    python selection_owner.py FILE     FILE: {"target": ["type", format, "hex"], ...} as JSON

It writes "owns", and then each target that it is asked for. `"silent": [target, ...]` among the
targets names those that it never answers. Another file's name on standard input is copied next.
"""

import json
import os
import select
import sys
from pathlib import Path
from typing import Any

from Xlib import X, Xatom, display
from Xlib.protocol import event as xevent

PIECE = 60_000
AT_ONCE = 200_000


class Owner:
    def __init__(self) -> None:
        self.display = display.Display()
        self.display.set_error_handler(lambda *_: None)
        self.window = self.display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self.sending: dict[tuple[int, int], tuple[str, int, bytes]] = {}

    def atom(self, name: str) -> int:
        return self.display.intern_atom(name)

    def own(self, path: str) -> None:
        offer = json.loads(Path(path).read_text())
        self.silent = offer.pop("silent", [])
        self.offer = {
            name: (kind, width, bytes.fromhex(raw)) for name, (kind, width, raw) in offer.items()
        }
        self.window.set_selection_owner(self.atom("CLIPBOARD"), X.CurrentTime)
        self.display.sync()
        tell("owns")

    def live(self) -> None:
        while True:
            while self.display.pending_events():
                self.take(self.display.next_event())
            if sys.stdin in select.select([self.display, sys.stdin], [], [])[0]:
                if not (line := sys.stdin.readline()):
                    return
                self.own(line.strip())

    def take(self, event: Any) -> None:
        if event.type == X.SelectionRequest:
            self.answer(event)
        elif event.type == X.PropertyNotify and event.state == X.PropertyDelete:
            self.go_on(event)
        elif event.type == X.SelectionClear:
            tell("lost")

    def answer(self, event: Any) -> None:
        name = self.display.get_atom_name(event.target)
        tell(name)
        if name in self.silent:
            return
        prop = event.property
        if name == "TARGETS":
            names = ["TARGETS", "MULTIPLE", "SAVE_TARGETS", "DELETE", *self.offer]
            event.requestor.change_property(prop, Xatom.ATOM, 32, [self.atom(each) for each in names])
        elif name in self.offer:
            self.give(event, *self.offer[name])
        else:
            prop = X.NONE
        event.requestor.send_event(
            xevent.SelectionNotify(
                time=event.time, requestor=event.requestor, selection=event.selection,
                target=event.target, property=prop,
            )
        )  # fmt: skip
        self.display.flush()

    def give(self, event: Any, kind: str, width: int, raw: bytes) -> None:
        if len(raw) <= AT_ONCE:
            event.requestor.change_property(event.property, self.atom(kind), width, raw)
            return
        event.requestor.change_attributes(event_mask=X.PropertyChangeMask)
        event.requestor.change_property(event.property, self.atom("INCR"), 32, [len(raw)])
        self.sending[event.requestor.id, event.property] = (kind, width, raw)

    def go_on(self, event: Any) -> None:
        key = (event.window.id, event.atom)
        if key in self.sending:
            kind, width, left = self.sending.pop(key)
            event.window.change_property(event.atom, self.atom(kind), width, left[:PIECE])
            self.display.flush()
            if left:
                self.sending[key] = (kind, width, left[PIECE:])


def tell(word: str) -> None:
    os.write(1, f"{word}\n".encode())


if __name__ == "__main__":
    owner = Owner()
    owner.own(sys.argv[1])
    owner.live()
