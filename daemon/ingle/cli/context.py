"""`ingle context`: what the daemon remembers (in memory only) of what was copied and dropped."""

import argparse
from pathlib import Path
from typing import Any

from ingle.cli import exits, texts, words
from ingle.cli.output import BOLD, DIM, one_line
from ingle.cli.session import Session
from ingle.client.requests import Wanted, given
from ingle.errors import InvalidParams, NotFound, NotPermitted
from ingle.wire.calls.context import (
    ContextForgetResult,
    ContextHit,
    ContextItem,
    ContextItemInfo,
    ContextPutResult,
)

EXAMPLES = """
ingle context list
ingle context get 7
ingle context put notes.txt
echo "the code is on the fridge" | ingle context put - --title "where the code is"
ingle context search fridge
ingle context forget --all
"""

TITLE_CHARS = 60


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="what is remembered, the newest first")
    listing.add_argument("--kind", help="clipboard, file, note, ...")
    listing.add_argument("-n", "--limit", type=int, metavar="N", help="how many at most")
    get = actions.add_parser("get", help="the text of an item")
    get.add_argument("id", metavar="ID")
    put = actions.add_parser("put", help="hand over a text")
    put.add_argument("file", metavar="FILE", help="a text file; `-` reads standard input")
    put.add_argument("--kind", help="file for a file, note for standard input")
    put.add_argument("--title")
    search = actions.add_parser("search", help="find words")
    search.add_argument("query", metavar="WORDS", nargs="+")
    search.add_argument("-n", "--limit", type=int, metavar="N", help="how many at most")
    forget = actions.add_parser("forget", help="forget for good")
    what = forget.add_mutually_exclusive_group(required=True)
    what.add_argument("id", metavar="ID", nargs="?")
    what.add_argument("--kind", help="all of a kind")
    what.add_argument("--all", action="store_true", help="everything")


def run(args: argparse.Namespace, session: Session) -> int:
    return _ACTIONS[args.action](args, session)


def _list(args: argparse.Namespace, session: Session) -> int:
    items = session.ask(
        Wanted("context.list", given(kind=args.kind, limit=args.limit), list[ContextItemInfo])
    )
    if session.output.as_json:
        session.output.json(items)
        return exits.OK
    rows = [
        (
            item.id,
            words.clock(item.created),
            item.kind,
            f"{item.chars:,}",
            one_line(item.title or item.origin, TITLE_CHARS),
            "summarised" if item.summary else "",
        )
        for item in items
    ]
    session.output.table(rows, ("id", "since", "kind", "chars", "title", ""))
    if not rows:
        session.output.note("nothing is remembered")
    return exits.OK


def _get(args: argparse.Namespace, session: Session) -> int:
    item = session.ask(Wanted("context.get", {"id": args.id}, ContextItem))
    if session.output.as_json:
        session.output.json(item)
        return exits.OK
    session.output.text(item.text)
    session.output.end_text()
    return exits.OK


def _put(args: argparse.Namespace, session: Session) -> int:
    params = _source(args, session) | given(title=args.title)
    result = session.ask(Wanted("context.put", params, ContextPutResult))
    if session.output.as_json:
        session.output.json(result)
    elif result.accepted:
        session.output.line(f"remembered as {result.id}")
    if not result.accepted:
        raise NotPermitted(f"not taken: {result.reason or 'no reason given'}", "")
    return exits.OK


def _source(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    if args.file == texts.STDIN:
        text = texts.read_text(args.file, "context put", session.text_bytes)
        return {"kind": args.kind or "note", "text": text}
    path = Path(args.file).absolute()
    if path.is_dir():
        raise InvalidParams(f"{args.file}: is a directory", "give a text file")
    if not path.exists():
        raise NotFound(f"{args.file}: no such file", "`-` reads standard input")
    return {"kind": args.kind or "file", "path": str(path)}


def _search(args: argparse.Namespace, session: Session) -> int:
    params = given(query=" ".join(args.query), limit=args.limit)
    hits = session.ask(Wanted("context.search", params, list[ContextHit]))
    if session.output.as_json:
        session.output.json(hits)
        return exits.OK
    for hit in hits:
        session.output.line(f"{hit.id}  {one_line(hit.title, TITLE_CHARS)}", BOLD)
        session.output.line(f"    {one_line(hit.text)}", DIM)
    return exits.OK if hits else exits.NOT_FOUND


def _forget(args: argparse.Namespace, session: Session) -> int:
    params = given(id=args.id, kind=args.kind, all=args.all or None)
    result = session.ask(Wanted("context.forget", params, ContextForgetResult))
    if session.output.as_json:
        session.output.json(result)
    elif not session.output.is_quiet:
        session.output.line(f"forgotten: {words.count(result.forgotten, 'item')}")
    return exits.OK


_ACTIONS = {"list": _list, "get": _get, "put": _put, "search": _search, "forget": _forget}
