"""The table of files: what is installed where, with which content. Nothing is written here.

Everything goes below the person's own directories. What a distribution's package has put into
the system's directories is not written a second time.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingle.cli.installing import adapting
from ingle.cli.installing.shipped import Shipped
from ingle.paths import Paths

PACKAGED = Path("/usr/bin")
"""Where a package's programs are; its other files are then below /usr/lib/systemd and /usr/share."""
APP_ID = "io.github.ingle.Ingle"
UNITS = ("ingle.socket", "ingle.service", "ingle-desktop.service")
_WANTED_BY = re.compile(r"^WantedBy=(.*)$", re.MULTILINE)
_DEFAULTS = {
    "XDG_CONFIG_HOME": ("%h/.config", ".config"),
    "XDG_DATA_HOME": ("%h/.local/share", ".local/share"),
    "XDG_STATE_HOME": ("%h/.local/state", ".local/state"),
    "XDG_CACHE_HOME": ("%h/.cache", ".cache"),
}


@dataclass(frozen=True)
class File:
    """A file to have at `path`; `target` instead of `content` makes it a symbolic link."""

    path: Path
    content: bytes = b""
    target: str = ""


@dataclass(frozen=True)
class Table:
    """`files` are written; `present` came with a package and stay as they are."""

    files: tuple[File, ...]
    present: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Places:
    """The person's base directories, and the programs that the files shall start."""

    config: Path
    data: Path
    programs: Path
    directories: Mapping[str, tuple[str, Path]]

    @classmethod
    def of(cls, paths: Paths, home: Path, programs: Path) -> "Places":
        own = {
            "XDG_CONFIG_HOME": paths.config,
            "XDG_DATA_HOME": paths.data,
            "XDG_STATE_HOME": paths.state,
            "XDG_CACHE_HOME": paths.cache,
        }
        moved = {
            name: (_DEFAULTS[name][0], path.parent)
            for name, path in own.items()
            if path.parent != home / _DEFAULTS[name][1]
        }
        return cls(paths.config.parent, paths.data.parent, programs, moved)


Adapt = Callable[[str, Places], str]


def _unit(text: str, places: Places) -> str:
    return adapting.unit(text, places.programs, places.directories)


def _launcher(text: str, places: Places) -> str:
    return adapting.launcher(text, places.programs)


def _bus_service(text: str, places: Places) -> str:
    return adapting.bus_service(text, places.programs)


def _verbatim(text: str, places: Places) -> str:
    return text


@dataclass(frozen=True)
class Row:
    """Files of one kind: those of `folder` that match, below a base directory ("data", "config")."""

    folder: str
    pattern: str
    below: str
    adapt: Adapt = _verbatim
    base: str = "data"
    name: str = "{name}"


ROWS = (
    Row("desktop", f"{APP_ID}.desktop", "applications", _launcher),
    Row("desktop", f"{APP_ID}.metainfo.xml", "metainfo"),
    Row("desktop", f"{APP_ID}.autostart.desktop", "autostart", _launcher, "config", f"{APP_ID}.desktop"),
    Row("desktop", "icons/**/*.svg", "icons/hicolor"),
    Row("dbus", "*.service", "dbus-1/services", _bus_service),
    Row("dbus", "*search-provider*.ini", "gnome-shell/search-providers"),
    Row("dbus", "*runner*.desktop", "krunner/dbusplugins", _launcher),
)
UNIT_ROW = Row("systemd", "ingle*.s*", "systemd/user", _unit)
BACKOFF_ROWS = tuple(
    Row("systemd", "backoff.conf", f"systemd/user/{unit}.d")
    for unit in UNITS
    if unit.endswith(".service")
)
NO_NAMESPACES_ROW = Row("systemd", "no-namespaces.conf", "systemd/user/ingle.service.d")


@dataclass(frozen=True)
class Systemd:
    """What of systemd matters to the units."""

    version: int
    has_namespaces: bool = True

    @property
    def rows(self) -> tuple[Row, ...]:
        backoff = BACKOFF_ROWS if self.version >= 254 else ()
        return (UNIT_ROW, *backoff, *(() if self.has_namespaces else (NO_NAMESPACES_ROW,)))


def table(shipped: Shipped, places: Places, systemd: Systemd | None) -> Table:
    """Without `systemd` no units."""
    rows = (*ROWS, *(systemd.rows if systemd else ()))
    files: list[File] = []
    present: list[Path] = []
    for row in rows:
        for source in sorted(shipped.folders[row.folder].glob(row.pattern)):
            destination = _destination(row, source, shipped)
            packaged = _packaged(destination)
            if row.base == "data" and places.programs == PACKAGED and packaged.exists():
                present.append(packaged)
                continue
            text = row.adapt(source.read_text(encoding="utf-8"), places)
            base = places.data if row.base == "data" else places.config
            files.append(File(base / destination, text.encode()))
    if systemd is not None:
        files += _links(files, present, places)
    return Table(tuple(files), tuple(present))


def _destination(row: Row, source: Path, shipped: Shipped) -> Path:
    if row.pattern.startswith("icons/"):
        return Path(row.below) / source.relative_to(shipped.folders["desktop"] / "icons/hicolor")
    return Path(row.below) / row.name.format(name=source.name)


def _packaged(destination: Path) -> Path:
    system = Path("/usr/lib") if destination.parts[0] == "systemd" else Path("/usr/share")
    return system / destination


def _links(files: list[File], present: list[Path], places: Places) -> Iterator[File]:
    """What `systemctl --user enable` would make; here it works without a user manager too."""
    units = {file.path.name: (file.path, file.content.decode()) for file in files}
    units |= {path.name: (path, path.read_text(encoding="utf-8")) for path in present}
    for name in UNITS:
        path, text = units[name]
        for line in _WANTED_BY.findall(text):
            for target in line.split():
                link = places.config / f"systemd/user/{target}.wants" / name
                yield File(link, target=str(path))
