"""`ingle desktop`: runs in the graphical session and starts the plugins there that need one."""

import argparse
import asyncio
import os
import signal
from collections.abc import Callable

from ingle.cli import exits
from ingle.cli.session import Session
from ingle.errors import DaemonNotRunning

EXAMPLES = """
ingle desktop                 # in the session that the plugins shall work in, until Ctrl-C
ingle desktop --with-daemon   # start the daemon too (sessions without systemd)
systemctl --user start ingle-desktop
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--with-daemon", action="store_true", help="start the daemon first if it does not run"
    )


def run(args: argparse.Namespace, session: Session) -> int:
    """Until it is told to stop, or until another session takes over: both are fine."""
    from ingle.plughost import launchers  # noqa: PLC0415 - asyncio and all below it
    from ingle.procs.privacy import keep_private  # noqa: PLC0415
    from ingle.server import systemd  # noqa: PLC0415

    def tell(line: str) -> None:
        systemd.notify(os.environ, f"STATUS={line}")
        if session.output.as_json:
            session.output.json({"state": line})
        elif not session.output.is_quiet:
            session.output.complain(line)

    keep_private()
    if args.with_daemon:
        _start_daemon(session, tell)
    systemd.notify(os.environ, "READY=1")  # it holds up no session, whether the daemon is there or not
    with launchers.enrolled(session.paths.socket.parent):
        reason = asyncio.run(_live(session, tell))
    systemd.notify(os.environ, "STOPPING=1")
    if reason:
        tell(reason)
    return exits.OK


def _start_daemon(session: Session, tell: Callable[[str], None]) -> None:
    """One that leaves desktop plugins to us; why it does not start is told, and it may come later."""
    from ingle.cli.starting import start_daemon  # noqa: PLC0415 - subprocess is slow to import

    try:
        session.connect(start=False, shows_waiting=False).close()
    except DaemonNotRunning:
        try:
            start_daemon(session.paths.socket, "--no-desktop")
        except DaemonNotRunning as error:
            tell(error.message)


async def _live(session: Session, tell: Callable[[str], None]) -> str:
    """Gives why it ended, empty when it was told to."""
    from ingle.plughost.offering import Offering  # noqa: PLC0415 - watchdog's threads
    from ingle.server import systemd  # noqa: PLC0415

    stopped = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    stopping = asyncio.ensure_future(stopped.wait())
    feeding = asyncio.ensure_future(systemd.feed_watchdog(os.environ))
    keeping = asyncio.ensure_future(Offering(session.paths.socket, tell).keep())
    await asyncio.wait([keeping, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (stopping, keeping):
        task.cancel()
    await asyncio.wait([keeping])
    feeding.cancel()
    return "" if keeping.cancelled() else keeping.result()
