"""Getting a model with a progress bar. It runs here: the daemon has no network."""

from tqdm import tqdm

from ingle.cli import exits, words
from ingle.cli.session import Session
from ingle.client.requests import Wanted
from ingle.errors import IngleError
from ingle.models.library import InstalledAdapter, InstalledModel, Library
from ingle.models.pull import bar_teller, entry_for, pull
from ingle.vocabulary import EngineState
from ingle.wire.calls.base import Done


def pull_model(source: str, session: Session) -> int:
    """Pull a model of the catalog or from a source. Raises `IngleError`; a second run resumes."""
    library = Library(session.paths.models)
    entry = entry_for(source)
    if entry is not None:
        session.output.note(f"{entry.name}: {entry.size_text}, licence {entry.licence}, {entry.source}")
    is_hidden = not session.output.shows_progress
    with tqdm(unit="B", unit_scale=True, desc=source[-40:], disable=is_hidden) as bar:

        def say(line: str) -> None:
            bar.clear()
            session.output.note(line)

        model = pull(source, library, bar_teller(bar, say))
    if session.output.as_json:
        session.output.json(_fields(model))
    else:
        size = words.size(model.size_bytes)
        session.output.line(f"{model.name}: {size}, {model.licence}, {model.path}")
    _tell_daemon(model.name, session)
    return exits.OK


def _fields(model: InstalledModel | InstalledAdapter) -> dict[str, object]:
    return {
        "name": model.name,
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
