"""`ingle summarize`: a summary of a file, of standard input, or of what is on the clipboard."""

import argparse
from collections.abc import Iterator
from typing import Any

from ingle.cli import exits, texts
from ingle.cli.answers import show_skill
from ingle.cli.output import BOLD
from ingle.cli.session import Session
from ingle.client import Event, requests
from ingle.errors import InvalidParams, NotPermitted, Unavailable

EXAMPLES = """
ingle summarize article.txt
ingle summarize --clipboard
curl -s https://example.org | pandoc -f html -t plain | ingle summarize -
ingle --json summarize article.txt | jq -r 'select(.result).result.text'
"""

CLIPBOARD = {"plugin": "clipboard", "command": "summarize_now"}


def configure(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", metavar="FILE", nargs="?", help="a text file; `-` reads standard input")
    what.add_argument(
        "--clipboard", action="store_true", help="what was copied, by the plugin clipboard"
    )
    parser.add_argument("--anyway", action="store_true", help="use a model that is too small for it")


def run(args: argparse.Namespace, session: Session) -> int:
    if args.clipboard:
        return _clipboard(args, session)
    text = texts.read_text(args.file, "summarize", session.text_bytes)
    show_skill(session, requests.run("summarize", text, {}, anyway=args.anyway or None))
    return exits.OK


def _clipboard(args: argparse.Namespace, session: Session) -> int:
    """The plugin hands it over, the daemon summarises it, and its events tell the rest."""
    if args.anyway:
        raise InvalidParams("--anyway does not go with --clipboard", "skills.allow_weak does the same")
    with session.connect() as ingle:
        heard = ingle.events("skill")
        taken = ingle.call("plugin.call", **CLIPBOARD)
        if not taken["accepted"]:
            raise NotPermitted(f"not taken: {taken['reason'] or 'no reason given'}", "")
        _show(session, (event for event in heard if event.data.get("item") == taken["id"]))
    return exits.OK


def _show(session: Session, events: Iterator[Event]) -> None:
    """The summary while it comes. Raises `Unavailable` with the reason when it fails."""
    output, was_streamed = session.output, False
    for event in events:
        match event.name:
            case "summary.delta":
                was_streamed, piece = True, str(event.data["text"])
                output.json({"delta": piece}) if output.as_json else output.text(piece)
            case "summary.failed":
                raise Unavailable(f"not summarised: {event.data['reason']}")
            case "summary.ready":
                _finish(session, event.data, was_streamed)
                return


def _finish(session: Session, data: dict[str, Any], was_streamed: bool) -> None:
    output = session.output
    if output.as_json:
        output.json({"result": data})
        return
    if not was_streamed:
        output.text(data["text"])
    output.end_text()
    if data.get("title") and output.out_is_terminal and not output.is_quiet:
        output.line(f"— {data['title']}", BOLD)
