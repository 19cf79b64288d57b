"""`ingle`: the entry point and the barrier that no traceback passes."""

import argparse
import io
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ingle.cli import exits, output, parsers, registry
from ingle.cli.session import Session
from ingle.errors import ConfigError, IngleError

DEBUG = "INGLE_DEBUG"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; gives the exit code."""
    _tolerate_narrow_encodings()
    try:
        name, args = parsers.parse(sys.argv[1:] if argv is None else argv)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    out = output.standard(os.environ, as_json=args.json, is_quiet=args.quiet)
    session = Session(out, os.environ, socket=args.socket, may_start=not args.no_start)
    try:
        return _run(name, args, session)
    except KeyboardInterrupt:
        return _cancelled(out)
    except BrokenPipeError:
        return _nobody_reads()


def _run(name: str, args: argparse.Namespace, session: Session) -> int:
    try:
        code = registry.load(name).run(args, session)
        session.output.flush()
    except BrokenPipeError:
        raise
    except IngleError as error:
        return _failed(session.output, error)
    except OSError as error:
        return _failed(session.output, IngleError(_in_words(error), ""))
    except Exception as error:  # noqa: BLE001 - the barrier: a person gets a message, never a traceback
        return _failed(session.output, _bug(error, session))
    return code


def _tolerate_narrow_encodings() -> None:
    """Better a question mark than no answer on a terminal that does not speak UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _cancelled(out: output.Output) -> int:
    with suppress(BrokenPipeError):
        out.end_text()
        out.note("cancelled")
        out.flush()
    return exits.CANCELLED


def _nobody_reads() -> int:
    """The reader of our pipe has enough (`ingle log | head`): no error, nothing more to say."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exits.OK


def _failed(out: output.Output, error: IngleError) -> int:
    out.error(error)
    return exits.code_of(error)


def _in_words(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _bug(error: Exception, session: Session) -> IngleError:
    if _is_debugging(session.environ):
        traceback.print_exception(error)
        return IngleError(f"internal error: {type(error).__name__}", "see the traceback above")
    report = _report(error, session)
    hint = f"please report it with {report}" if report else f"{DEBUG}=1 ingle ... shows more"
    return IngleError(f"internal error: {type(error).__name__}", hint)


def _is_debugging(environ: Mapping[str, str]) -> bool:
    return environ.get(DEBUG, "") not in {"", "0"}


def _report(error: Exception, session: Session) -> Path | None:
    """Write the traceback beside the daemon's log; None where that cannot be done."""
    try:
        path = session.paths.state / "cli-error.log"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except (OSError, ConfigError):
        return None
    return path


if __name__ == "__main__":
    sys.exit(main())
