"""Getting a model with a progress bar. It runs here: the daemon has no network, and writes no models."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from ingle.cli import exits, words
from ingle.cli.session import Session
from ingle.client.requests import Wanted
from ingle.errors import IngleError
from ingle.models.importing import Manner, add
from ingle.models.library import InstalledAdapter, InstalledModel, Library
from ingle.models.parts import Teller
from ingle.models.pull import bar_teller, entry_for, pull
from ingle.vocabulary import EngineState
from ingle.wire.calls.base import Done

LINK_RISK = (
    "the file stays where it is: if it is changed or cut short while the model is loaded, the engine "
    "dies; `ingle model verify` finds out what became of it"
)


def pull_model(source: str, session: Session, *, as_is: bool) -> int:
    """Pull a model of the catalog or from a source. Raises `IngleError`; a second run resumes."""
    entry = entry_for(source)
    if entry is not None:
        session.output.note(f"{entry.name}: {entry.size_text}, licence {entry.licence}, {entry.source}")
    with telling(source, session) as teller:
        model = pull(source, Library(session.paths.models), teller, as_is=as_is)
    return _got(model, session)


def add_file(path: Path, name: str, manner: Manner, session: Session) -> int:
    """Take a GGUF file of this machine among the models. Raises `IngleError`."""
    if manner.is_link:
        session.output.note(LINK_RISK)
    with telling(path.name, session) as teller:
        model = add(path, Library(session.paths.models), name, manner, teller)
    return _got(model, session)


@contextmanager
def telling(what: str, session: Session) -> Iterator[Teller]:
    """A bar for a person who watches, and lines above it."""
    is_hidden = not session.output.shows_progress
    with tqdm(unit="B", unit_scale=True, desc=what[-40:], disable=is_hidden, leave=False) as bar:

        def say(line: str) -> None:
            bar.clear()
            session.output.note(line)

        yield bar_teller(bar, say)


def _got(model: InstalledModel | InstalledAdapter, session: Session) -> int:
    if session.output.as_json:
        session.output.json(_fields(model))
    else:
        size = words.size(model.size_bytes)
        session.output.line(f"{model.name}: {size}, {model.licence}, {model.path}")
    if isinstance(model, InstalledModel):
        _tell_daemon(model.name, session)
    else:
        session.output.note(f"an adapter for models of the architecture {model.architecture}")
    return exits.OK


def _fields(model: InstalledModel | InstalledAdapter) -> dict[str, object]:
    return {
        "name": model.name,
        "kind": "model" if isinstance(model, InstalledModel) else "adapter",
        "path": str(model.path),
        "size_bytes": model.size_bytes,
        "licence": model.licence,
        "sha256": model.sha256,
    }


def _tell_daemon(name: str, session: Session) -> None:
    """A daemon that has no model takes this one; otherwise the person decides."""
    use = Wanted("model.use", {"name": name}, Done)
    try:
        with session.connect(start=False) as ingle:
            if ingle.status().engine.state is EngineState.ABSENT:
                use.typed(ingle.call(use.method, **use.params))
                session.output.note("ingled had no model and is loading it")
                return
    except IngleError:
        return  # the pull is done; the daemon finds the model when it is asked for it
    session.output.note(f"`ingle model use {name}` makes it the resident one")
