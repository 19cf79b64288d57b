"""Models on disk: found by name, with their story; nothing half-written."""

import json
from pathlib import Path

import pytest

from fakes import tiny_adapter
from ingle.errors import BadModelFile, ModelNotFound, Unavailable
from ingle.models.catalog import EMBEDDED, catalog, suggestion
from ingle.models.library import Library, Story


@pytest.fixture
def library(tmp_path: Path, tiny_model: Path) -> Library:
    (tmp_path / "tiny.gguf").symlink_to(tiny_model)
    (tmp_path / f"{EMBEDDED}.gguf").symlink_to(tiny_model)
    return Library(tmp_path)


def test_models_are_listed_and_what_is_none_is_left_out(library: Library) -> None:
    (library.directory / "fake.gguf").write_text("no model")
    assert [model.name for model in library.list()] == [EMBEDDED, "tiny"]


def test_adapters_stand_apart_from_models(library: Library) -> None:
    path = tiny_adapter.build(library.directory / "poet.gguf")
    assert [model.name for model in library.list()] == [EMBEDDED, "tiny"]
    assert [adapter.name for adapter in library.adapters()] == ["poet"]
    found = library.find_adapter("poet")
    assert (found.path, found.architecture, found.base) == (path, "llama", "tiny-random")
    with pytest.raises(ModelNotFound, match="is an adapter"):
        library.find("poet")
    with pytest.raises(ModelNotFound, match="is a model"):
        library.find_adapter("tiny")
    with pytest.raises(ModelNotFound, match="no adapter"):
        library.find_adapter("gone")


def test_what_nobody_measured_has_the_catalogs_tier_or_none(library: Library) -> None:
    assert (library.find(EMBEDDED).tier, library.find(EMBEDDED).is_measured) == ("tiny", False)
    assert library.find("tiny").tier is None
    library.record_eval("tiny", "small", {"fix": (3, 4)})
    assert (library.find("tiny").tier, library.find("tiny").is_measured) == ("small", True)
    assert library.story("tiny").abilities == {"fix": (3, 4)}


def test_the_family_is_read_from_the_file_where_nothing_else_tells(library: Library) -> None:
    assert library.find("tiny").family == "chatml"


@pytest.mark.parametrize("name", ["gone", "../tiny", "a/b", "", ".", "x" * 300])
def test_an_unknown_name_is_a_clear_error_and_never_a_path(library: Library, name: str) -> None:
    with pytest.raises(ModelNotFound):
        library.find(name)


def test_a_known_model_that_is_not_here_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound) as caught:
        Library(tmp_path).find("qwen2.5-0.5b-instruct")
    assert "ingle model pull qwen2.5-0.5b-instruct" in caught.value.hint
    assert "Apache-2.0" in caught.value.hint


def test_the_chosen_model_is_remembered(library: Library) -> None:
    assert library.current() is None
    library.choose("tiny")
    assert Library(library.directory).current() == "tiny"
    with pytest.raises(ModelNotFound):
        library.choose("gone")
    assert library.current() == "tiny"


def test_a_removed_model_leaves_nothing(library: Library, tiny_model: Path) -> None:
    path = library.directory / "mine.gguf"
    path.write_bytes(tiny_model.read_bytes())
    library.record("mine", Story(sha256="ab"))
    library.choose("mine")
    for left in ("mine.original", ".mine.part", ".mine.validator"):
        (library.directory / left).write_bytes(b"x" * 5000)
    assert library.remove("mine") >= tiny_model.stat().st_size + 5000
    assert [path.name for path in library.directory.iterdir() if "mine" in path.name] == []
    assert library.current() is None
    with pytest.raises(ModelNotFound):
        library.remove("mine")


@pytest.mark.parametrize("name", ["gone", "../tiny", "", "x" * 300])
def test_what_is_not_here_cannot_be_removed(library: Library, name: str) -> None:
    with pytest.raises(ModelNotFound):
        library.remove(name)
    assert library.names() == [EMBEDDED, "tiny"]


def test_a_broken_file_can_be_removed_and_a_link_loses_only_the_link(
    library: Library, tiny_model: Path
) -> None:
    (library.directory / "broken.gguf").write_text("no model")
    library.remove("broken")
    library.remove("tiny")
    assert tiny_model.exists()
    assert library.names() == [EMBEDDED]


def test_a_file_of_ones_own_is_not_taken_for_the_catalogs(library: Library) -> None:
    library.record(EMBEDDED, Story(source="file:/tmp/mine.gguf"))
    found = library.find(EMBEDDED)
    assert (found.tier, found.licence) == (None, "CC0-1.0")


def test_the_story_of_another_file_is_not_believed(library: Library) -> None:
    library.record("tiny", Story(size_bytes=5, sha256="ab", verified="catalog", tier="medium"))
    model = library.find("tiny")
    assert (model.sha256, model.is_verified, model.tier) == ("", False, None)


def test_a_damaged_file_is_never_given_out(library: Library, tiny_model: Path) -> None:
    data = tiny_model.read_bytes()
    for name in ("cut", "qwen2.5-0.5b-instruct"):
        (library.directory / f"{name}.gguf").write_bytes(data)
        assert library.find(name).size_bytes == len(data)
        (library.directory / f"{name}.gguf").write_bytes(data[:-5000])
        with pytest.raises(BadModelFile, match="truncated"):
            library.find(name)
        assert name not in [model.name for model in library.list()]


def test_what_the_file_says_of_itself_is_told(library: Library) -> None:
    model = library.find("tiny")
    assert (model.quantization, model.licence, model.is_verified) == ("F16", "CC0-1.0", False)


def test_a_broken_sidecar_costs_only_its_story(library: Library) -> None:
    (library.directory / "tiny.json").write_text("{")
    assert library.find("tiny").tier is None


def test_a_sidecar_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be written"):
        Library(tmp_path / "file").record("tiny", Story())


def test_a_sidecar_is_readable_json(library: Library) -> None:
    library.record("tiny", Story(licence="MIT"))
    assert json.loads((library.directory / "tiny.json").read_text())["licence"] == "MIT"
    assert list(library.directory.glob(".*")) == []


def test_the_suggestion_is_the_smallest_that_can() -> None:
    small = suggestion("small")
    assert small.tier == "small"
    others = [other for other in catalog().values() if other.tier not in (None, "tiny")]
    assert all(small.size_mb <= other.size_mb for other in others)
    assert suggestion("tiny").name == EMBEDDED
