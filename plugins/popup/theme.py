"""The look: a palette for light, dark and high contrast, and the style sheet made of it. Pure.

Sizes are in em, so that everything follows the desktop's font and its scaling, fractions included.
Text has a contrast of 4.5:1 and more on what it stands on, lines and fills 3:1 where they carry
meaning (WCAG 2.2, 1.4.3 and 1.4.11; a test measures it).
"""

import re
from collections.abc import Mapping
from typing import Literal

Choice = Literal["auto", "light", "dark"]
Palette = Mapping[str, str]

LIGHT: Palette = {
    "window": "#faf8f5",
    "card": "#ffffff",
    "hover": "#f3eee8",
    "chosen": "#fde9dc",
    "text": "#211d19",
    "dim": "#655c53",
    "line": "#e3dcd3",
    "edge": "#c9bfb3",
    "accent": "#b33d0c",
    "on_accent": "#ffffff",
    "added": "#0f5c2b",
    "added_on": "#dff3e4",
    "removed": "#99201a",
    "removed_on": "#fce6e3",
    "shadow": "rgba(33, 29, 25, 0.28)",
}
DARK: Palette = {
    "window": "#211e1b",
    "card": "#2b2723",
    "hover": "#332e29",
    "chosen": "#4a3022",
    "text": "#f3eee8",
    "dim": "#b8aea3",
    "line": "#3b3530",
    "edge": "#5a5148",
    "accent": "#ff9d66",
    "on_accent": "#2a1206",
    "added": "#9be5ae",
    "added_on": "#1d3826",
    "removed": "#ffaaa3",
    "removed_on": "#452321",
    "shadow": "rgba(0, 0, 0, 0.55)",
}
CONTRAST_LIGHT: Palette = {
    **LIGHT,
    "window": "#ffffff",
    "hover": "#ffffff",
    "chosen": "#ffe08a",
    "text": "#000000",
    "dim": "#000000",
    "line": "#000000",
    "edge": "#000000",
    "accent": "#8a2b00",
}
CONTRAST_DARK: Palette = {
    **DARK,
    "window": "#000000",
    "card": "#000000",
    "hover": "#000000",
    "chosen": "#5c3a00",
    "text": "#ffffff",
    "dim": "#ffffff",
    "line": "#ffffff",
    "edge": "#ffffff",
    "accent": "#ffb98a",
}


def is_dark(wanted: str, theme: str, *, prefers_dark: bool, scheme: int) -> bool:
    """`theme` and `prefers_dark` are GTK's; `scheme` is the portal's: 0 whatever, 1 dark, 2 light."""
    if wanted != "auto":
        return wanted == "dark"
    if scheme in (1, 2):
        return scheme == 1
    return prefers_dark or theme.lower().endswith(("-dark", "-inverse", ":dark"))


def palette(*, dark: bool, theme: str = "") -> Palette:
    """The colours; those of high contrast where the desktop's theme says so."""
    if theme.lower().startswith("highcontrast"):
        return CONTRAST_DARK if dark or theme.lower().endswith("inverse") else CONTRAST_LIGHT
    return DARK if dark else LIGHT


def css(colours: Palette) -> str:
    """The style sheet. Class names are ours: nothing outside the popup is touched."""
    return re.sub(r"@(\w+)", lambda found: colours[found[1]], _SHEET)


_SHEET = """
.ingle-window { background: transparent; }
.ingle-popup { background: @window; color: @text; border: 1px solid @edge; }
.ingle-popup.floating { border-radius: 0.85em; margin: 18px; box-shadow: 0 4px 16px @shadow; }
.ingle-popup label { color: @text; }
.ingle-popup label.dim { color: @dim; }
.ingle-popup label.accent { color: @accent; font-weight: bold; }

.ingle-chip { background: @card; border: 1px solid @line; border-left: 0.25em solid @accent;
  border-radius: 0.5em; padding: 0.5em 0.4em 0.55em 0.75em; }
.ingle-chip label.title { font-weight: bold; }
.ingle-popup button.drop { min-height: 1.6em; min-width: 1.6em; padding: 0; }
.ingle-popup button.drop label { font-size: 1.3em; color: @dim; }

.ingle-prompt { background: @card; border: 1px solid @edge; border-radius: 0.6em; padding: 0 0.7em; }
.ingle-prompt.focused { border-color: @accent; box-shadow: 0 0 0 1px @accent; }
.ingle-prompt entry { background: transparent; border: none; box-shadow: none; outline: none;
  color: @text; caret-color: @accent; font-size: 1.15em; min-height: 2.5em; padding: 0; }
.ingle-prompt entry selection { background: @accent; color: @on_accent; }
.ingle-prompt label.hint { color: @dim; font-size: 1.15em; padding-left: 2px; }
.ingle-prompt label.tag { background: @chosen; color: @text; border-radius: 0.4em;
  padding: 0.15em 0.55em; font-weight: bold; }

.ingle-popup list { background: transparent; }
.ingle-popup row { background: transparent; color: @text; border-radius: 0.5em;
  padding: 0.42em 0.7em; outline: none; }
.ingle-popup row:hover { background: @hover; }
.ingle-popup row:selected { background: @chosen; box-shadow: inset 0.22em 0 0 @accent; }
.ingle-popup row label.title { font-weight: bold; }
.ingle-popup row label.badge { color: @dim; font-size: 0.88em; border: 1px solid @edge;
  border-radius: 1em; padding: 0 0.6em; }

.ingle-popup .key { color: @dim; background: @card; border: 1px solid @edge;
  border-radius: 0.35em; padding: 0 0.4em; font-size: 0.82em; }
.ingle-popup .answer, .ingle-popup .answer text { background: transparent; color: @text; }
.ingle-popup .answer text selection { background: @accent; color: @on_accent; }
.ingle-popup .frame { background: @card; border: 1px solid @line; border-radius: 0.6em; }
.ingle-popup .trouble { background: @card; border: 1px solid @line;
  border-left: 0.25em solid @removed; border-radius: 0.5em; padding: 0.75em 0.9em; }
.ingle-popup .trouble label.title { font-weight: bold; }

.ingle-popup button { background: @card; color: @text; border: 1px solid @edge;
  border-radius: 0.5em; box-shadow: none; text-shadow: none; padding: 0.3em 0.8em; outline: none; }
.ingle-popup button label { color: @text; }
.ingle-popup button:hover { background: @hover; }
.ingle-popup button:focus { border-color: @accent; box-shadow: 0 0 0 1px @accent; }
.ingle-popup button:checked { background: @chosen; }
.ingle-popup button.flat { background: transparent; border-color: transparent; }
.ingle-popup button.flat:hover { background: @hover; }
.ingle-popup button.flat:focus { border-color: @accent; }
.ingle-popup button.default { background: @accent; border-color: @accent; }
.ingle-popup button.default label { color: @on_accent; font-weight: bold; }
.ingle-popup button.default:focus { box-shadow: 0 0 0 1px @window, 0 0 0 3px @accent; }

.ingle-foot { border-top: 1px solid @line; padding: 0.45em 1em 0.5em 1em; }
.ingle-foot label { font-size: 0.88em; }
.ingle-popup overshoot, .ingle-popup undershoot { background: none; }
.ingle-popup scrollbar { background: transparent; border: none; }
.ingle-popup scrollbar slider { background: @edge; border: none; border-radius: 1em;
  min-width: 0.35em; min-height: 2em; }
"""
