"""Where the files that Ingle came with are, and the programs: a checkout, a wheel, a package."""

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import ingle
from ingle.errors import NotFound

CHECKOUT = {"systemd": "systemd", "desktop": "packaging/desktop", "dbus": "packaging/dbus"}


@dataclass(frozen=True)
class Shipped:
    """Folders by kind ("systemd", "desktop", "dbus"), and the folder with `ingle` and `ingled`."""

    folders: dict[str, Path]
    programs: Path


def find() -> Shipped:
    """Raises `NotFound` where `ingled` or the files are not where they belong."""
    return Shipped(_folders(), _programs())


def _folders() -> dict[str, Path]:
    root = Path(ingle.__file__).resolve().parents[2]
    if (root / "systemd/ingle.service").is_file():
        return {kind: root / place for kind, place in CHECKOUT.items()}
    share = Path(sysconfig.get_path("data")) / "share/ingle"
    if (share / "systemd/ingle.service").is_file():
        return {kind: share / kind for kind in CHECKOUT}
    raise NotFound(
        f"the units are neither in {root} nor in {share}", "install Ingle again: its files are not whole"
    )


def _programs() -> Path:
    """The folder of this very installation's programs: units and launchers name it in full."""
    beside = Path(sys.executable).parent
    schemes = (sysconfig.get_path("scripts"), sysconfig.get_path("scripts", "posix_user"))
    candidates = (beside, *map(Path, schemes))
    for folder in candidates:
        if all(os.access(folder / name, os.X_OK) for name in ("ingle", "ingled")):
            return folder.absolute()
    raise NotFound(
        f"there is no program `ingled` in {beside}", "`packaging/setup` or `pip install .` puts it there"
    )
