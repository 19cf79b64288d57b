"""`ingle stop`: ends the daemon and its children, and waits until they are gone."""

import argparse
import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ingle.cli import exits
from ingle.cli.session import Session
from ingle.client import Ingle
from ingle.errors import ConnectionLost, DaemonNotRunning, IngleError

EXAMPLES = """
ingle stop
"""

PATIENCE_S = 10.0
"""The daemon promises 3 s; on a machine that swaps it may take longer."""


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(args: argparse.Namespace, session: Session) -> int:
    try:
        ingle = session.connect(start=False)
    except DaemonNotRunning:
        was_running = False
    else:
        was_running = True
        with ingle:
            end(ingle)
    output = session.output
    if output.as_json:
        output.json({"ok": True, "was_running": was_running})
    elif not output.is_quiet:
        output.line("ingled has ended" if was_running else "ingled was not running")
    return exits.OK


@contextmanager
def _process(pid: int) -> Iterator[Callable[[], bool]]:
    """A function that waits for the process to end. Made before it is told to: afterwards the
    number may be somebody else's."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:  # a daemon in another PID namespace: nothing to wait for
        yield lambda: True
        return
    try:
        yield lambda: bool(select.select([process], [], [], PATIENCE_S)[0])
    finally:
        os.close(process)


def end(ingle: Ingle) -> None:
    """Have the daemon stop and wait until it has. Raises `IngleError` where it does not."""
    pid = ingle.status().pid  # not SO_PEERCRED: with socket activation that is systemd
    with _process(pid) as ended:
        with suppress(ConnectionLost):
            ingle.call("daemon.stop")
        has_ended = ended()
    if not has_ended:
        raise IngleError(
            f"ingled (pid {pid}) has not ended after {PATIENCE_S:.0f} s", f"`kill -9 {pid}` ends it"
        )


def end_process(pid: int, name: str) -> None:
    """Have a program of ours end and wait until it has. Raises `IngleError` where it does not."""
    with _process(pid) as ended:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        has_ended = ended()
    if not has_ended:
        raise IngleError(
            f"{name} (pid {pid}) has not ended after {PATIENCE_S:.0f} s", f"`kill -9 {pid}` ends it"
        )
