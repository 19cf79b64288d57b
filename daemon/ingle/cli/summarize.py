"""`ingle summarize`: a summary of a file or of standard input."""

import argparse

from ingle.cli import exits, texts
from ingle.cli.answers import show_skill
from ingle.cli.session import Session
from ingle.client import requests

EXAMPLES = """
ingle summarize article.txt
curl -s https://example.org | pandoc -f html -t plain | ingle summarize -
xclip -o -selection clipboard | ingle summarize -
ingle --json summarize article.txt | jq -r 'select(.result).result.text'
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a text file; `-` reads standard input")
    parser.add_argument("--anyway", action="store_true", help="use a model that is too small for it")


def run(args: argparse.Namespace, session: Session) -> int:
    text = texts.read_text(args.file, "summarize", session.text_bytes)
    show_skill(session, requests.run("summarize", text, {}, anyway=args.anyway or None))
    return exits.OK
