"""Hearing of every program that takes a selection, and of owners that end (XFixes)."""

from typing import Any

from Xlib import X
from Xlib.ext import xfixes

from .connection import Connection

SELECTIONS = ("CLIPBOARD", "PRIMARY")


class Watch:
    """Counts; our own ownership does not."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.changes = 0
        """How often one of the selections changed hands."""
        self.ends = 0
        """How often an owner went away."""
        self.owners: dict[str, int] = {}
        """The windows that took a selection last."""
        self.tellers: set[int] = set()
        """The clients that have told at least once what is selected in them: they do it always."""
        self.is_possible = bool(connection.display.has_extension("XFIXES"))
        if self.is_possible:
            self._listen()

    def _listen(self) -> None:
        display = self._connection.display
        display.xfixes_query_version()
        mask = (
            xfixes.XFixesSetSelectionOwnerNotifyMask
            | xfixes.XFixesSelectionWindowDestroyNotifyMask
            | xfixes.XFixesSelectionClientCloseNotifyMask
        )
        for name in SELECTIONS:
            display.xfixes_select_selection_input(
                self._connection.home, self._connection.atom(name), mask
            )
        codes = display.extension_event
        self._is_owner = codes.SetSelectionOwnerNotify
        self._is_end = (codes.SelectionWindowDestroyNotify, codes.SelectionClientCloseNotify)
        self._connection.handlers.append(self._take)

    def _take(self, event: Any) -> None:
        kind = (event.type, getattr(event, "sub_code", None))
        if kind in self._is_end:
            self.ends += 1
        elif kind == self._is_owner and event.owner != self._connection.home:
            self.changes += 1
            owner = 0 if event.owner == X.NONE else int(event.owner.id)
            selection = self._connection.name(event.selection)
            self.owners[selection] = owner
            if owner and selection == "PRIMARY":
                self.tellers.add(self._connection.client_of(owner))
