"""What a plugin may ask for, in words for the person who approves it.

The grants of the wire are enforced by the dispatcher at every call. Those of the device are
what the plugin's process can reach; they are shown and approved like the others.
"""

from ingle.wire.schema import GRANTS

DEVICE: dict[str, str] = {
    "display": "connect to the display (X11 or Wayland)",
    "clipboard": "read what is copied and set the clipboard",
    "session-bus": "speak on the D-Bus session bus",
    "system-bus": "speak on the D-Bus system bus",
    "notifications": "show desktop notifications",
    "files": "read files in the folders that its settings name",
    "open": "open a file with the desktop's program for it",
    "input": "read the keyboards themselves: every key that is pressed in any program",
}

MEANINGS: dict[str, str] = {**GRANTS, **DEVICE}


def of_the_wire(grants: frozenset[str]) -> frozenset[str]:
    """Those that the dispatcher knows."""
    return grants & GRANTS.keys()
