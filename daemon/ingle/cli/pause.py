"""`ingle pause`: plugins stop sending and background work stops, at once."""

import argparse

from ingle.cli import exits
from ingle.cli.session import Session
from ingle.client.requests import Wanted
from ingle.wire.calls.base import Done

EXAMPLES = """
ingle pause
ingle resume
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(args: argparse.Namespace, session: Session) -> int:
    wanted = Wanted("daemon.pause", {}, Done)
    session.do(wanted, "paused: nothing is read from the desktop until `ingle resume`", start=False)
    return exits.OK
