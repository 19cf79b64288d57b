"""Reads the input devices with the `keyboard` library, in a process that knows nothing else.

    reader.py CHORDS DEVICE...

`CHORDS` is JSON, [[modifiers, code of evdev], ...]. It writes "reads" when it reads, and then the
index of each chord that is pressed: no other key leaves this process. It ends when its standard
input closes or a device goes away. `keyboard.hook` with a state of our own is used because
`add_hotkey` compares with the state of a moment later, and then misses presses or repeats them.
"""

import json
import os
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import Any

from matching import PLACES, Matcher

warnings.simplefilter("ignore")  # the library is of 2020

import keyboard  # noqa: E402
from keyboard import _nixcommon, _nixkeyboard  # noqa: E402

GONE = 3


def prepare(devices: Sequence[str]) -> None:
    """Give the library the devices and the names that it would look for as root.

    It asks for root to make an output device and to run `dumpkeys`; neither is needed to listen.
    """
    for name, (left, right) in PLACES.items():
        for code in (left, right):
            _nixkeyboard.to_name[code, ()] = [name.lower()]
            _nixkeyboard.from_name[name.lower()].append((code, ()))
    inputs = [_nixcommon.EventDevice(path) for path in devices]
    for device in inputs:
        device.input_file  # noqa: B018 - opened now, so that an error is seen
    _nixkeyboard.device = _nixcommon.AggregatedEventDevice(inputs)


def say(word: object) -> None:
    os.write(1, f"{word}\n".encode())


def end(*_: Any) -> None:
    """A device is gone: whoever started this process looks which are there."""
    os._exit(GONE)


def main() -> None:
    matcher = Matcher([(names, code) for names, code in json.loads(sys.argv[1])])
    threading.excepthook = end

    def take(event: Any) -> None:
        found = matcher.take(event.scan_code, event.event_type == keyboard.KEY_DOWN, event.device)
        if found is not None:
            say(found)

    prepare(sys.argv[2:])
    keyboard.hook(take)
    say("reads")
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
