"""Which plugins there are: folders with a manifest, on a search path. No plugin code is imported."""

import hashlib
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import ingle
from ingle.paths import Paths
from ingle.plughost.manifest import CODE, FILE, BadManifest, Manifest, read

BUILT_IN = "built-in"
GROUP = "ingle.plugins"
"""Entry points of this group name the package that holds `plugin.toml`."""


@dataclass(frozen=True)
class Found:
    """A plugin on disk. `digest` is of what the person approves: see `_digest`."""

    name: str
    source: str
    folder: Path
    manifest: Manifest
    digest: str


@dataclass(frozen=True)
class Rejected:
    """A folder on the search path that is not a plugin, and why."""

    name: str
    source: str
    reason: str


@dataclass
class Catalogue:
    plugins: dict[str, Found] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)


def search_path(paths: Paths) -> list[tuple[str, Path]]:
    """Where plugins are looked for, the first wins: built-in, the person's own."""
    return [(BUILT_IN, _built_in()), ("user", paths.plugins)]


def _built_in() -> Path:
    """`share/ingle/plugins` of the installation, or `plugins/` of a source tree."""
    source = Path(ingle.__file__).resolve().parents[2] / "plugins"
    if source.is_dir():
        return source
    return Path(sysconfig.get_path("data")) / "share" / "ingle" / "plugins"


def find(search: Iterable[tuple[str, Path]], entries: Iterable[EntryPoint] | None = None) -> Catalogue:
    """Read every manifest on the search path, and then those that packages bring along."""
    found = Catalogue()
    for source, folder in search:
        for home in _homes(folder):
            _take(found, source, home)
    for entry in entry_points(group=GROUP) if entries is None else entries:
        package = _home_of(entry)
        if package is None:
            reason = f"the package {entry.value} has no {FILE}"
            found.rejected.append(Rejected(entry.name, "package", reason))
        else:
            _take(found, "package", package)
    return found


def _homes(folder: Path) -> Iterator[Path]:
    """Folders with a manifest; a folder without one is not meant as a plugin."""
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return
    yield from (home for home in inside if (home / FILE).is_file())


def _home_of(entry: EntryPoint) -> Path | None:
    """The folder of the package, found by name and not by importing it."""
    if entry.dist is None:
        return None
    home = Path(str(entry.dist.locate_file(entry.module.replace(".", "/"))))
    return home if (home / FILE).is_file() else None


def _take(found: Catalogue, source: str, home: Path) -> None:
    try:
        manifest = read(home)
        digest = _digest(home, source)
    except (BadManifest, OSError) as error:
        found.rejected.append(Rejected(home.name, source, str(error)))
        return
    if first := found.plugins.get(manifest.name):
        reason = f"a {first.source} plugin has this name: rename the folder and `name` in {FILE}"
        found.rejected.append(Rejected(manifest.name, source, reason))
        return
    found.plugins[manifest.name] = Found(manifest.name, source, home, manifest, digest)


def _digest(home: Path, source: str) -> str:
    """SHA-256 of the manifest; of plugins that were not installed with Ingle of their code too.

    The code of a built-in plugin changes with each upgrade, by the hand that changes the daemon.
    """
    files = [home / FILE]
    if source != BUILT_IN:
        files += sorted(home.rglob("*.py"))
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.relative_to(home)}\0{file.stat().st_size}\0".encode())
        total.update(file.read_bytes())
    return total.hexdigest()


__all__ = ["BUILT_IN", "CODE", "Catalogue", "Found", "Rejected", "find", "search_path"]
