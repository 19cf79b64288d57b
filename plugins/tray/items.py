"""From the menu as data to pystray's items, and from them to the widgets on the screen."""

from collections.abc import Callable
from typing import Any

from .menu import Action, Entry, Tree

Press = Callable[[Action], None]


def menu_of(pystray: Any, tree: Tree, press: Press) -> Any:
    """A `pystray.Menu`; `press` is called in the GLib thread."""
    return pystray.Menu(*(_item(pystray, entry, press) for entry in tree))


def _item(pystray: Any, entry: Entry, press: Press) -> Any:
    if entry.kind == "separator":
        return pystray.Menu.SEPARATOR
    checked = None if entry.kind == "line" else (lambda _: entry.is_checked)
    return pystray.MenuItem(
        entry.label,
        menu_of(pystray, entry.submenu, press) if entry.submenu else _pressing(entry, press),
        checked=checked,
        radio=entry.kind == "radio",
        default=entry.is_default,
        enabled=entry.is_enabled,
    )


def _pressing(entry: Entry, press: Press) -> Callable[[], None]:
    """pystray counts the arguments of an action, those with defaults too: it takes none."""

    def pressed() -> None:
        if entry.action is not None:
            press(entry.action)

    return pressed


def relabel(menu: Any, tree: Tree) -> None:
    """Write the labels of `tree` into a Gtk.Menu of the same form; one that is open stays open."""
    for widget, entry in zip(menu.get_children(), tree, strict=True):
        if entry.kind == "separator":
            continue
        if widget.get_label() != entry.label:
            widget.set_label(entry.label)
        if entry.submenu:
            relabel(widget.get_submenu(), entry.submenu)
