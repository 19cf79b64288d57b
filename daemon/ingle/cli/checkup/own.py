"""What belongs to Ingle on this machine: configuration, runtime directory, models, log."""

import os
import stat
from pathlib import Path

from ingle import config
from ingle.cli import words
from ingle.cli.checkup.finding import Findings, fail, ok, warn
from ingle.cli.session import Session
from ingle.errors import BadModelFile, ConfigError, ModelNotFound
from ingle.models.catalog import EMBEDDED
from ingle.models.files import sha256
from ingle.models.gguf import read_header
from ingle.models.library import Library
from ingle.plughost import configuring, discovery


def configuration(session: Session) -> Findings:
    """Also what `[plugins.*]` says, which the daemon does without rather than not start."""
    path = session.paths.config_file
    try:
        settings = config.load(path).plugins
    except ConfigError as error:
        yield fail("configuration", error.message, "correct the line; `ingle reload` applies it")
        return
    faults = configuring.faults(discovery.find(discovery.search_path(session.paths)), settings)
    for fault in faults.values():
        yield fail("configuration", f"{path}: {fault}", "correct it; `ingle reload` applies it")
    if faults:
        return
    yield ok("configuration", str(path) if path.exists() else f"the defaults ({path} is not there)")


def runtime_directory(session: Session) -> Findings:
    directory = session.paths.socket.parent
    if not directory.exists():
        yield ok("runtime directory", f"{directory} (made at the first start)")
        return
    status = directory.stat()
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid not in {os.getuid(), 0}:
        yield fail("runtime directory", f"{directory} belongs to somebody else", "set XDG_RUNTIME_DIR")
    elif mode & 0o077 and directory.name == "ingle":
        yield warn(
            "runtime directory", f"{directory} is open to others ({mode:o})", f"chmod 700 {directory}"
        )
    else:
        yield ok("runtime directory", f"{directory} ({mode:o})")


def models(session: Session) -> Findings:
    """The model that would be loaded: its header, and its hash against the one of the pull."""
    library = Library(session.paths.models)
    name = _chosen(session, library)
    try:
        model = library.find(name)
        header = read_header(model.path)
    except (ModelNotFound, BadModelFile) as error:
        yield fail("model", error.message, error.hint)
        return
    session.output.progress(f"checking {model.path.name}")
    text = f"{name}: {header.quantization}, {words.size(model.size_bytes)}, {model.licence}"
    if not model.sha256:
        yield warn("model", f"{text}; no hash is known", "files of your own are not verified")
    elif sha256(model.path) != model.sha256:
        yield fail(
            "model",
            f"{name} has changed since it was pulled",
            f"rm {model.path}; ingle model pull {name}",
        )
    else:
        yield ok("model", f"{text}, sha256 verified")


def _chosen(session: Session, library: Library) -> str:
    try:
        configured = config.load(session.paths.config_file).model.name
    except ConfigError:
        configured = ""
    return configured or library.current() or EMBEDDED


def log_file(session: Session) -> Findings:
    path: Path = session.paths.log_file
    if path.exists():
        yield ok("log", f"{path} ({words.size(path.stat().st_size)}); `ingle log` shows it")
    else:
        yield ok("log", f"{path} (not there yet)")


CHECKS = (configuration, runtime_directory, models, log_file)
