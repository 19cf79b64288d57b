"""Command lines: the options that every command has, help with examples, errors with a next step."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

import ingle
from ingle.cli import exits, registry
from ingle.cli.registry import COMMANDS, GROUPS

DESCRIPTION = "Ingle: the assistant that lives on your own machine."

FIRST_STEPS = """\
first steps:
  ingle summarize article.txt        a summary, written while you watch
  ingle ask "When is it due?" -      a question about standard input
  ingle status                       what runs, and how it is
  ingle COMMAND --help               all about a command, with examples
"""


class Parser(argparse.ArgumentParser):
    """An argument parser that keeps our tone: message, hint, exit code 2."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(exits.USAGE, f"ingle: {message}\nhint: `{self.prog} --help` shows how\n")


class CommandParser(Parser):
    """A parser of a command or of one of its actions: argparse makes the latter of the same class."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        add_globals(self)


def add_globals(parser: argparse.ArgumentParser) -> None:
    """The options that may stand before and after a command."""
    group = parser.add_argument_group("options of every command")
    quiet = argparse.SUPPRESS  # the defaults are in `DEFAULTS`: a second parser must not reset them
    group.add_argument("--json", action="store_true", default=quiet, help="print JSON, one value a line")
    group.add_argument("--socket", metavar="PATH", default=quiet, help="the daemon's socket")
    group.add_argument(
        "--no-start", action="store_true", default=quiet, help="never start the daemon, say how instead"
    )
    group.add_argument(
        "-q", "--quiet", action="store_true", default=quiet, help="print the result and nothing else"
    )


DEFAULTS: dict[str, Any] = {"json": False, "socket": None, "no_start": False, "quiet": False}


def parse(argv: Sequence[str]) -> tuple[str, argparse.Namespace]:
    """The command and its arguments. Exits as argparse does: 0 after help, 2 after a mistake."""
    first = _top(add_help=True)
    first.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    first.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    args = first.parse_args(argv, argparse.Namespace(**DEFAULTS))
    name, rest = args.command, args.rest
    if name is None:
        first.print_help()
        first.exit(exits.USAGE)
    if name == "help":
        name, rest = (rest[0], ["--help"]) if rest else (None, rest)
        if name is None:
            first.print_help()
            first.exit(exits.OK)
    if name not in COMMANDS:
        _unknown(first, name)
    del args.command, args.rest
    return name, command_parser(name).parse_args(rest, args)


def command_parser(name: str) -> Parser:
    """The parser of one command; imports the command's module only."""
    command = registry.load(name)
    parser = CommandParser(prog=f"ingle {name}", description=_sentence(name), epilog=_examples(command))
    command.configure(parser)
    return parser


def whole_parser() -> Parser:
    """Everything in one tree, for completion scripts and tests; imports all commands."""
    parser = _top(add_help=True)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=CommandParser)
    for name, summary in COMMANDS.items():
        command = registry.load(name)
        sub = commands.add_parser(
            name, help=summary, description=_sentence(name), epilog=_examples(command)
        )
        command.configure(sub)
    return parser


def _top(*, add_help: bool) -> Parser:
    parser = Parser(
        prog="ingle",
        usage="ingle [OPTIONS] COMMAND ...",
        description=f"{DESCRIPTION}\n\n{_overview()}",
        epilog=f"{FIRST_STEPS}\n{exit_codes()}",
        add_help=add_help,
    )
    add_globals(parser)
    parser.add_argument("--version", action="version", version=f"ingle {ingle.__version__}")
    return parser


def _overview() -> str:
    lines: list[str] = []
    for title, commands in GROUPS.items():
        lines += [f"{title}:", *(f"  {name:<11} {text}" for name, text in commands.items()), ""]
    return "\n".join(lines).rstrip()


def exit_codes() -> str:
    rows = (f"  {code:<4} {meaning}" for code, meaning in exits.MEANINGS.items())
    return "\n".join(("exit codes:", *rows))


def _sentence(name: str) -> str:
    text = COMMANDS[name]
    return f"{text[0].upper()}{text[1:]}."


def _examples(command: registry.Command) -> str:
    lines = command.EXAMPLES.strip().splitlines()
    return "\n".join(("examples:", *(f"  {line}" for line in lines)))


def _unknown(parser: Parser, name: str) -> NoReturn:
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes only

    close = get_close_matches(name, COMMANDS, n=1)
    guess = f"; did you mean `ingle {close[0]}`?" if close else ""
    parser.error(f"there is no command {name!r}{guess}")
