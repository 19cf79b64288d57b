"""`ingle doctor`: looks at everything that can be wrong and says what to do. It changes nothing."""

import argparse
from collections.abc import Iterator

from ingle.cli import exits
from ingle.cli.checkup.finding import Finding, fail
from ingle.cli.output import DIM, GREEN, RED, YELLOW
from ingle.cli.session import Session
from ingle.errors import IngleError

EXAMPLES = """
ingle doctor
ingle --json doctor | jq -r 'select(.level != "ok").next_step'
"""

STYLES = {"ok": GREEN, "warn": YELLOW, "fail": RED}


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(args: argparse.Namespace, session: Session) -> int:
    """Exit code 1 where something is broken; what only could be better is no failure."""
    levels = set()
    for finding in findings(session):
        levels.add(finding.level)
        _show(finding, session)
    return exits.ERROR if "fail" in levels else exits.OK


def findings(session: Session) -> Iterator[Finding]:
    """Every check in turn; one that cannot be made is a finding too."""
    from ingle.cli.checkup import (  # noqa: PLC0415 - models, subprocess
        autostart,
        desktop,
        hotkey,
        machine,
        own,
        running,
    )

    areas = (machine, own, autostart, running, desktop, hotkey)
    for check in (check for area in areas for check in area.CHECKS):
        name = check.__name__.replace("_", " ")
        try:
            yield from check(session)
        except IngleError as error:
            yield fail(name, error.message, error.hint)
        except OSError as error:
            yield fail(name, f"cannot be looked at: {error}", "look at the permissions")


def _show(finding: Finding, session: Session) -> None:
    output = session.output
    if output.as_json:
        output.json(finding._asdict())
        return
    if output.is_quiet and finding.level == "ok":
        return
    output.line(f"{finding.level:<5}{finding.name}: {finding.message}", STYLES[finding.level])
    if finding.next_step:
        output.line(f"     → {finding.next_step}", DIM)
