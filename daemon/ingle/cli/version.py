"""`ingle version`: of the command, and of the daemon where one runs."""

import argparse

import ingle
from ingle.cli import exits
from ingle.cli.session import Session
from ingle.errors import Unavailable

EXAMPLES = """
ingle version
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(args: argparse.Namespace, session: Session) -> int:
    running = _running(session)
    if session.output.as_json:
        session.output.json({"version": ingle.__version__, "daemon": running})
        return exits.OK
    session.output.line(f"ingle {ingle.__version__}")
    if running and running != ingle.__version__:
        session.output.note(f"the running daemon is {running}; `ingle stop` ends it")
    return exits.OK


def _running(session: Session) -> str | None:
    try:
        with session.connect(start=False) as connection:
            return connection.status().version
    except Unavailable:
        return None
