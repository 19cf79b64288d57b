"""The distribution's packages: which are needed, which are missing, and getting them.

Debian and its kin only; elsewhere the names are printed and the set-up goes on with what is there.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from command import CommandFailed, output, run, succeeds
from screen import Screen

LISTS = Path(__file__).resolve().parent.parent / "apt"
APT_STATE = Path("/var/lib/apt/lists")


def needed(lists: Iterable[str]) -> list[str]:
    """The packages of `lists` ("run", "virtual", "test"), with `{python}` filled in."""
    names: list[str] = []
    for name in lists:
        for line in (LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            package = line.partition("#")[0].strip()
            if package.startswith("{python}") and not is_distribution_python():
                continue
            if package:
                names.append(package.format(python=f"python3.{sys.version_info.minor}"))
    return names


def is_distribution_python() -> bool:
    """Whether this Python came from a package; others bring venv and headers themselves."""
    return sys.base_prefix == "/usr"


def missing(names: Iterable[str]) -> list[str]:
    """Those of `names` that are not installed. Everything, where there is no dpkg."""
    wanted = list(names)
    rows = output(["dpkg-query", "-W", "-f=${Package} ${Provides} ${db:Status-Abbrev}\n", *wanted])
    there = {row.split()[0] for row in rows.splitlines() if row.rstrip().endswith("ii")}
    return [name for name in wanted if name not in there]


def ensure(names: Iterable[str], *, may_install: bool, log: Path, screen: Screen) -> list[str]:
    """Install what is missing if that is possible; gives what is missing still."""
    lacking = missing(names)
    if not lacking:
        return []
    screen.step("system packages")
    prefix = _as_root(screen) if may_install and shutil.which("apt-get") else None
    if prefix is None:
        _explain(lacking, screen)
        return lacking
    try:
        _install(prefix, lacking, log, screen)
    except CommandFailed as error:
        screen.warn(error.message)
        _explain(missing(lacking), screen)
        return missing(lacking)
    screen.done(f"{len(lacking)} installed")
    return missing(lacking)


def _install(prefix: list[str], names: list[str], log: Path, screen: Screen) -> None:
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300"]
    install = [*apt, "install", "-y", "--no-install-recommends", *names]
    screen.progress(f"installing {len(names)}: {' '.join(names)}")
    if any(APT_STATE.glob("*_Packages*")):
        try:
            run(install, log=log, screen=screen)
        except CommandFailed:  # the lists may be old: once more with new ones
            pass
        else:
            return
    run([*apt, "update"], log=log, screen=screen)
    run(install, log=log, screen=screen)


def _as_root(screen: Screen) -> list[str] | None:
    """What to put before a command so that it runs as root; None where that cannot be had."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    if succeeds(["sudo", "-n", "true"]):
        return ["sudo", "-n"]
    if not sys.stdin.isatty():
        return None
    screen.say("  System packages are missing; sudo may ask for your password.")
    asked = subprocess.run(["sudo", "-v"], check=False)  # on the terminal, with its prompt
    return ["sudo", "-n"] if asked.returncode == 0 else None


def _explain(names: list[str], screen: Screen) -> None:
    if shutil.which("apt-get"):
        screen.warn("system packages are missing and were not installed; this installs them:")
        screen.say(f"    sudo apt-get install --no-install-recommends {' '.join(names)}")
    else:
        screen.warn("not a Debian system; the packages that are called so there are needed:")
        screen.say(f"    {' '.join(names)}")
    screen.say("    Going on with what works without them.")
