"""Configuration is all right or refused with file, line and reason."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.config import Config, load, parse
from ingle.errors import ConfigError


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml") == Config()


def test_values_are_read_and_the_rest_stays() -> None:
    config = parse("[engine]\nslots = 8\n[plugins.clipboard]\nmin_chars = 10\n")
    assert (config.engine.slots, config.engine.threads) == (8, 0)
    assert config.plugins == {"clipboard": {"min_chars": 10}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[engine]\nslots = 4\nslot = 3\n", "config.toml:3: unknown key 'engine.slot'"),
        ("colour = 1\n", "config.toml:1: unknown key 'colour'"),
        ("[daemon]\n\nlog_level = 'loud'\n", "config.toml:3: daemon.log_level"),
        ("[limits]\nframe_bytes = 1\n", "config.toml:2: limits.frame_bytes: expected `int` >= 4096"),
        ("[limits]\nconnections = 'x'\n", "config.toml:2: limits.connections"),
        ("[engine\n", "line 1"),
        ("engine = 3\n", "engine"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert said in caught.value.message


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_an_unreadable_file_is_a_clear_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "config.toml"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(file)


@given(st.text(max_size=80))
def test_any_text_is_a_configuration_or_a_clear_error(text: str) -> None:
    said = "config.toml"
    try:
        parse(text)
    except ConfigError as error:
        said = error.message
    assert said.startswith("config.toml")
