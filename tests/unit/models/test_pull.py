"""Pulling over a real HTTP server: whole, resumed, wrong, and never half-installed."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.model_site import Site, serving
from ingle.errors import BadModelFile, Busy, InvalidParams, ModelNotFound, NotFound, Unavailable
from ingle.models import catalog as catalog_module
from ingle.models import parts
from ingle.models.catalog import CatalogEntry
from ingle.models.files import sha256
from ingle.models.library import InstalledModel, Library
from ingle.models.parts import Progress, Say, Teller
from ingle.models.pull import bar_teller, lines_teller, main
from ingle.models.pull import pull as pull_and_try


@pytest.fixture
def site(tiny_model: Path) -> Iterator[Site]:
    with serving(tiny_model.read_bytes()) as site:
        yield site


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "models")


def quiet(done: int, total: int | None) -> None:
    assert total is None or done <= total


def pull(
    source: str, library: Library, progress: Progress = quiet, say: Say = lambda line: None
) -> InstalledModel:
    """What comes is kept as it is: which type is fastest is asked in the engine's tests."""
    model = pull_and_try(source, library, Teller(progress=progress, say=say), as_is=True)
    assert isinstance(model, InstalledModel)
    return model


def left_behind(library: Library) -> list[str]:
    return sorted(path.name for path in library.directory.iterdir())


def test_a_url_is_pulled_checked_and_put_in_place(site: Site, library: Library) -> None:
    model = pull(site.url, library, quiet)
    assert model.path.read_bytes() == site.content
    assert (model.name, model.family, model.sha256) == ("model", "chatml", sha256(model.path))
    assert left_behind(library) == ["model.gguf", "model.json"]


def know(monkeypatch: pytest.MonkeyPatch, name: str, source: str, sha256: str, size_mb: int = 1) -> None:
    entry = CatalogEntry(
        name=name, summary="", source=source, size_mb=size_mb, licence="MIT", family="chatml",
        tier="small", n_ctx=2048, layers=2, kv_bytes=256, sha256=sha256,
    )  # fmt: skip
    monkeypatch.setitem(catalog_module.catalog(), name, entry)


def test_what_is_there_is_not_pulled_again(site: Site, library: Library) -> None:
    pull(site.url, library, quiet)
    pull(site.url, library, quiet)
    assert len(site.ranges) == 1


def test_a_damaged_model_is_pulled_again(site: Site, library: Library) -> None:
    path = pull(site.url, library, quiet).path
    os.truncate(path, 1000)
    told: list[str] = []
    assert pull(site.url, library, quiet, told.append).path.read_bytes() == site.content
    assert "fetched again" in told[0]


def test_a_cut_download_goes_on_where_it_was(site: Site, library: Library) -> None:
    site.cut = 100_000
    with pytest.raises(Unavailable) as caught:
        pull(site.url, library, quiet)
    assert "goes on" in caught.value.hint
    assert left_behind(library) == [".model.part", ".model.validator"]
    site.cut = None
    assert pull(site.url, library, quiet).path.read_bytes() == site.content
    assert site.ranges == [None, "bytes=99999-"]
    assert left_behind(library) == ["model.gguf", "model.json"]


def test_a_whole_part_file_is_finished_with_one_byte(site: Site, library: Library) -> None:
    library.directory.mkdir()
    (library.directory / ".model.part").write_bytes(site.content)
    (library.directory / ".model.validator").write_text(site.etag)
    assert pull(site.url, library, quiet).path.read_bytes() == site.content
    assert site.sent == 1


def test_a_file_that_changed_meanwhile_comes_whole(site: Site, library: Library) -> None:
    library.directory.mkdir()
    (library.directory / ".model.part").write_bytes(b"of another version")
    (library.directory / ".model.validator").write_text('"another version"')
    assert pull(site.url, library, quiet).path.read_bytes() == site.content


def test_a_file_that_became_shorter_comes_whole(site: Site, library: Library) -> None:
    library.directory.mkdir()
    (library.directory / ".model.part").write_bytes(site.content + b"more")
    (library.directory / ".model.validator").write_text(site.etag)
    assert pull(site.url, library, quiet).path.read_bytes() == site.content


def test_without_a_validator_a_part_file_is_not_gone_on_with(site: Site, library: Library) -> None:
    library.directory.mkdir()
    (library.directory / ".model.part").write_bytes(b"from who knows where")
    assert pull(site.url, library, quiet).path.read_bytes() == site.content
    assert site.ranges == [None]


def test_the_hubs_own_hash_is_checked(site: Site, library: Library) -> None:
    site.stated = hashlib.sha256(site.content).hexdigest()
    told: list[str] = []
    assert pull(site.url, library, quiet, told.append).is_verified
    assert "hub" in told[0]
    library.path_of("model").unlink()
    site.stated = "0" * 64
    with pytest.raises(BadModelFile, match="sha256"):
        pull(site.url, library, quiet)
    assert left_behind(library) == ["model.json"]


def test_the_hubs_hash_is_kept_over_a_redirect(site: Site, library: Library) -> None:
    site.stated = "0" * 64
    with pytest.raises(BadModelFile, match="sha256"):
        pull(site.url.replace("model", "moved"), library, quiet)


def test_where_nobody_states_a_hash_the_person_is_told(site: Site, library: Library) -> None:
    told: list[str] = []
    assert not pull(site.url, library, quiet, told.append).is_verified
    assert "nobody" in told[0]


def test_a_hash_in_the_catalog_is_checked(
    site: Site, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = hashlib.sha256(site.content).hexdigest()
    know(monkeypatch, "good", site.url, right)
    know(monkeypatch, "bad", site.url, "0" * 64)
    model = pull("good", library, quiet)
    assert (model.is_verified, model.tier, model.licence) == (True, "small", "MIT")
    with pytest.raises(BadModelFile, match="sha256"):
        pull("bad", library, quiet)


def test_what_is_no_model_is_refused_and_not_kept(site: Site, library: Library) -> None:
    site.content = b"<html>Not today</html>"
    with pytest.raises(BadModelFile):
        pull(site.url, library, quiet)
    assert left_behind(library) == []


def test_a_missing_file_and_a_dead_server_are_told_apart(site: Site, library: Library) -> None:
    with pytest.raises(NotFound):
        pull(site.url.replace("model", "404"), library, quiet)
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
    monkeypatch.setattr(parts.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(Unavailable, match="are free"):
        pull(site.url, library, quiet)
    assert left_behind(library) == []
    know(monkeypatch, "large", site.url, "", size_mb=10)
    with pytest.raises(Unavailable, match="10 MB are needed"):
        pull("large", library, quiet)


def test_two_pulls_of_one_model_do_not_meet(site: Site, library: Library) -> None:
    library.directory.mkdir()
    lock = os.open(library.directory, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(Busy):
        pull(site.url, library, quiet)
    os.close(lock)
    assert pull(site.url, library, quiet).name == "model"


def test_a_stop_in_the_middle_leaves_what_has_come(site: Site, library: Library) -> None:
    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(site.url, library, stop)
    assert (library.directory / ".model.part").stat().st_size > 0
    assert library.list() == []
    assert pull(site.url, library, quiet).path.read_bytes() == site.content
    assert site.ranges[1] is not None


def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp_path: Path, site: Site) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be made"):
        pull(site.url, Library(tmp_path / "file" / "models"), quiet)


def test_a_log_gets_ten_lines_and_each_step_its_own() -> None:
    lines: list[str] = []
    progress = lines_teller(lines.append).progress
    for step in range(2):
        for done in range(0, 1_000_000_001, 1_000_000):
            progress(done, 1_000_000_000 + step)
        progress(5, None)
    assert len(lines) == 2 * 11 - 1


def test_a_log_is_told_how_far_a_trial_is() -> None:
    lines: list[str] = []
    share = lines_teller(lines.append).share
    for done in range(101):
        share(done / 100)
    assert lines[0] == "trying: 0%"
    assert lines[-1] == "trying: 100%"
    assert len(lines) == 11


class Bar:
    """What of a tqdm bar is used."""

    disable = False
    n: float = 0
    total: float | None = None
    bar_format: str | None = None

    def reset(self, total: float | None) -> None:
        self.n, self.total = 0, total

    def update(self, more: float) -> None:
        self.n += more

    def refresh(self) -> None:
        """Draws."""


def test_a_bar_goes_back_for_the_next_step() -> None:
    bar = Bar()
    progress = bar_teller(bar, print).progress
    for done, total in ((5, None), (9, None), (2, 10), (10, 10)):
        progress(done, total)
        assert (bar.n, bar.total) == (done, total)


def test_a_bar_shows_no_bytes_where_there_are_none() -> None:
    bar = Bar()
    teller = bar_teller(bar, print)
    teller.progress(5, 10)
    teller.share(0.5)
    assert (bar.n, bar.total) == (0.5, 1)
    assert bar.bar_format
    teller.share(0.75)
    assert bar.n == 0.75
    teller.progress(5, 10)
    assert (bar.n, bar.total, bar.bar_format) == (5, 10, None)


def test_the_command_prints_where_the_model_is_and_errors_without_a_traceback(
    private_dirs: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([site.url, "--as-is"]) == 0
    assert "model.gguf" in capsys.readouterr().out
    assert main(["gpt-9"]) == 1
    assert "Traceback" not in capsys.readouterr().err
