"""Whether Ingle is there after login: what `ingle setup` has put in place, and how its units are."""

from pathlib import Path

from ingle.cli.checkup.finding import Findings, fail, ok, warn
from ingle.cli.installing.installation import ledger_of
from ingle.cli.installing.manager import Manager
from ingle.cli.installing.table import UNITS
from ingle.cli.session import Session

NAME = "autostart"
IN_EFFECT = {
    "CapBnd": ("0" * 16, "namespaces (network, home and bus are open to it)"),
    "NoNewPrivs": ("1", "giving up privileges"),
    "Seccomp": ("2", "a filter of system calls"),
}
"""Row of /proc/PID/status -> its value in the sandbox, and what another value means."""
AGAIN = (
    "`journalctl --user -u {unit} -n 30` shows why; then `ingle setup` starts it again, "
    "or `systemctl --user reset-failed; systemctl --user start ingle.socket`"
)


def autostart(session: Session) -> Findings:
    manager = Manager(session.environ)
    if ledger_of(session.paths).is_empty and not _is_packaged(manager):
        yield warn(NAME, "not set up: any `ingle` command starts the daemon", "`ingle setup`")
        return
    yield from _files(session)
    if not manager.is_reachable:
        yield ok(NAME, "with your next login")
        return
    states = {unit: manager.show(unit, "ActiveState") for unit in UNITS}
    for unit in [unit for unit, state in states.items() if state == "failed"]:
        why = manager.show(unit, "Result")
        yield fail(NAME, f"{unit} has failed ({why})", AGAIN.format(unit=unit))
    if states[UNITS[1]] == "active":
        yield from _sandbox(int(manager.show(UNITS[1], "MainPID")))
    if "failed" not in states.values():
        yield ok(NAME, ", ".join(f"{unit} {state}" for unit, state in states.items()))


def _is_packaged(manager: Manager) -> bool:
    """A package's units, which need no set-up once they are enabled."""
    return manager.is_reachable and manager.show(UNITS[0], "UnitFileState") == "enabled"


def _sandbox(pid: int, proc: Path = Path("/proc")) -> Findings:
    """Seen at the process: systemd may leave lines out that it cannot follow, without a word."""
    rows = (proc / str(pid) / "status").read_text(encoding="ascii", errors="replace").splitlines()
    status = dict(row.split(":\t") for row in rows if ":\t" in row)
    off = [what for name, (value, what) in IN_EFFECT.items() if status.get(name, "").strip() != value]
    if off:
        yield warn(
            "sandbox",
            f"ingle.service runs without {' and '.join(off)}",
            "this machine may forbid user namespaces; systemd/README.md says what that means",
        )
    else:
        yield ok("sandbox", "in effect")


def _files(session: Session) -> Findings:
    ledger = ledger_of(session.paths)
    for path in ledger.record.files:
        if not ledger.is_ours(path):
            yield ok(NAME, f"{path} is not as `ingle setup` wrote it; it is left as it is")


CHECKS = (autostart,)
