"""What is known of other programs: which are terminals, which keys paste. The one list. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Chord:
    """Keys to press together, and the selection that a program pastes when it gets them."""

    modifiers: tuple[str, ...]
    key: str
    selection: str = "CLIPBOARD"


COPY = Chord(("Control_L",), "c")
PASTE = Chord(("Control_L",), "v")
TERMINAL_PASTE = Chord(("Control_L", "Shift_L"), "v")
INSERT = Chord(("Shift_L",), "Insert")
"""As old as the clipboard and on every layout, but not in every program."""
XTERM_PASTE = Chord(("Shift_L",), "Insert", "PRIMARY")
SELECT_LEFT = Chord(("Shift_L",), "Left")
RIGHT = Chord((), "Right")
BACKSPACE = Chord((), "BackSpace")

_LIKE_XTERM = frozenset(
    {"aterm", "eterm", "kterm", "mlterm", "mrxvt", "rxvt", "rxvt-unicode", "st", "st-256color", "urxvt"}
    | {"uxterm", "wterm", "xterm", "koi8rxterm", "lxterm"}
)
_TERMINALS = frozenset(
    {
        "alacritty", "blackbox", "com.mitchellh.ghostty", "com.raggesilver.blackbox", "contour",
        "cool-retro-term", "deepin-terminal", "dev.warp.warp", "foot", "footclient", "ghostty",
        "gnome-terminal", "gnome-terminal-server", "guake", "hyper", "io.elementary.terminal", "kgx",
        "kitty", "konsole", "lilyterm", "lxterminal", "mate-terminal", "org.codeberg.dnkl.foot",
        "org.gnome.console", "org.gnome.ptyxis", "org.gnome.terminal", "org.kde.konsole",
        "org.kde.yakuake", "org.wezfurlong.wezterm", "pantheon-terminal", "ptyxis", "qterminal", "rio",
        "roxterm", "sakura", "tabby", "terminator", "terminology", "termit", "tilda", "tilix", "warp",
        "wezterm", "wezterm-gui", "xfce4-terminal", "yakuake",
    }
)  # fmt: skip
_NOT_BY_KEYS = frozenset(
    {
        "gvim", "neovide", "nvim-qt", "krdc", "org.remmina.remmina", "remmina", "remote-viewer",
        "rdesktop", "tigervnc viewer", "virt-manager", "virt-viewer", "virtualbox", "virtualbox machine",
        "virtualboxvm", "vmware", "vncviewer", "wlfreerdp", "xfreerdp", "xnest", "xephyr",
    }
)  # fmt: skip
"""Ctrl+V means something else there, or is somebody else's to answer: another machine's."""
_EMACS = frozenset({"emacs", "emacs-gtk", "emacs-x11"})
_SHARES_A_TERMINAL = ("jetbrains-", "code", "vscodium", "cursor", "sublime_text", "zed")
"""Editors that hold a terminal: known not to be one, but Ctrl+C might reach it."""


def is_terminal(wm_class: Sequence[str], *, holds_a_terminal: bool = False) -> bool:
    """By the window's class; an unknown one is a terminal when its process holds one (`pty`)."""
    names = _names(wm_class)
    if names & (_LIKE_XTERM | _TERMINALS):
        return True
    return holds_a_terminal and not names & _EMACS and not _is_editor(names)


def paste_chord(wm_class: Sequence[str], *, holds_a_terminal: bool = False) -> Chord | None:
    """What pastes there; None where no chord does."""
    names = _names(wm_class)
    if names & _NOT_BY_KEYS:
        return None
    if names & _LIKE_XTERM:
        return XTERM_PASTE
    if names & _EMACS:
        return INSERT
    is_one = is_terminal(wm_class, holds_a_terminal=holds_a_terminal)
    return TERMINAL_PASTE if is_one else PASTE


def copies_with_a_key(wm_class: Sequence[str], *, has_a_terminal: bool) -> bool:
    """Whether Ctrl+C is sure to copy and nothing else: never where a terminal could get it."""
    names = _names(wm_class)
    return (
        bool(names)
        and not has_a_terminal
        and not names & (_NOT_BY_KEYS | _EMACS | _LIKE_XTERM | _TERMINALS)
    )


def _names(wm_class: Sequence[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in wm_class if name)


def _is_editor(names: frozenset[str]) -> bool:
    return any(name.startswith(_SHARES_A_TERMINAL) for name in names)
