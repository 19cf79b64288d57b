"""The window: built once, hidden until it is wanted. All of it in the GLib thread.

It draws what a `Screen` says and tells `heard(what, ...)` what the person did; it decides nothing
but what belongs to the fingers: where the selection of the list is, and what Up brings back.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ingle.sdk import glib
from ingle.sdk.glib import Gdk, GLib, Gtk, Pango

from . import place, theme
from .appearance import Appearance
from .choices import Choice, matching
from .history import History
from .model import Phase
from .parts import Bar, Chip, Foot, Prompt, Woe
from .place import Area
from .reader import Reader
from .reading import Reading
from .rows import NUMBERED, Rows
from .screen import Screen
from .theme import Palette

Heard = Callable[..., None]

SHARE_OF_MONITOR = 0.45
"""Of the monitor's height, for the list or the answer; the rest of the window needs about as much again
on a small one."""
UNFOCUSED_MS = 200
KEYS: dict[Phase, tuple[tuple[str, str], ...]] = {
    Phase.CHOOSING: (("Enter", "run"), ("Up", "history")),
    Phase.ARGUMENT: (("Enter", "go on"),),
}


class Window:
    """Made in the GLib thread, on an open display."""

    def __init__(self, heard: Heard, settings: Any) -> None:
        self._heard, self._settings = heard, settings
        self._skills: Sequence[Choice] = ()
        self._commands: Sequence[Choice] = ()
        self._has_text = False
        self._screen: Screen | None = None
        self._history = History(settings.history)
        self._is_new = self._had_focus = False
        self._worded_run = -1
        self._shows = 0
        self._reading, self._is_to_read = Reading(partial(heard, "read")), False
        self._is_typing = False
        self._css = Gtk.CssProvider()
        self._display = glib.open_display()
        self._is_wayland = "Wayland" in type(self._display).__name__
        # a selected text in the prompt would take the selection away from the other program
        Gtk.Settings.get_default().set_property("gtk-entry-select-on-focus", False)
        Gtk.StyleContext.add_provider_for_screen(
            Gdk.Screen.get_default(), self._css, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION
        )
        self._build()
        self._appearance = Appearance(settings.theme, self._colour)
        self.window.realize()

    def destroy(self) -> None:
        self._appearance.close()
        Gtk.StyleContext.remove_provider_for_screen(Gdk.Screen.get_default(), self._css)
        self.window.destroy()

    # ---- building

    def _build(self) -> None:
        self.window = window = Gtk.Window(
            title="Ingle", decorated=False, resizable=False, skip_taskbar_hint=True,
            skip_pager_hint=True, type_hint=Gdk.WindowTypeHint.DIALOG, icon_name="io.github.ingle.Ingle",
        )  # fmt: skip
        window.set_role("ingle-popup")
        window.set_keep_above(True)
        window.stick()
        window.get_style_context().add_class("ingle-window")
        self._is_floating = self._make_transparent()
        self._has_layers = self._make_layer()
        self.chip, self.prompt, self.rows = Chip(self._tell), Prompt(), Rows(self._chosen)
        self.reader, self.woe, self.bar, self.foot = (
            Reader(), Woe(self._tell), Bar(self._tell), Foot(),
        )  # fmt: skip
        window.add(self._framed())
        self._connect()

    def _framed(self) -> Any:
        body = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=10, margin=14, margin_bottom=12)
        for part in (self.chip, self.prompt, self.rows, self.reader, self.woe, self.bar):
            body.add(part.widget)
        self._frame = frame = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        frame.get_style_context().add_class("ingle-popup")
        if self._is_floating:
            frame.get_style_context().add_class("floating")
        frame.add(body)
        frame.pack_end(self.foot.widget, False, False, 0)
        frame.show_all()
        return frame

    def _make_transparent(self) -> bool:
        """Round corners and a shadow, where a compositor draws them."""
        screen = self.window.get_screen()
        visual = screen.get_rgba_visual()
        if visual is None or not screen.is_composited():
            return False
        self.window.set_visual(visual)
        self.window.set_app_paintable(True)
        return True

    def _make_layer(self) -> bool:
        """Above everything under Wayland, where the compositor lets us; else an ordinary window."""
        if not self._is_wayland or not glib.has("GtkLayerShell"):
            return False
        from ingle.sdk.glib import GtkLayerShell  # noqa: PLC0415 - only where it is installed

        if not GtkLayerShell.is_supported():
            return False
        GtkLayerShell.init_for_window(self.window)
        GtkLayerShell.set_namespace(self.window, "ingle-popup")
        GtkLayerShell.set_layer(self.window, GtkLayerShell.Layer.OVERLAY)
        GtkLayerShell.set_keyboard_mode(self.window, GtkLayerShell.KeyboardMode.EXCLUSIVE)
        return True

    def _connect(self) -> None:
        self.window.connect("delete-event", self._closed)
        self.window.connect("key-press-event", self._key)
        self.window.connect("notify::is-active", self._activity)
        self.window.connect("size-allocate", lambda *_: self._keep_whole())
        self.window.connect_after("draw", self._painted)
        self.window.connect("style-updated", lambda *_: self._measure())
        self.prompt.entry.connect("activate", lambda _: self._enter())
        self.prompt.entry.connect("changed", lambda _: self._typed())

    # ---- what the controller says

    def present(self, *, takes_focus: bool) -> None:
        """Show it, at the pointer if it was hidden. Without the focus the person goes on typing
        where they are."""
        self.window.set_focus_on_map(takes_focus)
        if not self.window.get_visible():
            self._is_new, self._had_focus = True, False
            self._shows += 1
            self._measure()
            self._place()
            self.window.show()
        if takes_focus:
            self.prompt.entry.grab_focus_without_selecting()
            self.window.present_with_time(self._now())

    def warm_up(self) -> None:
        """Draw it once where nobody sees it: what is found on the way, fonts above all, is kept."""
        if self.window.get_visible():
            return
        elsewhere = Gtk.OffscreenWindow()
        self._measure()
        self.window.remove(self._frame)
        elsewhere.add(self._frame)
        elsewhere.show()
        elsewhere.get_window().process_updates(True)
        elsewhere.get_surface()
        elsewhere.remove(self._frame)
        elsewhere.destroy()
        self.window.add(self._frame)
        self.window.get_preferred_size()

    def read(self) -> None:
        """The clipboards, as soon as we have the focus; under X11 everybody can read them."""
        self._is_to_read = self._is_wayland
        self._read_now()

    def _read_now(self) -> None:
        if self._is_to_read and self.window.is_active():
            self._is_to_read = False
            self._reading.start()

    def hide(self) -> None:
        self._is_to_read = False
        self._reading.stop()
        self.window.hide()
        self._history.rest()

    def render(self, screen: Screen) -> None:
        self._screen = screen
        for part in (self.chip, self.prompt, self.woe, self.bar):
            part.render(screen)
        enter = (("Enter", screen.enter),) if screen.enter else ()
        self.foot.render(screen, (*enter, *KEYS.get(screen.phase, ()), ("Esc", str(screen.escape))))
        self.rows.widget.set_visible(screen.has_choices)
        has_answer = screen.phase in (Phase.RUNNING, Phase.DONE) or bool(screen.text)
        self.reader.widget.set_visible(has_answer and not screen.has_choices)
        self.reader.render(screen)

    def offer(self, skills: list[Choice], commands: list[Choice], *, has_text: bool) -> None:
        self._skills, self._commands, self._has_text = skills, commands, has_text
        self._narrow()

    def type(self, text: str) -> None:
        """In place of what is typed, which Up brings back when it is cleared."""
        if not text:
            self._history.add(self.prompt.text)
        self._is_typing = True
        self.prompt.put(text)
        self._is_typing = False
        self._narrow()

    def copy(self, text: str) -> None:
        clipboard = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)
        clipboard.set_text(text, -1)
        clipboard.store()

    # ---- what the person does

    def _tell(self, what: str, *said: Any) -> None:
        self._heard(what, *said)
        self.prompt.entry.grab_focus_without_selecting()

    def _closed(self, *_: Any) -> bool:
        self._heard("escape")
        return True

    def _activity(self, *_: Any) -> None:
        """The loss of the focus is told when it lasts: what a window manager says of the last time the
        window was open may come after it was opened again."""
        if self.window.is_active():
            self._had_focus = True
            self._heard("focus", True)
            self._read_now()
        elif self.window.get_visible() and self._had_focus:
            GLib.timeout_add(UNFOCUSED_MS, self._unfocused, self._shows)

    def _unfocused(self, shows: int) -> bool:
        if shows == self._shows and self.window.get_visible() and not self.window.is_active():
            self._heard("focus", False)
        return bool(GLib.SOURCE_REMOVE)

    def _typed(self) -> None:
        if not self._is_typing:
            self._history.rest()
        self._narrow()

    def _narrow(self) -> None:
        self.rows.fill(matching(self._skills, self._commands, self.prompt.text, has_text=self._has_text))

    def _enter(self) -> None:
        chosen = self.rows.chosen if self._screen and self._screen.has_choices else None
        if chosen is not None:
            self._chosen(chosen)
        else:
            self._history.add(self.prompt.text)
            self._heard("submit", self.prompt.text)

    def _chosen(self, choice: Choice) -> None:
        self._history.add(self.prompt.text)
        self._heard("choose", choice)

    # ---- keys

    def _key(self, _window: Any, event: Any) -> bool:
        """True where the key is ours; all others go to what has the focus."""
        state = event.state & Gtk.accelerator_get_default_mod_mask()
        name = self._name(event)
        if state == Gdk.ModifierType.CONTROL_MASK:
            return self._control(name.lower())
        if state == Gdk.ModifierType.MOD1_MASK and name.isdecimal() and name != "0":
            return self._number(int(name))
        if state or self._is_composing(name, event):
            return False
        return self._plain(name)

    def _name(self, event: Any) -> str:
        """The key's name in the first layout where the present one has no Latin letters."""
        keyval = event.keyval
        if not Gdk.keyval_name(keyval) or Gdk.keyval_to_unicode(keyval) > 127:
            keymap = Gdk.Keymap.get_for_display(self._display)
            is_known, latin, *_ = keymap.translate_keyboard_state(event.hardware_keycode, 0, 0)
            keyval = latin if is_known else keyval
        return str(Gdk.keyval_name(Gdk.keyval_to_lower(keyval)) or "")

    def _is_composing(self, name: str, event: Any) -> bool:
        """Esc and the arrows belong to an input method while it composes."""
        entry = self.prompt.entry
        return (
            name in ("Escape", "Up", "Down")
            and entry.has_focus()
            and bool(entry.im_context_filter_keypress(event))
        )

    def _control(self, name: str) -> bool:
        if name == "c" and (self.reader.has_selection or self.prompt.entry.get_selection_bounds()):
            return False  # the part that has a selection copies that
        said: dict[str, tuple[Any, ...]] = {
            "d": ("drop",),
            "r": ("press", "again"),
            "c": ("press", "copy"),
            "return": ("submit", self.prompt.text),
        }
        if name not in said:
            return False
        if name == "return":
            self._history.add(self.prompt.text)
        self._heard(*said[name])
        return True

    def _number(self, number: int) -> bool:
        choice = self.rows.at(number) if number <= NUMBERED else None
        if choice is None or not (self._screen and self._screen.has_choices):
            return False
        self._chosen(choice)
        return True

    def _plain(self, name: str) -> bool:
        if name == "Escape":
            self._heard("escape")
            return True
        if name in ("Page_Up", "Page_Down") and not self.reader.view.has_focus():
            self.reader.turn_page(1 if name == "Page_Down" else -1)
            return True
        if not self.prompt.entry.has_focus() or name not in ("Up", "Down"):
            return False
        has_list = bool(self._screen and self._screen.has_choices) and not self._history.is_browsing
        if name == "Down" and has_list:
            self.rows.move(1)
        elif name == "Up" and has_list and not self.rows.is_first_chosen:
            self.rows.move(-1)
        else:
            self._remember(back=name == "Up")
        return True

    def _remember(self, *, back: bool) -> None:
        found = self._history.older(self.prompt.text) if back else self._history.newer()
        if found is not None:
            self.type(found)

    # ---- where it is and how it looks

    def _colour(self, palette: Palette) -> None:
        self._css.load_from_data(theme.css(palette).encode())
        self.reader.colour(palette)

    def _measure(self) -> None:
        """The width follows the font and its scaling, the heights the monitor."""
        area = self._area(self._pointer())
        metrics = self._frame.get_pango_context().get_metrics(None, None)
        char = metrics.get_approximate_char_width() / Pango.SCALE
        self._frame.set_size_request(place.narrowed(int(char * self._settings.width), area), -1)
        most = int(area.height * SHARE_OF_MONITOR)
        self.reader.limit(most)
        self.rows.limit(most)

    def _place(self) -> None:
        if not self._has_layers:
            _, natural = self.window.get_preferred_size()
            pointer = self._pointer()
            self.window.move(
                *place.at_pointer(pointer, (natural.width, natural.height), self._area(pointer))
            )

    def _keep_whole(self) -> None:
        """It grows with the answer, at the lower edge of the monitor upwards."""
        if self._has_layers or not self.window.get_visible():
            return
        corner, size = self.window.get_position(), self.window.get_size()
        there = place.within(corner, size, self._area(corner))
        if there != tuple(corner):
            self.window.move(*there)

    def _pointer(self) -> tuple[int, int]:
        seat = self._display.get_default_seat()
        _, x, y = seat.get_pointer().get_position()
        return x, y

    def _area(self, point: tuple[int, int]) -> Area:
        monitor = self._display.get_monitor_at_point(*point)
        found = monitor.get_workarea()
        return Area(found.x, found.y, found.width, found.height)

    def _now(self) -> int:
        """The X server's time: with it a window manager believes that the person asked for it."""
        if "X11" not in type(self._display).__name__:
            return int(Gdk.CURRENT_TIME)
        from ingle.sdk.glib import GdkX11  # noqa: PLC0415 - only where there is X

        return int(GdkX11.x11_get_server_time(self.window.get_window()))

    def _painted(self, *_: Any) -> bool:
        if self._is_new:
            self._is_new = False
            self._heard("painted", time.monotonic())
        if self.reader.worded_run != self._worded_run:
            self._worded_run = self.reader.worded_run
            if self._worded_run >= 0:
                self._heard("worded", time.monotonic())
        return bool(GLib.SOURCE_REMOVE)
