"""The model files on this machine: still what they were, or not needed any more.

Both work without a daemon, as the library is plain files; a running one is asked what it uses.
"""

import sys
from collections.abc import Sequence

from ingle.cli import exits, words
from ingle.cli.output import GREEN, RED, YELLOW
from ingle.cli.pulling import telling
from ingle.cli.session import Session
from ingle.errors import Cancelled, DaemonNotRunning, InvalidParams, NotPermitted
from ingle.models.library import Library
from ingle.models.verifying import Verdict, chosen, verify
from ingle.vocabulary import EngineState

STYLES = {"good": GREEN, "changed": RED, "broken": RED, "unknown": YELLOW}
HOLDING = (EngineState.STARTING, EngineState.LOADING, EngineState.READY)
AGAIN = "`ingle model remove NAME`, then `ingle model pull NAME` gets it again"


def verify_files(names: Sequence[str], session: Session) -> int:
    """Compare hashes; 1 where a file is not what it was. Raises `ModelNotFound`."""
    library = Library(session.paths.models)
    wanted = chosen(library, names)
    found: list[Verdict] = []
    with telling("verify", session) as teller:
        for verdict in verify(library, wanted, teller.progress):
            found.append(verdict)
            if not session.output.as_json:
                _show(verdict, session)
    if session.output.as_json:
        session.output.json(found)
    is_bad = any(verdict.is_bad for verdict in found)
    if is_bad:
        session.output.note(AGAIN)
    return exits.ERROR if is_bad else exits.OK


def _show(verdict: Verdict, session: Session) -> None:
    whose = {"catalog": "as in the catalog", "publisher": "as its publisher states it"}
    good = whose.get(verdict.stated_by, "as it was when it came")
    told = f"sha256 {good}" if verdict.state == "good" else verdict.message
    session.output.line(f"{verdict.name}: {verdict.state}, {told}", STYLES[verdict.state])


def remove_model(name: str, session: Session, *, is_sure: bool) -> int:
    """Delete a model's files, after a question. Raises `IngleError`."""
    library = Library(session.paths.models)
    (name,) = chosen(library, [name])
    _refuse_if_loaded(name, session)
    if not is_sure:
        _ask(name, library, session)
    freed = library.remove(name)
    if session.output.as_json:
        session.output.json({"name": name, "freed_bytes": freed})
    else:
        session.output.line(f"{name} is removed: {words.size(freed)} are free again")
    return exits.OK


def _refuse_if_loaded(name: str, session: Session) -> None:
    try:
        with session.connect(start=False) as ingle:
            engine = ingle.status().engine
    except DaemonNotRunning:
        return
    if engine.model == name and engine.state in HOLDING:
        raise NotPermitted(
            f"{name} is loaded", "`ingle model use ANOTHER` or `ingle model unload` first"
        )


def _ask(name: str, library: Library, session: Session) -> None:
    """Raises `Cancelled` for a no, `InvalidParams` where nobody can be asked."""
    if session.output.as_json or not sys.stdin.isatty():
        raise InvalidParams(f"removing {name} wants a yes", "`--yes` says it beforehand")
    size = library.path_of(name).lstat().st_size
    session.output.flush()
    answer = input(f"Remove {name} ({words.size(size)})? [y/N] ")
    if answer.strip().lower() not in {"y", "yes"}:
        raise Cancelled("nothing was removed", "")
