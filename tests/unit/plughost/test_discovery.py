"""Plugins are found by their manifests, in order, and nothing of them is executed."""

from importlib.metadata import Distribution, EntryPoint, PathDistribution
from pathlib import Path

import pytest

from fakes.plugin_daemon import write_plugin
from ingle.paths import Paths
from ingle.plughost import discovery
from ingle.plughost.discovery import BUILT_IN, find

LETHAL = "raise SystemExit('executed')"


def test_the_built_in_one_wins_and_the_other_is_listed_with_a_reason(tmp_path: Path) -> None:
    write_plugin(tmp_path / "ours", "one")
    write_plugin(tmp_path / "theirs", "one", LETHAL)
    write_plugin(tmp_path / "theirs", "two", LETHAL)
    found = find([(BUILT_IN, tmp_path / "ours"), ("user", tmp_path / "theirs")], entries=())
    assert {name: each.source for name, each in found.plugins.items()} == {
        "one": BUILT_IN,
        "two": "user",
    }
    (rejected,) = found.rejected
    assert (rejected.name, rejected.source) == ("one", "user")
    assert "a built-in plugin has this name" in rejected.reason


def test_a_broken_manifest_costs_only_its_own_plugin(tmp_path: Path) -> None:
    write_plugin(tmp_path, "good")
    (write_plugin(tmp_path, "bad") / "plugin.toml").write_text("name = 7")
    (tmp_path / "no-plugin").mkdir()
    (tmp_path / "file").touch()
    found = find([("user", tmp_path), ("user", tmp_path / "missing")], entries=())
    assert list(found.plugins) == ["good"]
    assert [each.name for each in found.rejected] == ["bad"]


def test_packages_bring_plugins_without_being_imported(tmp_path: Path) -> None:
    write_plugin(tmp_path / "some_package", "packed", LETHAL)
    (tmp_path / "some_package" / "__init__.py").write_text(LETHAL)
    info = tmp_path / "some_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-package\nVersion: 1.0\n")
    entries = [
        _entry("packed", "some_package.packed", PathDistribution(info)),
        _entry("lost", "some_package.lost", PathDistribution(info)),
    ]
    found = find([], entries)
    assert found.plugins["packed"].source == "package"
    assert [(each.name, each.source) for each in found.rejected] == [("lost", "package")]


def _entry(name: str, value: str, dist: Distribution) -> EntryPoint:
    entry = EntryPoint(name, value, discovery.GROUP)
    vars(entry).update(dist=dist)
    return entry


@pytest.mark.parametrize(("source", "counts"), [(BUILT_IN, False), ("user", True)])
def test_code_counts_for_the_digest_of_what_did_not_come_with_us(
    tmp_path: Path, source: str, counts: bool
) -> None:
    home = write_plugin(tmp_path, "one")
    before = find([(source, tmp_path)], entries=()).plugins["one"].digest
    (home / "neighbour.py").write_text("x = 1")
    after = find([(source, tmp_path)], entries=()).plugins["one"].digest
    assert (before != after) is counts
    write_plugin(tmp_path, "one", grants=["control"])
    assert find([(source, tmp_path)], entries=()).plugins["one"].digest not in {before, after}


def test_the_search_path_has_the_built_in_ones_first(private_dirs: Path) -> None:
    (first, built_in), (second, user) = discovery.search_path(Paths.from_environment())
    assert (first, second) == (BUILT_IN, "user")
    assert (built_in / "clipboard" / "plugin.toml").is_file()
    assert user == private_dirs / "data_home" / "ingle" / "plugins"
