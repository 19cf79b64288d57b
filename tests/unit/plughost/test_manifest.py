"""`plugin.toml`: what is understood, and what every mistake is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.plugin_daemon import write_plugin
from ingle.plughost.grants import MEANINGS, of_the_wire
from ingle.plughost.manifest import BadManifest, parse, read
from ingle.wire.schema import GRANTS

GOOD = 'name = "hello"\nsummary = "Says hello"\n'
BUILT_IN = Path(__file__).resolve().parents[3] / "plugins"


def test_a_whole_manifest_is_read() -> None:
    manifest = parse(
        b'name = "hello"\nsummary = "s"\nhost = "desktop"\ngrants = ["context.write", "display"]\n'
        b'requires = ["display"]\n[settings.loud]\ntype = "bool"\ndefault = false\nhelp = "h"\n'
    )
    assert (manifest.name, manifest.host_name) == ("hello", "desktop")
    assert manifest.settings["loud"].default is False


def test_without_a_host_it_has_one_of_its_own() -> None:
    assert parse(GOOD.encode()).host_name == "hello"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "name"),
        ("name = ", "Invalid value"),
        (GOOD + "colour = 1", "colour"),
        ('name = "Hello"\nsummary = "s"', "'Hello'"),
        ('name = "../evil"\nsummary = "s"', "name"),
        (f'name = "{"x" * 41}"\nsummary = "s"', "name"),
        (GOOD + 'host = "a b"', "host"),
        (GOOD + 'grants = ["root"]', "grants: 'root' is unknown; known are clipboard, "),
        (
            GOOD + 'requires = ["coffee"]',
            "requires: 'coffee' is unknown; known are display, session-bus",
        ),
        (
            GOOD + '[settings.x]\ntype = "int"\ndefault = "1"\nhelp = ""',
            "settings.x.default: expected int",
        ),
        (GOOD + '[settings.x]\ntype = "date"\ndefault = 1\nhelp = ""', "date"),
        (GOOD + '[settings.X]\ntype = "int"\ndefault = 1\nhelp = ""', "'X'"),
        (GOOD + '[settings.x]\ntype = "int"\ndefault = 1\nhelp = ""\nmin = 2', "at least 2"),
        (GOOD + '[settings.x]\ntype = "int"\ndefault = 1', "help"),
        (
            GOOD + '[settings.x]\ntype = "str"\ndefault = ""\nhelp = ""\ngrants = {a = ["root"]}',
            "settings.x.grants: 'root' is unknown",
        ),
        (GOOD + '[settings.x]\ntype = "chord"\ndefault = "Ctrl+Z+X"\nhelp = ""', "'Z' in"),
        (GOOD + '[settings.x]\ntype = "path"\ndefault = "here"\nhelp = ""', "absolute"),
    ],
)
def test_a_mistake_is_named(text: str, reason: str) -> None:
    with pytest.raises(BadManifest) as caught:
        parse(text.encode())
    assert reason in str(caught.value)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    with pytest.raises(BadManifest):
        parse(raw)


def test_the_folder_has_to_have_its_name_and_its_code(tmp_path: Path) -> None:
    home = write_plugin(tmp_path, "hello")
    assert read(home).name == "hello"
    (home / "plugin.py").unlink()
    with pytest.raises(BadManifest, match=r"no plugin\.py"):
        read(home)
    with pytest.raises(BadManifest, match="'hello' and its folder's 'other'"):
        read(home.rename(tmp_path / "other"))


def test_a_manifest_that_is_huge_or_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="cannot be read"):
        read(tmp_path)
    (tmp_path / "plugin.toml").write_text("# " + "x" * 70_000)
    with pytest.raises(BadManifest, match="over 65536 bytes"):
        read(tmp_path)


@pytest.mark.parametrize("home", sorted(BUILT_IN.iterdir()), ids=lambda path: path.name)
def test_the_built_in_plugins_are_whole(home: Path) -> None:
    manifest = read(home)
    assert manifest.summary
    assert manifest.grants
    assert (home / "README.md").is_file()
    assert all(key in (home / "README.md").read_text() for key in manifest.settings)


def test_every_grant_is_explained_and_the_wire_knows_its_own() -> None:
    assert all(MEANINGS.values())
    assert of_the_wire(frozenset(MEANINGS)) == frozenset(GRANTS)
