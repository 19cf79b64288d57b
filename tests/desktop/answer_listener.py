"""Hears how the answer in the popup grows: a program of its own on the accessibility bus.

It writes "listens", and then each change of the answer's text as a line of JSON: what was done
("insert" or "delete") and the text it was done with.
"""

import json
import os
from typing import Any

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402 - the version comes first


def tell(what: Any) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


def heard(event: Any) -> None:
    if event.source.get_name() == "Answer":
        tell({"did": event.type.split(":")[2], "text": event.any_data})


if __name__ == "__main__":
    Atspi.init()
    listener = Atspi.EventListener.new(heard)
    listener.register("object:text-changed")
    tell("listens")
    Atspi.event_main()
