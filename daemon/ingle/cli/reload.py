"""`ingle reload`: applies a changed configuration, all of it or nothing."""

import argparse

from ingle.cli import exits
from ingle.cli.session import Session
from ingle.client.requests import Wanted
from ingle.wire.calls.daemon import ReloadResult

EXAMPLES = """
$EDITOR ~/.config/ingle/config.toml && ingle reload
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(args: argparse.Namespace, session: Session) -> int:
    output = session.output
    result = session.ask(Wanted("daemon.reload", {}, ReloadResult), start=False)
    if output.as_json:
        output.json(result)
        return exits.OK
    changed = ", ".join(result.changed)
    output.line(f"applied: {changed}" if changed else "nothing has changed")
    if result.restart_needed:
        waiting = ", ".join(result.restart_needed)
        output.line(f"after a new start (`ingle stop`, then anything): {waiting}")
    return exits.OK
