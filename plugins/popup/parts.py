"""The parts of the window around the list and the answer: chip, prompt, trouble, buttons, foot.

In the GLib thread. A part draws what a `Screen` says and tells what was pressed.
"""

from collections.abc import Callable
from typing import Any

from ingle.sdk.glib import Atk, Gtk, Pango

from .model import Action, Offer
from .screen import Screen

Tell = Callable[..., None]

LABELS = {
    Action.REPLACE: "_Replace selection",
    Action.COPY: "_Copy",
    Action.FOLLOW: "Follow _up",
    Action.AGAIN: "_Try again",
    Action.CHANGES: "Show c_hanges",
    Action.STOP: "_Stop",
}

KEYS = {Action.COPY: "Ctrl+C", Action.AGAIN: "Ctrl+R", Action.STOP: "Esc"}


def label(*classes: str, **properties: Any) -> Any:
    made = Gtk.Label(xalign=0, **properties)
    for name in classes:
        made.get_style_context().add_class(name)
    return made


class Chip:
    """The text that is worked on, and a button to drop it."""

    def __init__(self, tell: Tell) -> None:
        self._title = label("title", ellipsize=Pango.EllipsizeMode.END)
        self._size = label("dim")
        self._preview = label(
            "dim", wrap=True, wrap_mode=Pango.WrapMode.WORD_CHAR, lines=2,
            ellipsize=Pango.EllipsizeMode.END, max_width_chars=1, hexpand=True,
        )  # fmt: skip
        drop = Gtk.Button(label="×", valign=Gtk.Align.START, tooltip_text="Work without it (Ctrl+D)")
        for name in ("flat", "drop"):
            drop.get_style_context().add_class(name)
        drop.get_accessible().set_name("Drop the text")
        drop.connect("clicked", lambda _: tell("drop"))
        head = Gtk.Box(spacing=8)
        head.add(self._title)
        head.add(self._size)
        words = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2, hexpand=True)
        words.add(head)
        words.add(self._preview)
        self.widget = Gtk.Box(spacing=8, no_show_all=True)
        self.widget.get_style_context().add_class("ingle-chip")
        self.widget.get_accessible().set_role(Atk.Role.PANEL)
        self.widget.add(words)
        self.widget.add(drop)
        for part in (words, drop):
            part.show_all()
        self._drop = drop

    def render(self, screen: Screen) -> None:
        chip = screen.chip
        self.widget.set_visible(chip is not None or screen.is_taking)
        self._drop.set_visible(chip is not None)
        if chip is None:
            self._title.set_text("Looking at what is selected …")
            self._size.set_text("")
            self._preview.set_text(" ")
            return
        self._title.set_text(chip.title)
        self._size.set_text(chip.size)
        self._preview.set_text(chip.preview)
        self.widget.get_accessible().set_name(chip.spoken)


class Prompt:
    """The field that is typed into, behind the tag of a skill that asks for an argument.

    GTK 3 hides its own placeholder as soon as the field has the focus, which here is always.
    """

    def __init__(self) -> None:
        self.entry = Gtk.Entry(hexpand=True, has_frame=False)
        self.entry.get_accessible().set_name("Prompt")
        self._hint = label("hint", ellipsize=Pango.EllipsizeMode.END, hexpand=True, max_width_chars=1)
        self._hint.set_halign(Gtk.Align.FILL)
        field = Gtk.Overlay(hexpand=True)
        field.add(self.entry)
        field.add_overlay(self._hint)
        field.set_overlay_pass_through(self._hint, True)
        self._tag = label("tag", ellipsize=Pango.EllipsizeMode.END, max_width_chars=36)
        self._tag.set_no_show_all(True)
        self._tag.set_valign(Gtk.Align.CENTER)
        self.widget = Gtk.Box(spacing=10)
        self.widget.get_style_context().add_class("ingle-prompt")
        self.widget.add(self._tag)
        self.widget.add(field)
        self.entry.connect("focus-in-event", self._focus, True)
        self.entry.connect("focus-out-event", self._focus, False)
        self.entry.connect("changed", lambda _: self._show_hint(""))
        self.entry.connect("preedit-changed", lambda _, composed: self._show_hint(composed))

    def _focus(self, _entry: Any, _event: Any, has_it: bool) -> bool:
        style = self.widget.get_style_context()
        style.add_class("focused") if has_it else style.remove_class("focused")
        return False

    def _show_hint(self, composed: str) -> None:
        self._hint.set_visible(not composed and not self.entry.get_text())

    def render(self, screen: Screen) -> None:
        self._tag.set_visible(bool(screen.tag))
        self._tag.set_text(screen.tag)
        self._hint.set_text(screen.placeholder)
        self.entry.get_accessible().set_description(screen.placeholder)

    @property
    def text(self) -> str:
        return str(self.entry.get_text()).strip()

    def put(self, text: str) -> None:
        """Type it for the person, the cursor behind it."""
        self.entry.set_text(text)
        self.entry.set_position(-1)


class Woe:
    """Why there is no answer, with the ways out as buttons."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        wrapped = {
            "wrap": True,
            "wrap_mode": Pango.WrapMode.WORD_CHAR,
            "max_width_chars": 1,
            "hexpand": True,
        }
        self._title = label("title", **wrapped)
        self._text = label("dim", **wrapped)
        self._offers = Gtk.Box(spacing=8, margin_top=8)
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=4, no_show_all=True)
        self.widget.get_style_context().add_class("trouble")
        self.widget.get_accessible().set_role(Atk.Role.ALERT)
        for part in (self._title, self._text, self._offers):
            self.widget.add(part)
            part.show_all()
        self._shown: tuple[Offer, ...] = ()

    def render(self, screen: Screen) -> None:
        trouble = screen.trouble
        self.widget.set_visible(trouble is not None)
        if trouble is None:
            return
        self._title.set_text(trouble.title)
        self._text.set_text(trouble.text)
        self._text.set_visible(bool(trouble.text))
        self.widget.get_accessible().set_name(f"{trouble.title}. {trouble.text}")
        self._make(screen.offers)

    def _make(self, offers: tuple[Offer, ...]) -> None:
        if offers == self._shown:
            return
        self._shown = offers
        for old in self._offers.get_children():
            old.destroy()
        for number, offer in enumerate(offers):
            button = Gtk.Button(label=offer.label, use_underline=True)
            button.connect("clicked", lambda _button, it=offer: self._tell("take_up", it))
            if number == 0:
                button.get_style_context().add_class("default")
            self._offers.add(button)
        self._offers.show_all()
        self._offers.set_visible(bool(offers))


class Bar:
    """The buttons under an answer; the one that Enter presses stands out."""

    def __init__(self, tell: Tell) -> None:
        self.widget = Gtk.Box(spacing=8, no_show_all=True)
        self._buttons: dict[Action, Any] = {}
        for action, text in LABELS.items():
            kind = Gtk.ToggleButton if action is Action.CHANGES else Gtk.Button
            button = kind(label=text, use_underline=True, tooltip_text=KEYS.get(action))
            button.connect("clicked", self._clicked, action, tell)
            if action in (Action.AGAIN, Action.CHANGES):
                self.widget.pack_end(button, False, False, 0)
            else:
                self.widget.pack_start(button, False, False, 0)
            self._buttons[action] = button
        self._is_drawing = False

    def _clicked(self, _button: Any, action: Action, tell: Tell) -> None:
        if not self._is_drawing:
            tell("press", action)

    def render(self, screen: Screen) -> None:
        self._is_drawing = True
        for action, button in self._buttons.items():
            button.set_visible(action in screen.buttons)
            style = button.get_style_context()
            is_default = action is screen.default
            style.add_class("default") if is_default else style.remove_class("default")
        self._buttons[Action.CHANGES].set_active(screen.shows_changes)
        self.widget.set_visible(bool(screen.buttons))
        self._is_drawing = False


class Foot:
    """The last line: what is going on, and which keys do something now."""

    def __init__(self) -> None:
        self._status = label("dim", ellipsize=Pango.EllipsizeMode.END, hexpand=True, max_width_chars=1)
        self._status.get_accessible().set_role(Atk.Role.STATUSBAR)
        self._keys = Gtk.Box(spacing=6)
        self.widget = Gtk.Box(spacing=14)
        self.widget.get_style_context().add_class("ingle-foot")
        self.widget.add(self._status)
        self.widget.add(self._keys)
        self._shown: tuple[tuple[str, str], ...] = ()

    def render(self, screen: Screen, keys: tuple[tuple[str, str], ...]) -> None:
        if self._status.get_text() != screen.status:
            self._status.set_text(screen.status)
            self._status.get_accessible().set_name(screen.status or "Status")
            self._status.set_tooltip_text(screen.status or None)
        if keys == self._shown:
            return
        self._shown = keys
        for old in self._keys.get_children():
            old.destroy()
        for key, does in keys:
            self._keys.add(label("key", label=key))
            self._keys.add(label("dim", label=does))
        self._keys.show_all()
