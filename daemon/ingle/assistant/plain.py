"""Output that cannot do anything but be read: no control, bidirectional or invisible characters.

A model may copy what a hostile text holds. Terminals, notifications and trays obey escape
sequences; here, at the daemon's output edge, they lose their power. Pure.
"""

import re

_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u00ad\u061c\u180e"
    "\u200b\u200e\u200f"  # zero width space and direction marks; ZWJ and ZWNJ spell words and emoji
    "\u2028\u2029\u202a-\u202e\u2060-\u206f"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f"  # tags: a whole hidden alphabet
    "]"
)
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|.)"
)


def plain(text: str) -> str:
    """`text` without what is not to be seen; escape sequences go as a whole."""
    if _INVISIBLE.search(text) is None:
        return text
    return _INVISIBLE.sub("", _ESCAPE.sub("", text.replace("\r\n", "\n")))
