"""The virtual environment `.venv` at the root, and what is installed into it.

A stamp inside it, written last, says what it was made from; as long as that is unchanged, nothing
is run at all. Without a stamp it was not finished: pip goes on, or it is made anew if it is broken.
"""

import hashlib
import json
import shutil
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from command import CommandFailed, SetupError, output, run, succeeds
from screen import Screen

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "ingle-setup.json"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"


@dataclass(frozen=True)
class Contents:
    """What an environment was made from; equal contents need no work."""

    sources: str
    python: str
    wheel: str
    extras: tuple[str, ...]

    def covers(self, other: "Contents") -> bool:
        """Whether everything that `other` asks for is in here."""
        same = (self.sources, self.python, self.wheel) == (other.sources, other.python, other.wheel)
        return same and set(other.extras) <= set(self.extras)


def wanted(wheel: str, extras: Iterable[str]) -> Contents:
    """The contents that this checkout asks for."""
    digest = hashlib.sha256()
    for path in (ROOT / "pyproject.toml", CONSTRAINTS):
        digest.update(path.read_bytes())
    digest.update(str(ROOT).encode())  # an editable install points here
    return Contents(digest.hexdigest(), sys.version.split()[0], wheel, tuple(sorted(extras)))


def present() -> Contents | None:
    """The contents that are there, by the stamp."""
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
        return Contents(**{**found, "extras": tuple(found["extras"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def stamp(contents: Contents) -> None:
    """Say that the environment is whole."""
    STAMP.write_text(json.dumps(asdict(contents)), encoding="utf-8")


def create(log: Path, screen: Screen) -> None:
    """Make `.venv` unless a working one is there. Raises `SetupError`."""
    STAMP.unlink(missing_ok=True)
    if VENV.exists() and not _works():
        screen.say("  .venv is broken or of another Python; it is made anew")
        shutil.rmtree(VENV)
    if VENV.exists():
        return
    screen.step("environment")
    try:
        run([sys.executable, "-m", "venv", str(VENV)], log=log, screen=screen)
    except CommandFailed as error:
        shutil.rmtree(VENV, ignore_errors=True)
        package = f"python3.{sys.version_info.minor}-venv"
        raise SetupError(error.message, f"if ensurepip is missing: apt-get install {package}") from None
    screen.done(f".venv with Python {sys.version.split()[0]}")


def _works() -> bool:
    check = f"import sys, pip; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    return succeeds([str(PYTHON), "-c", check])


def install(extras: Iterable[str], wheel: Path | None, log: Path, screen: Screen) -> None:
    """Install this checkout, editable, with `extras`. Raises `CommandFailed`."""
    names = ",".join(extras)
    if wheel:  # of the same version as the one for another backend: pip would leave that
        pip(["--force-reinstall", "--no-deps", str(wheel)], log, screen)
    local = [str(wheel)] if wheel else []
    pip([*local, "--editable", f"{ROOT}[{names}]" if names else str(ROOT)], log, screen)


def gpus() -> list[str]:
    """The GPUs that the installed llama.cpp finds, in words; none where it cannot be asked."""
    try:
        told = json.loads(output([str(PYTHON), "-m", "ingle.engine.child.devices"]))
    except ValueError:
        return []
    found = [device for device in told["devices"] if device["kind"] in ("gpu", "igpu")]
    return [f"{device['description']} ({device['name']})" for device in found]


def can_build_desktop() -> bool:
    """Whether PyGObject is there, or what it is compiled with."""
    if succeeds([str(PYTHON), "-c", "import gi"]):
        return True
    return succeeds(["pkg-config", "--exists", "gobject-introspection-1.0", "cairo"])


def install_requirements(extra: str, log: Path, screen: Screen) -> None:
    """Install what one extra names, and nothing else. Raises `CommandFailed`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pip(project["optional-dependencies"][extra], log, screen)


def pip(arguments: Iterable[str], log: Path, screen: Screen) -> None:
    """Run pip in the environment, held to the tested versions."""
    command = [str(PYTHON), "-m", "pip", "install", "--constraint", str(CONSTRAINTS)]
    run([*command, *arguments], log=log, screen=screen)
