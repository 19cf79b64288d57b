"""`ingle ask`: a question about a text, or about what was copied and dropped lately."""

import argparse

from ingle.cli import exits, texts
from ingle.cli.answers import deliver, figures
from ingle.cli.output import DIM, one_line
from ingle.cli.session import Session
from ingle.client import requests
from ingle.wire.calls.assistant import AskResult, Citation

EXAMPLES = """
ingle ask "When is the report due?" mail.txt
pdftotext contract.pdf - | ingle ask "Who may cancel, and when?" -
ingle ask "What was the address I copied this morning?"
ingle ask --adapter house-rules:0.8 "How long is the notice?" lease.txt
"""

QUOTE_CHARS = 200


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", metavar="QUESTION", help="what you want to know")
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="the text to answer from; `-` reads standard input; without it, what was copied lately",
    )
    parser.add_argument(
        "--adapter",
        metavar="NAME[:SCALE]",
        help="let a LoRA adapter of the library change the model; scale 0 to 4, 1 is as trained",
    )
    parser.add_argument("--anyway", action="store_true", help="ask a model that is too small for it")


def run(args: argparse.Namespace, session: Session) -> int:
    text = texts.read_text(args.file, "ask QUESTION", session.text_bytes) if args.file else None
    wanted = requests.ask(args.question, text, adapter=args.adapter, anyway=args.anyway or None)
    result = deliver(session, wanted, whole="answer")
    if not session.output.as_json and not session.output.is_quiet:
        _show_sources(result, args.file, session)
    return exits.OK


def _show_sources(result: AskResult, file: str | None, session: Session) -> None:
    for citation in result.citations:
        session.output.line(source_line(citation, file), DIM)
    session.output.note(figures(result.coverage, result.usage, result.timing, result.model))


def source_line(citation: Citation, file: str | None) -> str:
    """A quote with where it stands; a quote that is not in the text is called so."""
    given = None if file == texts.STDIN else file
    where = citation.path or given or citation.document
    page = f", page {citation.page}" if citation.page else ""
    doubt = "" if citation.verdict == "supported" else f"  [{citation.verdict}]"
    place = f"{where}{page}, characters {citation.start}-{citation.end}"
    return f"“{one_line(citation.quote, QUOTE_CHARS)}” ({place}){doubt}"
