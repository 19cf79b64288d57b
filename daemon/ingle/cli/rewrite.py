"""`ingle rewrite`: a text in other words."""

import argparse

from ingle.cli import exits, texts
from ingle.cli.answers import show_skill
from ingle.cli.session import Session
from ingle.client import requests

EXAMPLES = """
ingle rewrite mail.txt
ingle rewrite --tone friendly mail.txt
echo "gimme the report asap" | ingle rewrite --tone formal -
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a text file; `-` reads standard input")
    parser.add_argument("--tone", metavar="TONE", help="formal, friendly, short, ... in a word or two")
    parser.add_argument("--anyway", action="store_true", help="use a model that is too small for it")


def run(args: argparse.Namespace, session: Session) -> int:
    text = texts.read_text(args.file, "rewrite", session.text_bytes)
    chosen = {"tone": args.tone} if args.tone else {}
    show_skill(session, requests.run("rewrite", text, chosen, anyway=args.anyway or None))
    return exits.OK
