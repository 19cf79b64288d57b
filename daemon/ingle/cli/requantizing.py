"""`ingle model quantize`: a model in another type of weights, and a table of what that changed."""

from pathlib import Path

from ingle.cli import exits
from ingle.cli.measured import figures_table
from ingle.cli.output import YELLOW, Output
from ingle.cli.pulling import telling
from ingle.cli.session import Session
from ingle.models.gguf import read_header
from ingle.models.library import Library
from ingle.models.requantizing import Comparison, checked_kind, is_thrift_twice, requantize


def quantize(model: str, kind: str, name: str, session: Session) -> int:
    """Write the new model, measure both, tell. Raises `IngleError`."""
    library, kind = Library(session.paths.models), checked_kind(kind)
    path = Path(model)
    if not path.exists():
        path = library.find(model).path
    if is_thrift_twice(read_header(path).quantization, kind):
        session.output.complain(
            "few bits made from few bits lose much; from an F16 or Q8_0 file the result is better",
            YELLOW,
        )
    name = name or f"{path.name.removesuffix('.gguf')}-{kind.lower()}"
    with telling(f"{kind}, then measuring", session) as teller:
        found = requantize(path.absolute(), kind, name, library, teller)
    _show(found, session.output)
    return exits.OK


def _show(found: Comparison, output: Output) -> None:
    if output.as_json:
        output.json(
            {
                "name": found.name,
                "path": str(found.path),
                "before": found.before,
                "after": found.after,
                "perplexity_increase": {"share": found.loss.share, "error": found.loss.error},
            }
        )
        return
    figures_table([found.before, found.after], output)
    share, error = found.loss.share, found.loss.error
    output.line(f"perplexity {share:+.1%} (± {error:.1%}: the text is short)")
    output.line(f"{found.name}: {found.path}")
    output.note(f"`ingle model use {found.name}` makes it the resident one")
