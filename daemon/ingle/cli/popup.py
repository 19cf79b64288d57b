"""`ingle popup`: open the popup, with a text of one's own if need be."""

import argparse

from ingle.cli import exits, texts
from ingle.cli.session import Session

EXAMPLES = """
ingle popup
ingle popup --skill rewrite
ingle popup letter.txt
git diff | ingle popup --skill explain -
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="a text to work on, `-` for standard input; without one what is selected",
    )
    parser.add_argument("--skill", metavar="SKILL", default="", help="run this skill at once")


def run(args: argparse.Namespace, session: Session) -> int:
    text = texts.read_text(args.file, "popup", session.text_bytes) if args.file else ""
    params = {"plugin": "popup", "command": "show", "args": {"skill": args.skill, "text": text}}
    with session.connect(frame_bytes=session.frame_bytes) as ingle:
        ingle.call("plugin.call", **params)
    return exits.OK
