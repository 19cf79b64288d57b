"""The table of commands. A command's module is imported only when it runs.

A command is a module `ingle.cli.<name>` with `EXAMPLES`, `configure(parser)` and
`run(args, session) -> exit code`.
"""

import argparse
import importlib
from typing import Any, Protocol, cast

from ingle.cli.session import Session

GROUPS: dict[str, dict[str, str]] = {
    "work on texts": {
        "ask": "answer a question, from a text or from what was copied lately",
        "summarize": "summarise a text of any kind",
        "rewrite": "say a text in other words, in another tone",
        "run": "run any skill on a text; `--list` shows them",
        "undo": "take back what was last replaced in another program",
        "popup": "open the popup on what is selected, or on a text",
    },
    "see and steer": {
        "status": "how the daemon, the model and the plugins are",
        "doctor": "look for what is wrong and say what to do",
        "pause": "stop plugins and background work at once",
        "resume": "go on after pause or park",
        "reload": "apply a changed configuration",
        "serve": "run the daemon here, in the foreground",
        "desktop": "run desktop plugins here, in the graphical session",
        "stop": "end the daemon",
        "log": "what the daemon wrote into its log",
    },
    "arrange": {
        "setup": "have Ingle there after login; `--remove` takes it back",
        "model": "list, pull, add, choose, estimate, measure and keep models",
        "plugin": "list, enable, disable, call and write plugins",
        "context": "what is remembered: list, read, add, search, forget",
        "results": "the last summaries, answers and rewrites",
    },
    "program": {
        "rpc": "call any method of the daemon",
        "events": "print what happens, as it happens",
        "completion": "print a completion script for a shell",
        "version": "print the version",
    },
}

COMMANDS: dict[str, str] = {name: text for group in GROUPS.values() for name, text in group.items()}


class Command(Protocol):
    """The module of a command."""

    EXAMPLES: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments."""

    def run(self, args: argparse.Namespace, session: Session) -> int:
        """Do it; gives the exit code. Raises `IngleError`."""


def load(name: str) -> Command:
    module: Any = importlib.import_module(f"ingle.cli.{name}")
    return cast("Command", module)
