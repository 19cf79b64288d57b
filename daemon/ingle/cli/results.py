"""`ingle results`: the last summaries, answers and rewrites, kept in memory only."""

import argparse

from ingle.cli import exits, words
from ingle.cli.output import one_line
from ingle.cli.session import Session
from ingle.client.requests import Wanted, given
from ingle.wire.calls.result import ResultForgetResult, ResultInfo

EXAMPLES = """
ingle results
ingle results a1b2c3d4e5f6 | wl-copy
ingle --json results -n 1 | jq -r '.[0].text'
ingle results --forget
"""

TITLE_CHARS, TEXT_CHARS = 40, 60


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", nargs="?", help="show the whole text of this one")
    parser.add_argument("-n", "--limit", type=int, metavar="N", help="how many at most")
    parser.add_argument("--forget", action="store_true", help="forget it, or without ID all of them")


def run(args: argparse.Namespace, session: Session) -> int:
    if args.forget:
        return _forget(args, session)
    return _list(args, session) if args.id is None else _show(args, session)


def _list(args: argparse.Namespace, session: Session) -> int:
    results = session.ask(Wanted("result.list", given(limit=args.limit), list[ResultInfo]))
    if session.output.as_json:
        session.output.json(results)
        return exits.OK
    rows = [
        (
            result.id,
            words.clock(result.at),
            result.kind,
            one_line(result.title, TITLE_CHARS),
            one_line(result.text, TEXT_CHARS),
        )
        for result in results
    ]
    session.output.table(rows, ("id", "at", "kind", "title", "text"))
    if not rows:
        session.output.note("nothing was summarised, answered or rewritten lately")
    return exits.OK


def _show(args: argparse.Namespace, session: Session) -> int:
    result = session.ask(Wanted("result.get", {"id": args.id}, ResultInfo))
    if session.output.as_json:
        session.output.json(result)
        return exits.OK
    session.output.text(result.text)
    session.output.end_text()
    return exits.OK


def _forget(args: argparse.Namespace, session: Session) -> int:
    result = session.ask(Wanted("result.forget", given(id=args.id), ResultForgetResult))
    if session.output.as_json:
        session.output.json(result)
    elif not session.output.is_quiet:
        session.output.line(f"forgotten: {words.count(result.forgotten, 'result')}")
    return exits.OK
