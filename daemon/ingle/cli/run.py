"""`ingle run`: any skill, built in or of one's own."""

import argparse
from collections.abc import Sequence

from ingle.cli import exits, texts
from ingle.cli.answers import show_skill
from ingle.cli.output import DIM, Output
from ingle.cli.session import Session
from ingle.client import requests
from ingle.client.requests import Wanted
from ingle.errors import InvalidParams
from ingle.wire.calls.assistant import SkillInfo

EXAMPLES = """
ingle run --list
ingle run title article.txt
ingle run translate letter.txt --arg to=German
git diff | ingle run explain -
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("skill", metavar="SKILL", nargs="?", help="a skill's name")
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="a text file; `-` (the default) reads stdin"
    )
    parser.add_argument("-l", "--list", action="store_true", help="show the skills and what they take")
    parser.add_argument(
        "-a", "--arg", metavar="NAME=VALUE", action="append", default=[], help="an argument of the skill"
    )
    parser.add_argument(
        "--adapter",
        metavar="NAME[:SCALE]",
        help="let a LoRA adapter of the library change the model; scale 0 to 4, 1 is as trained",
    )
    parser.add_argument("--anyway", action="store_true", help="use a model that is too small for it")


def run(args: argparse.Namespace, session: Session) -> int:
    if args.list:
        return _list(session)
    if args.skill is None:
        raise InvalidParams("which skill?", "`ingle run --list` shows them")
    given = arguments(args.arg)
    text = texts.read_text(args.file, f"run {args.skill}", session.text_bytes)
    wanted = requests.run(args.skill, text, given, adapter=args.adapter, anyway=args.anyway or None)
    show_skill(session, wanted)
    return exits.OK


def arguments(pairs: Sequence[str]) -> dict[str, str]:
    """`["name=value", ...]` as a mapping. Raises `InvalidParams`."""
    for pair in pairs:
        if not pair.partition("=")[0] or "=" not in pair:
            raise InvalidParams(f"{pair!r} is not NAME=VALUE", "for example: --arg to=German")
    return {pair.partition("=")[0]: pair.partition("=")[2] for pair in pairs}


def _list(session: Session) -> int:
    skills = session.ask(Wanted("skill.list", {}, list[SkillInfo]))
    if session.output.as_json:
        session.output.json(skills)
    else:
        _show(skills, session.output)
    return exits.OK


def _show(skills: Sequence[SkillInfo], output: Output) -> None:
    rows = [
        (skill.name, skill.needs, skill.strategy if skill.available else "unavailable", skill.summary)
        for skill in skills
    ]
    output.table(rows, ("skill", "needs", "now", "what it does"))
    for skill in skills:
        for name, meaning in skill.args.items():
            output.line(f"  {skill.name} --arg {name}=...  {meaning}", DIM)
    for skill in skills:
        if skill.reason:
            output.note(f"{skill.name}: {skill.reason}")
