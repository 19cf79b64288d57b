"""Files that are what they were, and those that are not any more."""

import os
from pathlib import Path

import pytest

from ingle.errors import ModelNotFound
from ingle.models.importing import Manner, add
from ingle.models.library import Library
from ingle.models.verifying import Verdict, chosen, verify


@pytest.fixture
def library(tmp_path: Path, tiny_model: Path) -> Library:
    library = Library(tmp_path / "models")
    for name in ("one", "two"):
        add(tiny_model, library, name, Manner(as_is=True))
    return library


def verdicts(library: Library) -> dict[str, Verdict]:
    found = verify(library, chosen(library, []), lambda done, total: None)
    return {verdict.name: verdict for verdict in found}


def test_an_untouched_library_is_good(library: Library) -> None:
    assert {verdict.state for verdict in verdicts(library).values()} == {"good"}


def test_a_single_changed_byte_is_found(library: Library) -> None:
    path = library.path_of("two")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    found = verdicts(library)
    assert (found["one"].state, found["two"].state) == ("good", "changed")
    assert found["two"].is_bad
    assert found["two"].found != found["two"].expected


def test_a_truncated_and_a_vanished_file_are_broken(library: Library, tmp_path: Path) -> None:
    os.truncate(library.path_of("one"), 1000)
    library.path_of("two").unlink()
    library.path_of("two").symlink_to(tmp_path / "gone")
    found = verdicts(library)
    assert (found["one"].state, found["two"].state) == ("broken", "broken")
    assert "truncated" in found["one"].message
    assert "no such file" in found["two"].message


def test_without_a_record_nothing_is_known(library: Library) -> None:
    (library.directory / "one.json").unlink()
    found = verdicts(library)["one"]
    assert found.state == "unknown"
    assert not found.is_bad


def test_who_vouches_for_a_hash_is_told_only_where_it_is_about_this_file(library: Library) -> None:
    story = library.story("one")
    story.verified = "catalog"
    library.record("one", story)
    assert verdicts(library)["one"].stated_by == "catalog"
    story.original_sha256 = "0" * 64
    library.record("one", story)
    assert verdicts(library)["one"].stated_by == ""


def test_an_unknown_name_is_told_before_anything_is_read(library: Library) -> None:
    with pytest.raises(ModelNotFound):
        chosen(library, ["one", "three"])
    assert chosen(library, ["two"]) == ["two"]
