"""`transaction.Desk` on X11.

What makes a wrong-window paste impossible rather than unlikely: the focus is checked, the text is
offered and the chord is pressed while the server listens to nobody else (`Connection.alone`), so that
the key events are bound to the window that was checked; and the text is given to that window's program
only, so that a chord which some grab swallowed pastes nothing either.
"""

import time

from . import offers
from .connection import Connection
from .held import LOST
from .keyboard import Keyboard
from .offers import Offer
from .programs import Chord
from .reading import Budget, NotReadable, Reader, Secret
from .serving import Server
from .transaction import CHANGED, MOVED, Kept, NotDone
from .watching import Watch
from .windows import Place, Windows

FOCUS_S = 1.0
"""For the focus to come back after a popup has closed."""
KEEP_S = 10.0
"""For reading everything that stands on the clipboard; an owner that is slower keeps it."""
SERVE_S = 3.0
"""For a program to fetch what it was told to paste."""
GRACE_S = 0.5
"""After a text was given, for a program that never says that it has it."""
QUIET_S = 0.06
"""A program that pastes may ask more than once (a web page's own handler, then the editor)."""
COPY_S = 0.4
"""For a program to copy what is selected; one without a selection does nothing at all."""
SELECT_S = 1.0

MARKED = "the clipboard holds a secret, which is never read and so could not be put back"


class XDesk:
    """Lives in one thread. Anything may raise what `connection.GONE` names."""

    def __init__(self, keep_bytes: int) -> None:
        self._keep_bytes = keep_bytes
        self.connection = Connection()
        self.watch = Watch(self.connection)
        self.windows = Windows(self.connection)
        self.keyboard = Keyboard(self.connection)
        self.reader = Reader(self.connection, self.watch)
        self.server = Server(self.connection)
        self._copier = 0
        self._selection = "CLIPBOARD"
        self._is_owed = False

    # ---- transaction.Desk

    def until_focused(self, place: Place) -> bool:
        return self.connection.until(lambda: self.windows.is_focused(place), FOCUS_S)

    def has_selected(self, place: Place, text: str) -> bool:
        return self.selected_at(place, len(text.encode("utf-8", "replace")) + 1024) == text

    def moment(self) -> int:
        if not (self.watch.is_possible and self.keyboard.can_press()):
            raise NotDone("this X server lets no program press keys (XTEST, XFIXES)")
        self.connection.sync()
        return self.watch.changes

    def keep(self, selection: str) -> Kept:
        ours = self.server.holds(selection)
        if ours is not None and self.server.is_ours(selection):
            return Kept(selection, ours)
        if not self.reader.owner(selection):
            return Kept(selection, Offer())
        try:
            return Kept(selection, self._everything(selection))
        except Secret:
            raise NotDone(MARKED) from None
        except NotReadable as reason:
            raise NotDone(f"the clipboard could not be put back afterwards: {reason}") from None

    def paste(self, place: Place, chord: Chord, text: str, kept: Kept, moment: int) -> None:
        self._copier, self._selection, self._is_owed = 0, chord.selection, False
        with self.connection.alone():
            self._check(place, moment)
            offer = offers.of_text(text)
            self.server.own(chord.selection, offer, lambda xid: self.windows.is_of(place, xid))
            if not self.server.is_ours(chord.selection):
                raise NotDone("the clipboard could not be taken")
            self.keyboard.press(chord)

    def until_served(self) -> bool:
        server, selection = self.server, self._selection

        def is_fetched() -> bool:
            gave_up = bool(server.given) and time.monotonic() - server.given[0] > GRACE_S
            return bool(server.fetched) or gave_up or server.holds(selection) is None

        def is_quiet() -> bool:
            last = max(server.given + server.fetched)
            return time.monotonic() - last > QUIET_S or server.holds(selection) is None

        self.connection.until(is_fetched, SERVE_S)
        if not server.given:
            self._is_owed = True
            return False
        self.connection.until(is_quiet, SERVE_S)
        return True

    def press(self, place: Place, chord: Chord, moment: int, times: int = 1) -> None:
        self._copier = 0
        self.watch.owners.clear()
        with self.connection.alone():
            self._check(place, moment)
            self.keyboard.press(chord, times)

    def copied(self, place: Place, most: int) -> str | None:
        def has_copied() -> bool:
            owner = self.watch.owners.get("CLIPBOARD", 0)
            return bool(owner) and self.windows.is_of(place, owner)

        if not self.connection.until(has_copied, COPY_S):
            return None
        self._copier = self.watch.owners["CLIPBOARD"]
        try:
            return self.reader.text("CLIPBOARD", most)
        except NotReadable:
            return None

    def put_back(self, kept: Kept) -> None:
        with self.connection.alone():
            ours = int(self.connection.home.id)
            owner = self.reader.owner(kept.selection)
            if owner not in {ours, self._copier} or not owner:
                return  # somebody has copied meanwhile: that is what the person wants there now
            if kept.offer.values:
                self.server.own(kept.selection, kept.offer)
            else:
                self.server.clear(kept.selection)
        if self._is_owed:
            self.server.owe(kept.selection)

    # ---- and more

    def note(self) -> str | None:
        """What the person should know before anything else: that a clipboard was lost."""
        was_held = self.server.held.was_set()
        return LOST if was_held and not self.reader.owner("CLIPBOARD") else None

    def selected_at(self, place: Place, most: int) -> str | None:
        """What is selected there; None when PRIMARY belongs to another program or is unreadable."""
        owner = self.reader.owner("PRIMARY")
        if not owner or not self.windows.is_of(place, owner):
            return None
        try:
            return self.reader.text("PRIMARY", most)
        except NotReadable:
            return None

    def select_back(self, place: Place, chord: Chord, text: str, at_once: int) -> bool:
        """Press `chord` as often as the text has characters; whether exactly it is selected then."""
        self.moment()
        for left in range(len(text), 0, -at_once):
            with self.connection.alone():
                # each of them changes the selection when its time comes: only the focus counts
                self._check(place, self.watch.changes)
                self.keyboard.press(chord, min(left, at_once))
        patience_s = SELECT_S * (1 + len(text) / at_once)
        return self.connection.until(lambda: self.has_selected(place, text), patience_s)

    def _check(self, place: Place, moment: int) -> None:
        if self.watch.changes != moment:
            raise NotDone(CHANGED)
        if not self.windows.is_focused(place):
            raise NotDone(MOVED)

    def _everything(self, selection: str) -> Offer:
        budget = Budget.of(self._keep_bytes, KEEP_S)
        values = {}
        for target in self.reader.targets(selection, budget):
            if target not in offers.NOT_DATA:
                value = self.reader.value(selection, target, budget)
                if value is not None:
                    values[target] = value
        if not values:
            raise NotReadable("its owner gives nothing of what it offers")
        return Offer(values)
