"""From the menu as data to pystray's items, and from there into the widgets on the screen."""

from collections.abc import Callable
from typing import Any

from .menu import Entry, Place, Tree

Press = Callable[[Place], None]


def menu_of(pystray: Any, tree: Tree, press: Press, place: Place = ()) -> Any:
    """A `pystray.Menu`; `press` is called in the GLib thread with the place of a line."""
    items = (_item(pystray, entry, press, (*place, index)) for index, entry in enumerate(tree))
    return pystray.Menu(*items)


def _item(pystray: Any, entry: Entry, press: Press, place: Place) -> Any:
    if entry.kind == "separator":
        return pystray.Menu.SEPARATOR
    return pystray.MenuItem(
        entry.label,
        menu_of(pystray, entry.submenu, press, place) if entry.submenu else _pressing(press, place),
        checked=None if entry.kind == "line" else (lambda _: entry.is_checked),
        radio=entry.kind == "radio",
        default=entry.is_default,
        enabled=entry.is_enabled,
    )


def _pressing(press: Press, place: Place) -> Callable[[], None]:
    """pystray counts the arguments of an action, those with defaults too: it takes none."""

    def pressed() -> None:
        press(place)

    return pressed


def write(widget: Any, tree: Tree) -> None:
    """Bring a Gtk.Menu of the same form in line with `tree`; one that is open stays open.

    A line whose check mark changes is activated by that.
    """
    for line, entry in zip(widget.get_children(), tree, strict=True):
        if entry.kind == "separator":
            continue
        if line.get_label() != entry.label:
            line.set_label(entry.label)
        if line.get_sensitive() != entry.is_enabled:
            line.set_sensitive(entry.is_enabled)
        if entry.kind != "line" and line.get_active() != entry.is_checked:
            line.set_active(entry.is_checked)
        if entry.submenu:
            write(line.get_submenu(), entry.submenu)
