"""`ingle resume`: takes up again what pause or park stopped."""

import argparse

from ingle.cli import exits
from ingle.cli.session import Session
from ingle.client.requests import Wanted
from ingle.wire.calls.base import Done

EXAMPLES = """
ingle resume
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(args: argparse.Namespace, session: Session) -> int:
    wanted = Wanted("daemon.resume", {}, Done)
    session.do(wanted, "going on", start=False)
    return exits.OK
