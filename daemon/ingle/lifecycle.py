"""`ingled`: from a process to a running daemon and back: arguments, signals, exit codes.

Exit codes: 0 stopped as asked, 1 could not start (somebody has the socket) or a bug, 78 bad
configuration (which another start would not mend), 130 stopped with Ctrl-C before it served.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence

from ingle import __version__, config, logs
from ingle.app import App
from ingle.config import Config
from ingle.errors import ConfigError, IngleError
from ingle.paths import Paths
from ingle.procs.privacy import keep_private
from ingle.server import systemd
from ingle.server.socket import listening

log = logging.getLogger(__name__)

BAD_CONFIG = 78
"""EX_CONFIG of sysexits.h; `ingle.service` does not start again after it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon in the foreground until it is told to stop."""
    arguments = _parser().parse_args(argv)
    keep_private()
    try:
        paths = Paths.from_environment()
        settings = config.load(paths.config_file)
        _configure_logs(paths, arguments.log_level or settings.daemon.log_level)
        inherited = systemd.inherited_socket(os.environ)
        with listening(paths.socket, inherited) as server:
            asyncio.run(_serve(paths, settings, server, hosts_desktop=not arguments.no_desktop))
    except IngleError as error:
        hint = f"\n  {error.hint}" if error.hint else ""
        sys.stderr.write(f"ingled: {error.message}{hint}\n")
        return BAD_CONFIG if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        return 130
    except Exception:  # the barrier: the log gets the traceback, a person never does
        log.exception("a bug ended ingled")
        sys.stderr.write("ingled: internal error\n  please report it with the end of `ingle log`\n")
        return 1
    return 0


async def _serve(paths: Paths, settings: Config, server: socket.socket, *, hosts_desktop: bool) -> None:
    app = App(paths, settings, server, hosts_desktop=hosts_desktop)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, _stop, app)
    reloads: set[asyncio.Task[None]] = set()
    loop.add_signal_handler(
        signal.SIGHUP, lambda: reloads.add(loop.create_task(app.reload_from_signal()))
    )
    await app.run(os.environ)


def _stop(app: App) -> None:
    """The first signal stops in order, a second one at once; children notice their closed sockets."""
    if app.is_stopping:
        os._exit(1)
    app.stop()


def _configure_logs(paths: Paths, level: str) -> None:
    """A file keeps the log; a terminal shows it too, and the journal has it where systemd runs us."""
    is_read = sys.stderr.isatty() or logs.is_journal(sys.stderr, os.environ)
    logs.configure(level, paths.log_file, to_stderr=is_read)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ingled",
        description="The Ingle daemon: keeps the model resident and answers on a local socket.",
        epilog="It runs in the foreground; `ingle stop`, Ctrl-C or SIGTERM end it, SIGHUP reloads.",
    )
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"])
    parser.add_argument(
        "--no-desktop",
        action="store_true",
        help="leave plugins that need a display or session bus to `ingle desktop`",
    )
    parser.add_argument("--version", action="version", version=f"ingled {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
