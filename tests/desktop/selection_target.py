"""A program to write in: one GTK 3 text view, told what to do by lines of JSON, and telling what happens.

    {"do": "text", "text": "..."}      replace everything
    {"do": "select", "start": 0, "end": 5}
    {"do": "caret", "at": 3}
    {"do": "quiet"}                    own the primary selection no more
    {"do": "second"}                   open a second window
    {"do": "say_second"}               {"second_said": ...}
    {"do": "hide"}, {"do": "show"}     the window off the screen, and mapped again
    {"do": "say"}                      {"text": ..., "selected": ..., "window": ...}

Each change of the text or of the focus is told as it happens.
"""

import json
import os
import sys
import threading
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GdkX11", "3.0")
from gi.repository import Gdk, GdkX11, GLib, Gtk  # noqa: E402 - after the versions


def tell(**what: Any) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


def number(window: Gtk.Window) -> int:
    """Of the window on an X server; 0 under Wayland, which has none."""
    surface = window.get_window()
    return surface.get_xid() if isinstance(surface, GdkX11.X11Window) else 0


class Target:
    def __init__(self, title: str) -> None:
        self.window = Gtk.Window(title=title)
        self.window.set_default_size(300, 200)
        self.view = Gtk.TextView()
        self.buffer = self.view.get_buffer()
        self.window.add(self.view)
        self.window.connect("destroy", Gtk.main_quit)
        self.window.connect("notify::has-toplevel-focus", self.on_focus)
        self.buffer.connect("changed", self.on_change)
        self.window.show_all()
        self.view.grab_focus()
        tell(window=number(self.window))

    def text(self) -> str:
        return self.buffer.get_text(self.buffer.get_start_iter(), self.buffer.get_end_iter(), True)

    def on_focus(self, window: Any, _: Any) -> None:
        tell(focus=window.has_toplevel_focus())

    def on_change(self, _: Any) -> None:
        tell(text=self.text())

    def do(self, order: dict[str, Any]) -> bool:
        getattr(self, "do_" + order.pop("do"))(**order)
        return False

    def do_text(self, text: str) -> None:
        self.buffer.set_text(text)
        tell(done="text")

    def do_select(self, start: int, end: int) -> None:
        at = self.buffer.get_iter_at_offset
        self.buffer.select_range(at(end), at(start))
        tell(done="select")

    def do_caret(self, at: int) -> None:
        self.buffer.place_cursor(self.buffer.get_iter_at_offset(at))
        tell(done="caret")

    def do_quiet(self) -> None:
        """Tell nobody what is selected, as some programs never do."""
        self.buffer.remove_selection_clipboard(Gtk.Clipboard.get(Gdk.SELECTION_PRIMARY))
        tell(done="quiet")

    def do_second(self) -> None:
        """Another window of the same program, with the focus in a text of its own."""
        self.second = Gtk.Window(title="second")
        view = Gtk.TextView()
        self.second_buffer = view.get_buffer()
        self.second.add(view)
        self.second.show_all()
        view.grab_focus()
        tell(done="second", second=number(self.second))

    def do_say_second(self) -> None:
        start, end = self.second_buffer.get_bounds()
        tell(second_said=self.second_buffer.get_text(start, end, True))

    def do_hide(self) -> None:
        self.window.hide()
        self.window.get_display().sync()
        tell(done="hide")

    def do_show(self) -> None:
        self.window.show()
        self.window.get_display().sync()
        tell(done="show")

    def do_say(self) -> None:
        bounds = self.buffer.get_selection_bounds()
        selected = self.buffer.get_text(*bounds, True) if bounds else ""
        tell(said=self.text(), selected=selected)

    def do_close(self) -> None:
        self.window.destroy()


def read(target: Target) -> None:
    for line in sys.stdin:
        GLib.idle_add(target.do, json.loads(line))
    GLib.idle_add(Gtk.main_quit)


if __name__ == "__main__":
    target = Target(sys.argv[1])
    threading.Thread(target=read, args=(target,), daemon=True).start()
    Gtk.main()
