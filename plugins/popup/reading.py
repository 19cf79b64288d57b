"""The clipboards as our own window may read them: the only way where a compositor shows them to nobody
but whoever has the focus (GNOME's). In the GLib thread, which never waits for the owner's answer."""

from collections.abc import Callable
from typing import Any

from ingle.sdk.glib import Gdk, Gtk
from ingle.sdk.marks import is_secret

PLACES = ("primary", "clipboard")
"""What is selected comes before what was copied."""
SECRET = "it is marked as secret and is not read"  # noqa: S105 - a sentence
NOTHING = "nothing is selected"

Found = Callable[[str, str, str], None]


class Reading:
    """`found(place, text, why_not)` is called once for each start that is not overtaken; what is
    marked as secret is never asked for."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._turn = 0

    def start(self) -> None:
        self._turn += 1
        self._look(PLACES, self._turn)

    def stop(self) -> None:
        """What comes now comes too late."""
        self._turn += 1

    def _look(self, places: tuple[str, ...], turn: int) -> None:
        if not places:
            self._found("none", "", NOTHING)
            return
        clipboard = Gtk.Clipboard.get(Gdk.atom_intern(places[0].upper(), False))
        clipboard.request_contents(Gdk.atom_intern("TARGETS", False), self._offered, places, turn)

    def _offered(self, clipboard: Any, answer: Any, places: tuple[str, ...], turn: int) -> None:
        if turn != self._turn:
            return
        _, targets = answer.get_targets()
        if is_secret([target.name() for target in targets or ()]):
            self._found("none", "", SECRET)
        elif targets and Gtk.targets_include_text(targets):
            clipboard.request_text(self._read, places, turn)
        else:
            self._look(places[1:], turn)

    def _read(self, _clipboard: Any, text: str | None, places: tuple[str, ...], turn: int) -> None:
        if turn != self._turn:
            return
        if text and text.strip():
            self._found(places[0], text, "")
        else:
            self._look(places[1:], turn)
