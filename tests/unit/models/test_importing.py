"""Files of this machine into the library: whole, checked, recorded, never over another one."""

import hashlib
import os
from pathlib import Path

import pytest

from fakes import tiny_adapter
from ingle.errors import BadModelFile, Busy, InvalidParams, NotFound, Unavailable
from ingle.models import importing, parts
from ingle.models.importing import Manner, add, checked_name, name_from
from ingle.models.library import InstalledAdapter, Library
from ingle.models.parts import Teller

AS_IS = Manner(as_is=True)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "models")


def left_behind(library: Library) -> list[str]:
    return sorted(path.name for path in library.directory.iterdir())


def test_a_file_is_copied_and_its_hash_recorded(tiny_model: Path, library: Library) -> None:
    model = add(tiny_model, library, "", AS_IS)
    assert (model.name, model.source) == ("tiny", f"file:{tiny_model}")
    assert model.sha256 == hashlib.sha256(tiny_model.read_bytes()).hexdigest()
    assert not model.path.samefile(tiny_model)
    assert left_behind(library) == ["tiny.gguf", "tiny.json"]


def test_the_original_may_go_or_change_afterwards(
    tmp_path: Path, library: Library, tiny_model: Path
) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(tiny_model.read_bytes())
    model = add(mine, library, "", AS_IS)
    os.truncate(mine, 100)
    assert model.path.read_bytes() == tiny_model.read_bytes()


def test_a_copy_is_told_byte_by_byte_where_it_takes_any(
    tiny_model: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "clone", lambda source, target: False)
    told: list[tuple[int, int | None]] = []
    add(tiny_model, library, "", AS_IS, Teller(progress=lambda *step: told.append(step)))
    size = tiny_model.stat().st_size
    assert told[-1] == (size, size)


def test_a_clone_takes_no_copying(
    tiny_model: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clone(source: Path, target: Path) -> bool:
        target.write_bytes(source.read_bytes())
        return True

    monkeypatch.setattr(importing, "clone", clone)
    told: list[tuple[int, int | None]] = []
    model = add(tiny_model, library, "", AS_IS, Teller(progress=lambda *step: told.append(step)))
    assert model.path.read_bytes() == tiny_model.read_bytes()
    assert told == []


def test_a_link_leaves_the_file_where_it_is(tiny_model: Path, library: Library) -> None:
    model = add(tiny_model, library, "", Manner(is_link=True))
    assert model.path.is_symlink()
    assert model.path.samefile(tiny_model)
    assert model.sha256
    library.remove("tiny")
    assert tiny_model.exists()


def test_a_link_that_leads_nowhere_is_replaced(
    tiny_model: Path, library: Library, tmp_path: Path
) -> None:
    library.directory.mkdir()
    library.path_of("tiny").symlink_to(tmp_path / "gone")
    assert add(tiny_model, library, "", Manner(is_link=True)).path.samefile(tiny_model)


def test_an_adapter_is_kept_as_one_and_never_tried(tmp_path: Path, library: Library) -> None:
    adapter = add(tiny_adapter.build(tmp_path / "poet.gguf"), library, "", Manner())
    assert isinstance(adapter, InstalledAdapter)
    assert library.story("poet").kind == "adapter"
    assert left_behind(library) == ["poet.gguf", "poet.json"]


def test_a_file_that_lies_in_the_library_gets_its_record(tiny_model: Path, library: Library) -> None:
    library.directory.mkdir()
    library.path_of("tiny").write_bytes(tiny_model.read_bytes())
    told: list[str] = []
    model = add(library.path_of("tiny"), library, "", Manner(), Teller(say=told.append))
    assert model.sha256
    assert "its hash is recorded" in told[0]
    add(library.path_of("tiny"), library, "", Manner(), Teller(say=told.append))
    assert "here already" in told[1]


def test_a_name_that_is_taken_is_refused(tiny_model: Path, tmp_path: Path, library: Library) -> None:
    add(tiny_model, library, "mine", AS_IS)
    before = library.path_of("mine").stat()
    other = tmp_path / "other.gguf"
    other.write_bytes(tiny_model.read_bytes())
    with pytest.raises(Busy) as caught:
        add(other, library, "mine", AS_IS)
    assert "--name" in caught.value.hint
    assert library.path_of("mine").stat() == before


@pytest.mark.parametrize("content", [b"", b"text", b"GGUF\3\0\0\0"])
def test_what_is_no_model_is_refused_before_anything_is_written(
    tmp_path: Path, library: Library, content: bytes
) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(BadModelFile):
        add(tmp_path / "m.gguf", library, "", AS_IS)
    with pytest.raises(NotFound):
        add(tmp_path / "gone.gguf", library, "", AS_IS)
    with pytest.raises(BadModelFile):
        add(tmp_path, library, "", AS_IS)
    assert not library.directory.exists()


def test_a_full_disk_is_noticed_before_a_byte_is_written(
    tiny_model: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "clone", lambda source, target: False)
    monkeypatch.setattr(parts.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(Unavailable, match="are free"):
        add(tiny_model, library, "", AS_IS)
    assert left_behind(library) == []


def test_a_file_that_shrinks_while_it_is_copied_is_not_kept(
    tiny_model: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "clone", lambda source, target: bool(target.write_bytes(b"half")))
    with pytest.raises(BadModelFile, match="changed while"):
        add(tiny_model, library, "", AS_IS)
    assert left_behind(library) == []


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Qwen2.5 Coder (0.5B).Q4_K_M.gguf", "qwen2.5-coder-0.5b-.q4_k_m"),
        ("модель-1.gguf", "1"),
        ("x" * 300 + ".gguf", "x" * 200),
    ],
)
def test_a_name_is_made_of_any_file_name(file: str, name: str) -> None:
    assert name_from(file) == name


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a b", "\n", "é", "x" * 201, "-x"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(InvalidParams):
        checked_name(name)
    with pytest.raises(InvalidParams):
        name_from("???.gguf")


def test_two_do_not_change_the_library_at_once(tiny_model: Path, library: Library) -> None:
    from ingle.models.files import alone

    with alone(library.directory), pytest.raises(Busy):
        add(tiny_model, library, "", AS_IS)
