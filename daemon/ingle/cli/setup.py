"""`ingle setup`: Ingle is there after login; `--remove` takes back everything that this wrote."""

import argparse
import os
from typing import TYPE_CHECKING

from ingle.cli import exits
from ingle.cli.session import Session
from ingle.errors import NotPermitted

if TYPE_CHECKING:
    from ingle.cli.installing.manager import Manager

EXAMPLES = """
ingle setup                                # shows the plugins and what they ask for, and asks
ingle setup --dry-run                      # what it would do
ingle setup --yes --plugins clipboard,notify
ingle setup --remove
"""


def configure(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--remove", action="store_true", help="take back what was set up")
    what.add_argument("--at-login", action="store_true", help="what the autostart file runs")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument(
        "--plugins", metavar="NAMES", help='these built-in plugins and no others, or "none"'
    )
    parser.add_argument("-y", "--yes", action="store_true", help="enable plugins without being asked")


def run(args: argparse.Namespace, session: Session) -> int:
    from ingle.cli.installing import login  # noqa: PLC0415 - subprocess, manifests
    from ingle.cli.installing.manager import Manager  # noqa: PLC0415 - as above

    manager = Manager(session.environ)
    if args.at_login:
        session.output.note(login.at_login(session, manager))
        return exits.OK
    _refuse_root(session)
    return _set_up(args, session, manager)


def _refuse_root(session: Session) -> None:
    if os.getuid() == 0 and session.environ.get("SUDO_USER", "root") != "root":
        raise NotPermitted(
            "with sudo it would be set up for root", "run `ingle setup` as yourself: it never needs root"
        )


def _set_up(args: argparse.Namespace, session: Session, manager: "Manager") -> int:
    from ingle.cli.installing import plugins  # noqa: PLC0415 - as above
    from ingle.cli.installing.installation import Installation  # noqa: PLC0415 - as above
    from ingle.cli.installing.steps import Steps  # noqa: PLC0415 - as above

    steps = Steps(session, args.dry_run)
    installation = Installation(session, steps, manager)
    if args.remove:
        installation.remove()
    else:
        wanted = plugins.undecided(session.paths, args.plugins)
        if not session.output.as_json and not session.output.is_quiet:
            plugins.show(wanted, session)
        is_sure = args.yes or args.dry_run
        installation.install(plugins.agreed(wanted, session, is_sure=is_sure))
    steps.finish()
    if not steps.is_dry:
        session.output.note("taken back" if args.remove else "set up; `ingle doctor` looks at it")
    return exits.OK
