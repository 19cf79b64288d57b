"""The answer: text that grows while it is written, or what it changes. In the GLib thread.

Pieces are put in at most thirty times a second, and less often when that takes long, so that an
answer of ten thousand words scrolls as fluidly as one of ten. What is added is underlined and what
is removed is struck through, beside their colours.
"""

import time
from collections.abc import Sequence
from typing import Any

from ingle.sdk.glib import Gdk, GLib, Gtk, Pango

from .diff import Piece
from .screen import Screen, Turn
from .theme import Palette

LEAST_S = 0.033
SHARE = 4.0
"""Of the time: laying out takes a quarter of it at most, the rest is for keys and pixels."""
THIN_SPACE = "\u2009"
MOST_LINES = 15
"""Of an answer before it scrolls, on a monitor that has room for them."""


class Reader:
    """A text view that can be read, selected and copied, and not be written in."""

    def __init__(self) -> None:
        self.view = Gtk.TextView(
            editable=False,
            cursor_visible=False,
            wrap_mode=Gtk.WrapMode.WORD_CHAR,
            left_margin=14,
            right_margin=14,
            top_margin=10,
            bottom_margin=10,
            pixels_inside_wrap=3,
            pixels_below_lines=4,
            accepts_tab=False,
        )
        self.view.get_style_context().add_class("answer")
        self.view.get_accessible().set_name("Answer")
        self._buffer = self.view.get_buffer()
        self.view.connect_after("realize", lambda _: self._leave_primary())
        self.widget = Gtk.ScrolledWindow(
            overlay_scrolling=False,
            hscrollbar_policy=Gtk.PolicyType.NEVER,
            propagate_natural_height=True,
            min_content_height=72,
        )
        self.widget.get_style_context().add_class("frame")
        self.widget.get_accessible().set_name("Answer")
        self.widget.add(self.view)
        self.widget.get_vadjustment().connect("changed", self._follow)
        self._follows = False
        self._tags = self._make_tags()
        self._run, self._shown = -1, ""
        self._pieces: list[str] = []
        self._timer = 0
        self._pause_s = LEAST_S

    def _make_tags(self) -> dict[str, Any]:
        make = self._buffer.create_tag
        return {
            "asked": make("asked", weight=Pango.Weight.BOLD),
            "earlier": make("earlier"),
            "quote": make("quote", style=Pango.Style.ITALIC, left_margin=28),
            "added": make("added", underline=Pango.Underline.SINGLE, weight=Pango.Weight.SEMIBOLD),
            "removed": make("removed", strikethrough=True),
        }

    def colour(self, palette: Palette) -> None:
        self._tags["asked"].set_property("foreground", palette["accent"])
        for name in ("earlier", "quote"):
            self._tags[name].set_property("foreground", palette["dim"])
        for name in ("added", "removed"):
            self._tags[name].set_property("foreground", palette[name])
            self._tags[name].set_property("background", palette[f"{name}_on"])

    def _leave_primary(self) -> None:
        """The other program's selection is lost to it when anybody else has one."""
        primary = Gtk.Clipboard.get(Gdk.SELECTION_PRIMARY)
        self._buffer.remove_selection_clipboard(primary)

    # ---- what is shown

    def render(self, screen: Screen) -> None:
        """Show the answer of a screen; one that streams is left as it is."""
        if screen.run != self._run:
            self._begin(screen.run, screen.earlier, screen.heading)
        if screen.changes:
            self._put(("changes", screen.changes))
        elif screen.text:
            self._put(("text", screen.text, screen.quotes))

    def append(self, run: int, text: str) -> None:
        """A piece of the answer that is being written."""
        if run != self._run:
            return
        self._pieces.append(text)
        if not self._timer:
            self._timer = GLib.timeout_add(int(self._pause_s * 1000), self._flush)

    def text(self) -> str:
        return str(self._buffer.get_text(*self._buffer.get_bounds(), False))

    @property
    def worded_run(self) -> int:
        """The run of which something is shown; -1 for none."""
        return self._run if self._shown else -1

    @property
    def has_selection(self) -> bool:
        return bool(self._buffer.get_has_selection())

    def _begin(self, run: int, earlier: Sequence[Turn], heading: str) -> None:
        self._stop_timer()
        self._run, self._shown, self._follows = run, "", True
        self._buffer.set_text("")
        for turn in earlier:
            self._add(f"{turn.asked}\n", "asked", "earlier")
            self._add(f"{turn.answer}\n\n", "earlier")
        self._top = self._buffer.create_mark(None, self._buffer.get_end_iter(), True)
        if heading:
            self._add(f"{heading}\n", "asked")
        self._start = self._buffer.create_mark(None, self._buffer.get_end_iter(), True)

    def _flush(self) -> bool:
        self._timer = 0
        pieces, self._pieces = self._pieces, []
        began = time.monotonic()
        self._follows = self._is_at_end()
        text = "".join(pieces)
        self._shown += text
        self._add(text)
        self._pause_s = max(LEAST_S, SHARE * (time.monotonic() - began))
        return bool(GLib.SOURCE_REMOVE)

    def _put(self, what: tuple[Any, ...]) -> None:
        """Replace what streamed by how it ended; the same text stays where it is."""
        self._stop_timer()
        self._follows = False
        if what[0] == "text" and not what[2] and what[1] == self._shown:
            return
        self._shown = what[1] if what[0] == "text" else ""
        self._buffer.delete(self._buffer.get_iter_at_mark(self._start), self._buffer.get_end_iter())
        if what[0] == "changes":
            self._add_changes(what[1])
        else:
            self._add(what[1])
            for quote in what[2]:
                self._add(f"\n“{quote}”", "quote")
        self._scroll_to_question()

    def _add_changes(self, pieces: Sequence[Piece]) -> None:
        """A thin space keeps what was replaced and what replaces it apart, also for the ear."""
        before = ""
        for piece in pieces:
            if (before, piece.kind) == ("removed", "added"):
                self._add(THIN_SPACE)
            self._add(piece.text, *([piece.kind] if piece.kind != "same" else []))
            before = piece.kind

    def _add(self, text: str, *tags: str) -> None:
        end = self._buffer.get_end_iter()
        self._buffer.insert_with_tags(end, text, *(self._tags[name] for name in tags))

    def _stop_timer(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
            self._flush()
        self._pieces = []

    # ---- scrolling

    def limit(self, most_pixels: int) -> None:
        """Where the monitor ends, the text scrolls."""
        metrics = self.view.get_pango_context().get_metrics(None, None)
        line = (metrics.get_ascent() + metrics.get_descent()) / Pango.SCALE + 7
        height = max(80, min(int(line * MOST_LINES) + 20, most_pixels))
        self.widget.set_max_content_height(height)

    def _is_at_end(self) -> bool:
        place = self.widget.get_vadjustment()
        return bool(place.get_value() + place.get_page_size() >= place.get_upper() - 40)

    def turn_page(self, by: int) -> None:
        """By keyboard, while the prompt has the focus."""
        self._follows = False
        place = self.widget.get_vadjustment()
        place.set_value(place.get_value() + by * 0.9 * place.get_page_size())

    def _scroll_to_question(self) -> None:
        """To where this answer begins, once the lines above it have their height."""

        def scroll() -> bool:
            y, _ = self.view.get_line_yrange(self._buffer.get_iter_at_mark(self._top))
            self.widget.get_vadjustment().set_value(y)
            self.widget.queue_resize()  # GTK has taken a line from right to left for several until now
            return bool(GLib.SOURCE_REMOVE)

        GLib.idle_add(scroll, priority=GLib.PRIORITY_LOW)

    def _follow(self, place: Any) -> None:
        """The text or the window has grown: who read at the end stays there."""
        if self._follows:
            place.set_value(place.get_upper() - place.get_page_size())
