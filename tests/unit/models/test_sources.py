"""Sources are read strictly, and what a server answers is told plainly."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.model_site import Site, serving
from ingle.errors import InvalidParams, NotFound, Unavailable
from ingle.models import sources
from ingle.models.sources import fetch


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(b"some bytes") as site:
        yield site


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / ".model.part"


def quiet(done: int, total: int | None) -> None:
    pass


def test_a_file_of_the_hub_has_its_address_there(
    site: Site, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sources, "_from_url", lambda url, *_: asked.append(url) or "")
    fetch("hf:Qwen/Some Repo/folder/a model.gguf", part, quiet)
    assert asked == ["https://huggingface.co/Qwen/Some%20Repo/resolve/main/folder/a%20model.gguf"]


@pytest.mark.parametrize(
    "source",
    [
        "http://example.org/model.gguf",
        "https://",
        "https://[half/model.gguf",
        "https://a b/model.gguf",
        "https://a/\nmodel.gguf",
        "hf:owner/model.gguf",
        "ftp://example.org/model.gguf",
    ],
)
def test_a_source_that_cannot_be_used_is_refused_before_anything_is_asked(
    source: str, part: Path
) -> None:
    with pytest.raises(InvalidParams):
        fetch(source, part, quiet)


def test_a_redirect_to_a_plain_address_is_not_followed(
    site: Site, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = site.url.replace("model", "moved")
    monkeypatch.setattr(Site, "url", "http://example.invalid/model.gguf")
    with pytest.raises(InvalidParams):
        fetch(moved, part, quiet)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, NotFound, "not open"),
        (403, NotFound, "not open"),
        (404, NotFound, "not exist"),
        (503, Unavailable, "503"),
    ],
)
def test_what_the_server_refuses_is_told_plainly(
    site: Site, part: Path, status: int, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        fetch(site.url.replace("model", str(status)), part, quiet)


def test_without_any_validator_the_next_try_starts_anew(site: Site, part: Path) -> None:
    site.etag, site.cut = 'W/"weak"', 5
    with pytest.raises(Unavailable):
        fetch(site.url, part, quiet)
    site.cut = None
    fetch(site.url, part, quiet)
    assert part.read_bytes() == b"some bytes"
    assert site.ranges == [None, None]


def test_a_file_that_cannot_be_read_is_told_plainly(part: Path) -> None:
    for source in ("file:/nowhere/x.gguf", "file:/", "file:/a\0b.gguf"):
        with pytest.raises(NotFound, match="cannot be read"):
            fetch(source, part, quiet)
