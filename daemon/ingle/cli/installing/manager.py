"""systemd's user manager, asked through `systemctl --user`; never as root, never the system's."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ingle.errors import IngleError

BOOTED = Path("/run/systemd/system")
"""Is there where systemd runs the machine (sd_booted(3))."""
PATIENCE_S = 120.0
"""A start waits until the daemon says that it is ready; on a machine that has just booted, a while."""
GRAPHICAL = "graphical-session.target"
SANDBOX = ("PrivateUsers=yes", "PrivateNetwork=yes", "ProtectHome=read-only", "CapabilityBoundingSet=")
"""The lines of `ingle.service` that need a user namespace."""


class Manager:
    """The manager of the person's session."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._program = shutil.which("systemctl", path=environ.get("PATH"))
        self.runs_this_machine = BOOTED.is_dir() and self._program is not None

    @property
    def is_reachable(self) -> bool:
        """False in a `su` or `sudo` shell, which is no session of its own."""
        runtime = self._environ.get("XDG_RUNTIME_DIR", "")
        private = Path(runtime, "systemd/private")
        return self.runs_this_machine and bool(runtime) and private.is_socket()

    @property
    def version(self) -> int | None:
        """None where systemd does not run this machine."""
        if not self.runs_this_machine:
            return None
        found = re.search(r"\bsystemd (\d+)", self._call("--version").stdout)
        return int(found[1]) if found else 0

    @property
    def has_namespaces(self) -> bool:
        """Whether units get them here, tried out: AppArmor on Ubuntu and some administrators say no.

        True where nobody can be asked.
        """
        if not self.is_reachable or not shutil.which("systemd-run", path=self._environ.get("PATH")):
            return True
        lines = [word for line in SANDBOX for word in ("--property", line)]
        done = self._run("systemd-run", "--user", "--quiet", "--wait", "--collect", *lines, "/bin/true")
        return done.returncode == 0

    def reload(self) -> None:
        """Have it read units anew. Raises `IngleError`."""
        self._do("daemon-reload")

    def start(self, *units: str) -> None:
        """Start and wait until they are up. Raises `IngleError` with the next step."""
        self._do("reset-failed", *units, may_fail=True)
        self._do("start", *units)

    def restart(self, *units: str) -> None:
        """Raises `IngleError`."""
        self._do("restart", *units)

    def stop(self, *units: str) -> None:
        """Units that are not there count as stopped."""
        self._do("stop", *units, may_fail=True)

    def is_active(self, unit: str) -> bool:
        return self._call("--user", "is-active", unit).stdout.strip() in {"active", "activating"}

    def show(self, unit: str, name: str) -> str:
        """A property of a unit, "" where there is none."""
        return self._call("--user", "show", "--property", name, "--value", unit).stdout.strip()

    def import_environment(self, *names: str) -> None:
        """Pass variables of this session on to what the manager starts. Raises `IngleError`."""
        self._do("import-environment", *names)

    def _do(self, *words: str, may_fail: bool = False) -> None:
        done = self._call("--user", *words)
        if done.returncode and not may_fail:
            said = done.stderr.strip().splitlines()
            raise IngleError(
                f"systemctl --user {' '.join(words)}: {said[0] if said else f'exit {done.returncode}'}",
                "`journalctl --user -u ingle -n 30` shows what the daemon said",
            )

    def _call(self, *words: str) -> subprocess.CompletedProcess[str]:
        assert self._program is not None
        return self._run(self._program, "--no-pager", *words)

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                words,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise IngleError(
                f"{' '.join(words)} did not end within {PATIENCE_S:.0f} s",
                "`systemctl --user status ingle` shows how it is",
            ) from None
