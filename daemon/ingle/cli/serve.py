"""`ingle serve`: the daemon in the foreground; the same as `ingled`."""

import argparse
import os

from ingle.cli.session import Session

EXAMPLES = """
ingle serve                  # until Ctrl-C; the log goes to the terminal
systemctl --user start ingle # in the background, where the unit is installed
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(args: argparse.Namespace, session: Session) -> int:
    from ingle import lifecycle  # noqa: PLC0415 - the whole daemon

    os.environ["INGLE_SOCKET"] = str(session.paths.socket)
    return lifecycle.main([])
