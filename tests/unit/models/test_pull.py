"""Pulling over a real HTTP server: whole, resumed, wrong, and never half-installed."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingle.errors import BadModelFile, InvalidParams, ModelNotFound, NotFound, Unavailable
from ingle.models import sources
from ingle.models.library import Library
from ingle.models.pull import main, pull, sha256


class Site(ThreadingHTTPServer):
    """One file, served with ranges; `cut` ends an answer early, `stated` is the hub's hash header."""

    content = b""
    cut: int | None = None
    stated = ""
    ranges: list[str | None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/model.gguf"


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        site, wanted = self.server, self.headers.get("Range")
        site.ranges.append(wanted)
        if self.path == "/gone.gguf":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(site.content):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(site.content) - start))
        if site.stated:
            self.send_header("X-Linked-ETag", f'"{site.stated}"')
        self.end_headers()
        self.wfile.write(site.content[start : site.cut])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tiny_model: Path) -> Iterator[Site]:
    server = Site(("127.0.0.1", 0), Handler)
    server.content, server.ranges = tiny_model.read_bytes(), []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "models")


def quiet(done: int, total: int | None) -> None:
    assert total is None or done <= total


def left_behind(library: Library) -> list[str]:
    return sorted(path.name for path in library.directory.iterdir())


def test_a_url_is_pulled_checked_and_put_in_place(site: Site, library: Library) -> None:
    model = pull(site.url, library, quiet)
    assert model.path.read_bytes() == site.content
    assert (model.name, model.family, model.sha256) == ("model", "chatml", sha256(model.path))
    assert left_behind(library) == ["model.gguf", "model.json"]


def test_what_is_there_is_not_pulled_again(site: Site, library: Library) -> None:
    pull(site.url, library, quiet)
    pull(site.url, library, quiet)
    assert len(site.ranges) == 1


def test_a_cut_download_goes_on_where_it_was(site: Site, library: Library) -> None:
    site.cut = 100_000
    with pytest.raises(Unavailable) as caught:
        pull(site.url, library, quiet)
    assert "goes on" in caught.value.hint
    assert left_behind(library) == [".model.part"]
    site.cut = None
    assert pull(site.url, library, quiet).path.read_bytes() == site.content
    assert site.ranges == [None, "bytes=100000-"]


def test_a_whole_part_file_is_finished_without_a_byte_more(site: Site, library: Library) -> None:
    library.directory.mkdir()
    (library.directory / ".model.part").write_bytes(site.content)
    assert pull(site.url, library, quiet).path.read_bytes() == site.content


def test_the_hubs_own_hash_is_checked(site: Site, library: Library) -> None:
    site.stated = hashlib.sha256(site.content).hexdigest()
    pull(site.url, library, quiet)
    library.path_of("model").unlink()
    site.stated = "0" * 64
    with pytest.raises(BadModelFile, match="sha256"):
        pull(site.url, library, quiet)
    assert left_behind(library) == ["model.json"]


def test_what_is_no_model_is_refused_and_not_kept(site: Site, library: Library) -> None:
    site.content = b"<html>Not today</html>"
    with pytest.raises(BadModelFile):
        pull(site.url, library, quiet)
    assert left_behind(library) == []


def test_a_missing_file_and_a_dead_server_are_told_apart(site: Site, library: Library) -> None:
    with pytest.raises(NotFound):
        pull(site.url.replace("model", "gone"), library, quiet)
    with pytest.raises(Unavailable):
        pull("http://127.0.0.1:9/model.gguf", library, quiet)


def test_a_local_file_is_copied(tiny_model: Path, library: Library) -> None:
    assert pull(f"file:{tiny_model}", library, quiet).path.read_bytes() == tiny_model.read_bytes()
    with pytest.raises(NotFound):
        pull("file:/nowhere/x.gguf", library, quiet)


@pytest.mark.parametrize("source", ["ftp:x.gguf", "hf:owner/x.gguf", "https://a/b", "file:/a/.gguf"])
def test_a_source_that_cannot_be_read_is_refused(library: Library, source: str) -> None:
    with pytest.raises(InvalidParams):
        pull(source, library, quiet)


def test_an_unknown_name_is_not_in_the_catalog(library: Library) -> None:
    with pytest.raises(ModelNotFound, match="catalog"):
        pull("gpt-9", library, quiet)


def test_a_full_disk_is_noticed_before_a_byte_is_written(
    site: Site, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(Unavailable, match="are free"):
        pull(site.url, library, quiet)
    assert left_behind(library) == []


def test_the_command_prints_where_the_model_is_and_errors_without_a_traceback(
    private_dirs: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([site.url]) == 0
    assert "model.gguf" in capsys.readouterr().out
    assert main(["gpt-9"]) == 1
    assert "Traceback" not in capsys.readouterr().err
