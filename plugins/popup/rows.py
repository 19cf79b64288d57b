"""The list of what can be done, moved through while the prompt keeps the focus. In the GLib thread."""

from collections.abc import Callable, Sequence
from typing import Any

from ingle.sdk.glib import Gtk, Pango

from .choices import Choice

MOST_ROWS = 24
"""More are not read: typing narrows them down."""
VISIBLE_ROWS = 8
NUMBERED = 9


class _Row:
    """One line of the list; made once and filled again and again."""

    def __init__(self, group: Any) -> None:
        self.choice: Choice | None = None
        self._title = Gtk.Label(xalign=0, ellipsize=Pango.EllipsizeMode.END, max_width_chars=32)
        self._title.get_style_context().add_class("title")
        group.add_widget(self._title)
        self._summary = Gtk.Label(
            xalign=0, hexpand=True, ellipsize=Pango.EllipsizeMode.END, max_width_chars=1
        )
        self._summary.get_style_context().add_class("dim")
        self._badge = Gtk.Label()
        self._badge.get_style_context().add_class("badge")
        self._key = Gtk.Label()
        self._key.get_style_context().add_class("key")
        box = Gtk.Box(spacing=14)
        for part in (self._title, self._summary, self._badge, self._key):
            box.add(part)
        self.widget = Gtk.ListBoxRow(no_show_all=True)
        self.widget.add(box)
        box.show_all()

    def fill(self, choice: Choice | None, number: int) -> None:
        if choice == self.choice:
            return  # as it is, the window does not have to be laid out anew
        self.choice = choice
        self.widget.set_visible(choice is not None)
        if choice is None:
            return
        self._title.set_text(choice.title)
        self._summary.set_text(choice.summary)
        self._badge.set_text(choice.badge)
        self._badge.set_visible(bool(choice.badge))
        self._key.set_text(f"Alt+{number}")
        self._key.set_opacity(1.0 if choice.has_number and number <= NUMBERED else 0.0)
        self.widget.get_accessible().set_name(choice.spoken)
        self.widget.set_tooltip_text(choice.summary if choice.kind == "skill" else None)


class Rows:
    """`on_choose` is called with the choice of a row that was clicked or activated."""

    def __init__(self, on_choose: Callable[[Choice], None]) -> None:
        self._on_choose = on_choose
        self._list = Gtk.ListBox(activate_on_single_click=True)
        self._list.get_accessible().set_name("What to do")
        self._list.connect("row-activated", self._activated)
        group = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        self._rows = [_Row(group) for _ in range(MOST_ROWS)]
        for row in self._rows:
            self._list.add(row.widget)
        self.widget = Gtk.ScrolledWindow(
            overlay_scrolling=False,
            hscrollbar_policy=Gtk.PolicyType.NEVER,
            propagate_natural_height=True,
        )
        self.widget.add(self._list)
        self.widget.get_accessible().set_name("What to do")

    def fill(self, choices: Sequence[Choice]) -> None:
        """Show these; the first is chosen."""
        shown: list[Choice | None] = [*choices[:MOST_ROWS]]
        shown += [None] * (MOST_ROWS - len(shown))
        for number, (row, choice) in enumerate(zip(self._rows, shown, strict=True), start=1):
            row.fill(choice, number)
        self._select(0)

    @property
    def chosen(self) -> Choice | None:
        row = self._list.get_selected_row()
        return self._rows[row.get_index()].choice if row is not None else None

    @property
    def is_first_chosen(self) -> bool:
        row = self._list.get_selected_row()
        return row is None or row.get_index() == 0

    def at(self, number: int) -> Choice | None:
        """The choice of Alt+NUMBER."""
        choice = self._rows[number - 1].choice
        return choice if choice is not None and choice.has_number else None

    def move(self, by: int) -> None:
        """To the next row or the one before; it stops at the ends."""
        row = self._list.get_selected_row()
        self._select((row.get_index() if row is not None else -1) + by)

    def limit(self, most_pixels: int) -> None:
        height, _ = self._rows[0].widget.get_preferred_height()
        self.widget.set_max_content_height(max(80, min(max(height, 24) * VISIBLE_ROWS, most_pixels)))

    def _select(self, index: int) -> None:
        count = sum(row.choice is not None for row in self._rows)
        if not count:
            self._list.unselect_all()
            return
        row = self._rows[max(0, min(index, count - 1))].widget
        self._list.select_row(row)
        self._show(row)

    def _show(self, row: Any) -> None:
        """Scroll as little as needed; the keyboard focus stays in the prompt."""
        place = self.widget.get_vadjustment()
        where = row.get_allocation()
        if where.height > 1:
            place.clamp_page(where.y, where.y + where.height)

    def _activated(self, _list: Any, row: Any) -> None:
        choice = self._rows[row.get_index()].choice
        if choice is not None:
            self._on_choose(choice)
