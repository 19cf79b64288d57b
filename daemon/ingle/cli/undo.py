"""`ingle undo`: take back what was last replaced in another program."""

import argparse

import msgspec

from ingle.cli import exits
from ingle.cli.session import Session
from ingle.client.requests import Wanted, given

EXAMPLES = """
ingle undo
"""


class Undone(msgspec.Struct):
    """What the plugin selection answers. `text` is what was there before, where it was not put back."""

    undone: bool
    reason: str | None = None
    text: str | None = None


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", nargs="?", help="which replacement; the last one by default")


def run(args: argparse.Namespace, session: Session) -> int:
    params = {"plugin": "selection", "command": "undo", "args": given(id=args.id)}
    done = session.ask(Wanted("plugin.call", params, Undone))
    output = session.output
    if output.as_json:
        output.json(done)
    elif done.undone:
        output.note("the old text is back")
    else:
        output.complain(f"not undone: {done.reason}")
        if done.text:
            output.line(done.text)
    return exits.OK if done.undone else exits.ERROR
