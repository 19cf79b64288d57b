"""`ingle events`: what happens in the daemon, as it happens, until Ctrl-C."""

import argparse
import time
from typing import Any, get_args

from ingle.cli import exits, words
from ingle.cli.output import encoded, one_line
from ingle.cli.session import Session
from ingle.client import Event
from ingle.vocabulary import Topic

EXAMPLES = """
ingle events
ingle events skill
ingle --json events skill | jq -r 'select(.name == "summary.ready").data.text'
"""

TOPICS: tuple[str, ...] = get_args(Topic)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "topics",
        metavar="TOPIC",
        nargs="*",
        type=topic,
        help=f"some of {', '.join(TOPICS)}; all without it",
    )


def topic(text: str) -> str:
    """A topic's name, for argparse."""
    if text not in TOPICS:
        raise argparse.ArgumentTypeError(f"there is no topic {text!r}: choose from {', '.join(TOPICS)}")
    return text


def run(args: argparse.Namespace, session: Session) -> int:
    output = session.output
    with session.connect(shows_waiting=False) as ingle:
        heard = ingle.events(*args.topics)
        output.note("listening; Ctrl-C ends it")
        for event in heard:
            if output.as_json:
                output.json(event._asdict())
            else:
                output.line(event_line(event, time.time()))
                output.flush()
    return exits.OK


def event_line(event: Event, now: float) -> str:
    """An event in one line, with what a person wants to know of the common ones."""
    return f"{words.clock(now)}  {event.topic}  {event.name}  {_gist(event)}".rstrip()


def _gist(event: Event) -> str:
    data: Any = event.data if isinstance(event.data, dict) else {}
    match event.topic, event.name:
        case "skill", "summary.ready":
            return f"{data.get('title') or data.get('origin')}: {one_line(str(data.get('text')), 300)}"
        case "skill", "result.ready":
            return f"{data.get('kind')}: {one_line(str(data.get('title')), 300)}"
        case "skill", "summary.failed":
            return f"{data.get('title') or data.get('origin')}: {data.get('reason')}"
        case "engine", _:
            return " ".join(str(data[key]) for key in ("state", "model", "reason") if data.get(key))
        case "plugin", _:
            return " ".join(str(data[key]) for key in ("name", "state", "reason") if data.get(key))
    return one_line(encoded(event.data), 300)
