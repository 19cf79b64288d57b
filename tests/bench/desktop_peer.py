"""`python desktop_peer.py SOCKET KEY=SKILL...`: WritingTools' way from a chord to an answer, as a program.

    Ctrl+Alt+KEY, SKILL empty    back up the clipboard's text, empty it, Ctrl+C, and a new window at the
                                 pointer; look every 50 ms for the text
    Ctrl+Alt+KEY, SKILL          the same without that window; the skill's whole answer, not streamed,
                                 in a window

GTK 3 stands for its Qt, a grab of the chord for its listener, and the same daemon for its provider.
Standard input: `hide` closes the window. Standard output, lines of JSON: {"ready": true},
{"captured": characters}, {"worded": seconds of the monotonic clock, "characters": n}, {"hidden": true}.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from desktop_sides import Theirs  # noqa: E402 - after the versions, as the next ones
from gi.repository import Gdk, GLib, Gtk  # noqa: E402
from Xlib import XK, X, display  # noqa: E402

from ingle.client import Ingle  # noqa: E402

BUTTONS = (
    ("Proofread", "Rewrite", "Friendly", "Professional"),
    ("Concise", "Summary", "Key Points", "Table"),
)
BESIDE = 20
"""Pixels between the pointer and the window."""


def tell(**what: Any) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


class Peer:
    """Its windows, in GTK's thread; each is made anew."""

    def __init__(self) -> None:
        self._window: Any = None

    def show(self, content: Any) -> None:
        self.hide()
        self._window = Gtk.Window(title="popup", decorated=False)
        self._window.set_keep_above(True)
        self._window.add(content)
        _screen, x, y = Gdk.Display.get_default().get_default_seat().get_pointer().get_position()
        self._window.move(x + BESIDE, y + BESIDE)
        self._window.show_all()
        self._window.present()

    def show_choices(self) -> None:
        grid = Gtk.Grid(row_spacing=8, column_spacing=8, margin=16)
        grid.attach(Gtk.Entry(placeholder_text="Describe your change...", width_chars=36), 0, 0, 2, 1)
        for column, names in enumerate(BUTTONS):
            for row, name in enumerate(names, start=1):
                grid.attach(Gtk.Button(label=name), column, row, 1, 1)
        self.show(grid)

    def show_answer(self, text: str) -> None:
        view = Gtk.TextView(wrap_mode=Gtk.WrapMode.WORD, width_request=440, height_request=240)
        view.get_buffer().set_text(text)

        def drawn(view: Any, _context: Any) -> None:
            view.disconnect(watching)
            tell(worded=time.monotonic(), characters=len(text))

        watching = view.connect_after("draw", drawn)
        self.show(view)

    def hide(self) -> None:
        if self._window is not None:
            self._window.destroy()
            self._window = None


def listen(peer: Peer, socket: Path, skills: dict[str, str]) -> None:
    """Do what the chords say, one after the other; in a thread."""
    heard = display.Display()
    codes = {heard.keysym_to_keycode(XK.string_to_keysym(key)): skill for key, skill in skills.items()}
    for code in codes:
        modifiers = X.ControlMask | X.Mod1Mask
        heard.screen().root.grab_key(code, modifiers, True, X.GrabModeAsync, X.GrabModeAsync)
    heard.sync()
    tell(ready=True)
    theirs = Theirs()
    while True:
        event = heard.next_event()
        if event.type == X.KeyPress:
            serve(peer, theirs, socket, codes[event.detail])


def serve(peer: Peer, theirs: Theirs, socket: Path, skill: str) -> None:
    theirs.ask_for_selection(safely=bool(skill))
    if not skill:
        GLib.idle_add(peer.show_choices, priority=GLib.PRIORITY_HIGH)
    text = theirs.wait_for_selection()
    tell(captured=len(text))
    if skill:
        with Ingle(socket) as ingle:
            answer = ingle.call("skill.run", skill=skill, text=text)
        GLib.idle_add(peer.show_answer, answer["text"], priority=GLib.PRIORITY_HIGH)


def obey(peer: Peer) -> None:
    """In a thread."""

    def hide() -> None:
        peer.hide()
        Gdk.Display.get_default().sync()
        tell(hidden=True)

    for _ in sys.stdin:
        GLib.idle_add(hide)
    GLib.idle_add(Gtk.main_quit)


def main() -> None:
    socket, *pairs = sys.argv[1:]
    skills = dict(pair.split("=", 1) for pair in pairs)
    peer = Peer()
    threading.Thread(target=listen, args=(peer, Path(socket), skills), daemon=True).start()
    threading.Thread(target=obey, args=(peer,), daemon=True).start()
    Gtk.main()


if __name__ == "__main__":
    main()
