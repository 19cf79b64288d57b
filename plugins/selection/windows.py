"""Who has the focus, which program that is, and whether it is still so."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from Xlib import X, error

from .connection import Connection

DEEPEST = 24
"""Windows inside windows; a deeper tree is somebody's joke."""


@dataclass(frozen=True)
class Place:
    """A window that had the focus. `window` is the program's own top-level one, as the window
    manager names it; 0 where there is no window manager."""

    window: int
    focus: int
    clients: frozenset[int]
    """The connections behind the two, by the bits of the ids."""
    pid: int
    """As the X server knows it; 0 for a program on another machine."""
    wm_class: Sequence[str]

    @property
    def program(self) -> str:
        """What the person calls it, roughly."""
        return self.wm_class[-1] if self.wm_class else "a program"


class Windows:
    """Asks the X server; errors of windows that have gone mean "no"."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._active = connection.atom("_NET_ACTIVE_WINDOW")
        self._elsewhere: Place | None = None
        connection.root.change_attributes(event_mask=X.PropertyChangeMask)
        connection.handlers.append(self._take)
        self._remember()

    def place(self) -> Place | None:
        """Where the person works: what has the focus, or had it before a window of our own."""
        self._remember()
        return self._elsewhere

    def is_focused(self, place: Place) -> bool:
        """Whether keys that are pressed now go there."""
        focus = self._focus()
        if focus in (X.NONE, X.PointerRoot):
            return False
        if place.window and self._active_window() != place.window:
            return False
        return focus == place.focus or bool(place.window and self._is_inside(focus, place.window))

    def is_of(self, place: Place, xid: int) -> bool:
        """Whether a window belongs to the program at `place`."""
        if self._connection.client_of(xid) in place.clients:
            return True
        return bool(place.pid) and self.pid_of(xid) == place.pid

    def is_there(self, place: Place) -> bool:
        """Whether the window still exists."""
        return self._parent(place.window or place.focus) is not None

    def raise_(self, place: Place) -> None:
        """Ask the window manager to give it the focus, as a taskbar does."""
        window = self._window(place.window or place.focus)
        from Xlib.protocol.event import ClientMessage  # noqa: PLC0415 - for the rare undo only

        message = ClientMessage(
            window=window, client_type=self._active, data=(32, [2, X.CurrentTime, 0, 0, 0])
        )
        mask = X.SubstructureRedirectMask | X.SubstructureNotifyMask
        self._connection.root.send_event(message, event_mask=mask)
        self._connection.display.flush()

    def pid_of(self, xid: int) -> int:
        """The process behind a window, from the server itself (X-Resource), not from a property."""
        display = self._connection.display
        if not display.has_extension("X-Resource"):
            return 0
        try:
            answer = display.res_query_client_ids([{"client": xid, "mask": 2}])
        except error.XError:
            return 0
        return next((int(each.value[0]) for each in answer.ids if each.value), 0)

    # ---- asking

    def _take(self, event: Any) -> None:
        if event.type == X.PropertyNotify and event.atom == self._active:
            self._remember()

    def _remember(self) -> None:
        """Note where the focus is unless that is a window of our own process: a popup is no target."""
        focus, window = self._focus(), self._active_window()
        if focus in (X.NONE, X.PointerRoot) or (not window and self._has_manager()):
            return
        place = self._describe(window, focus)
        if place.pid != os.getpid():
            self._elsewhere = place

    def _describe(self, window: int, focus: int) -> Place:
        of = self._connection.client_of
        main = window or focus
        clients = frozenset({of(main), of(focus)} if self._is_inside(focus, main) else {of(main)})
        return Place(window, focus, clients, self.pid_of(main), self._class_of(main))

    def _focus(self) -> int:
        focus = self._connection.display.get_input_focus().focus
        return int(getattr(focus, "id", focus))

    def _active_window(self) -> int:
        return self._property(self._active)

    def _has_manager(self) -> bool:
        return bool(self._property(self._connection.atom("_NET_SUPPORTING_WM_CHECK")))

    def _property(self, atom: int) -> int:
        value = self._connection.root.get_full_property(atom, X.AnyPropertyType)
        return int(value.value[0]) if value is not None and value.format == 32 and value.value else 0

    def _class_of(self, xid: int) -> tuple[str, ...]:
        """Of the window or the nearest one around it that has a class."""
        for _ in range(DEEPEST):
            try:
                found = self._window(xid).get_wm_class()
            except error.XError:
                return ()
            if found:
                return tuple(found)
            parent = self._parent(xid)
            if not parent:
                return ()
            xid = parent
        return ()

    def _is_inside(self, xid: int, outer: int) -> bool:
        for _ in range(DEEPEST):
            if xid == outer:
                return True
            parent = self._parent(xid)
            if not parent:
                return False
            xid = parent
        return False

    def _parent(self, xid: int) -> int | None:
        """0 for the root; None for a window that has gone."""
        try:
            parent = self._window(xid).query_tree().parent
        except error.XError:
            return None
        return int(getattr(parent, "id", parent))

    def _window(self, xid: int) -> Any:
        return self._connection.display.create_resource_object("window", xid)
