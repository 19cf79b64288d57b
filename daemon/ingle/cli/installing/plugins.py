"""Which built-in plugins the set-up enables: those that nobody has decided about, or those named."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ingle import config
from ingle.cli.output import BOLD
from ingle.cli.session import Session
from ingle.errors import Cancelled, ConfigError, InvalidParams, NotFound
from ingle.paths import Paths
from ingle.plughost.approvals import Approval, Approvals
from ingle.plughost.discovery import BUILT_IN, Found, find, search_path
from ingle.plughost.grants import MEANINGS

NONE = "none"


def undecided(paths: Paths, named: str | None) -> list[Found]:
    """The built-in plugins to enable. One that the person has disabled comes only when it is named.

    Raises `NotFound` for a name that is none.
    """
    catalogue = find(search_path(paths)).plugins
    built_in = {name: found for name, found in catalogue.items() if found.source == BUILT_IN}
    approvals = Approvals(paths.approvals)
    if named is None:
        wanted = [found for found in built_in.values() if _is_open(approvals.get(found.name), found)]
    else:
        wanted = pick(list(built_in.values()), named)
    return [found for found in wanted if not is_approved(approvals.get(found.name), found)]


def pick(among: Sequence[Found], names: str) -> list[Found]:
    """Those named, separated by commas or blanks; "none" for none. Raises `NotFound`."""
    known = {found.name: found for found in among}
    wanted = [name for name in names.replace(",", " ").split() if name != NONE]
    for name in wanted:
        if name not in known:
            raise NotFound(f"there is no built-in plugin {name!r}", f"there are {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(wanted)]


def _is_open(approval: Approval | None, found: Found) -> bool:
    return approval is None or approval.enabled


def is_approved(approval: Approval | None, found: Found) -> bool:
    return approval is not None and approval.enabled and approval.manifest_sha256 == found.digest


def show(plugins: Sequence[Found], session: Session) -> None:
    """What they do, and what they ask for, each grant once."""
    if not plugins:
        return
    output = session.output
    output.line("Plugins to enable", BOLD)
    output.table([(found.name, found.manifest.summary) for found in plugins])
    output.line("What they ask for", BOLD)
    grants = sorted({grant for found in plugins for grant in found.manifest.grants})
    output.table([(grant, MEANINGS[grant], _askers(grant, plugins)) for grant in grants])


def _askers(grant: str, plugins: Sequence[Found]) -> str:
    return ", ".join(found.name for found in plugins if grant in found.manifest.grants)


def agreed(plugins: Sequence[Found], session: Session, *, is_sure: bool) -> list[Found]:
    """Those that the person agrees to. Raises `InvalidParams` where nobody can be asked."""
    if not plugins or is_sure:
        return list(plugins)
    if session.output.as_json or not sys.stdin.isatty():
        names = ",".join(found.name for found in plugins)
        raise InvalidParams(
            f"enabling plugins wants a yes: {names}",
            "`--yes` says it beforehand, `--plugins none` leaves them off",
        )
    session.output.flush()
    answer = input("Enable them? [y]es, [n]o, some: type their names, [c]ancel: ").strip().lower()
    if answer in {"c", "cancel", ""}:
        raise Cancelled("nothing was changed", "")
    if answer in {"y", "yes"}:
        return list(plugins)
    return [] if answer in {"n", "no"} else pick(plugins, answer)


def approve(plugins: Sequence[Found], paths: Paths) -> None:
    """What `ingle plugin enable` writes. No daemon may run meanwhile: it keeps its own copy."""
    approvals = Approvals(paths.approvals)
    for found in plugins:
        grants = sorted(found.manifest.grants)
        approvals.put(found.name, Approval(enabled=True, manifest_sha256=found.digest, grants=grants))


def withdraw(names: Sequence[str], paths: Paths) -> list[str]:
    """Take back what `approve` approved; gives those that were still on. As above."""
    approvals, withdrawn = Approvals(paths.approvals), []
    for name in names:
        approval = approvals.get(name)
        if approval is not None and approval.enabled:
            approvals.drop(name)
            withdrawn.append(name)
    return withdrawn


def drop_folder(paths: Paths, chosen: Sequence[Found]) -> Path | None:
    """The first folder that the plugin `files` watches, if that is enabled or about to be."""
    found = find(search_path(paths)).plugins.get("files")
    if found is None:
        return None
    if found not in chosen and not is_approved(Approvals(paths.approvals).get("files"), found):
        return None
    given = _settings(paths).get("files", {}).get("folders")
    folders = given or found.manifest.settings["folders"].default
    return Path(folders[0]).expanduser()


def _settings(paths: Paths) -> dict[str, dict[str, Any]]:
    """A broken configuration is somebody else's to tell."""
    try:
        return config.load(paths.config_file).plugins
    except ConfigError:
        return {}
