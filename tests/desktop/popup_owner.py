"""A program under Wayland that has copied something, as a GTK program does it: no data-control.

    python popup_owner.py TEXT [TARGET...]

It offers the further targets and then TEXT; it writes "owns", and each target that it is asked for.
"""

import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402 - the version comes first

TEXT, *MORE = sys.argv[1:]


def give(_window: object, data: Gtk.SelectionData, *_: object) -> None:
    print(data.get_target().name(), flush=True)
    data.set_text(TEXT, -1)


def own(window: Gtk.Window) -> bool:
    Gtk.selection_owner_set(window, Gdk.SELECTION_CLIPBOARD, Gdk.CURRENT_TIME)
    for target in (*MORE, "UTF8_STRING", "text/plain;charset=utf-8"):
        Gtk.selection_add_target(window, Gdk.SELECTION_CLIPBOARD, Gdk.atom_intern(target, False), 0)
    Gdk.Display.get_default().sync()
    print("owns", flush=True)
    return False


window = Gtk.Window(title="owner")
window.connect("selection-get", give)
window.realize()
GLib.idle_add(own, window)
Gtk.main()
