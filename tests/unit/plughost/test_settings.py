"""A plugin's settings: checked, completed, and refused by name."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.plughost.settings import BadValue, Setting, SettingType, checked, merged


def setting(kind: SettingType, default: Any = None, **more: Any) -> Setting:
    return Setting(type=kind, default=default, help="", **more)


VALUES: dict[SettingType, Any] = {
    "bool": st.booleans(),
    "int": st.integers(-(2**31), 2**31),
    "float": st.floats(allow_nan=False),
    "str": st.text(),
    "list[str]": st.lists(st.text()),
}


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_a_value_of_the_right_type_comes_out_as_it_went_in(kind: SettingType, data: Any) -> None:
    value = data.draw(VALUES[kind])
    assert checked(setting(kind), value) == value


WRONG: list[tuple[SettingType, Any]] = [
    ("bool", 1), ("bool", "true"), ("int", 1.5), ("int", True), ("int", "1"), ("float", "1"),
    ("str", 1), ("str", ["a"]), ("list[str]", "a"), ("list[str]", [1]), ("path", 1), ("list[path]", "/a"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), WRONG)
def test_a_value_of_another_type_is_refused(kind: SettingType, value: Any) -> None:
    with pytest.raises(BadValue, match="expected"):
        checked(setting(kind), value)


def test_bounds_are_of_numbers_and_of_lengths() -> None:
    with pytest.raises(BadValue, match="at least 2"):
        checked(setting("int", min=2), 1)
    with pytest.raises(BadValue, match="at most 3"):
        checked(setting("str", max=3), "long")
    with pytest.raises(BadValue, match="at least 1"):
        checked(setting("list[str]", min=1), [])
    with pytest.raises(BadValue, match="'a', 'b'"):
        checked(setting("str", choices=["a", "b"]), "c")


def test_paths_are_made_absolute() -> None:
    assert checked(setting("path"), "~/x") == str(Path.home() / "x")
    assert checked(setting("list[path]"), ["/a", "~"]) == ["/a", str(Path.home())]
    with pytest.raises(BadValue, match="absolute"):
        checked(setting("path"), "x")
    with pytest.raises(BadValue, match="no such home"):
        checked(setting("path"), "~nobody-of-this-name/x")


def test_what_is_not_given_is_the_default_and_what_is_unknown_is_named() -> None:
    declared = {"a": setting("int", 1), "b": setting("str", "x")}
    assert merged(declared, {"a": 2}) == {"a": 2, "b": "x"}
    with pytest.raises(BadValue, match="c: no such setting; there are a, b"):
        merged(declared, {"c": 1})
    with pytest.raises(BadValue, match="a: expected int"):
        merged(declared, {"a": "2"})


def test_a_chord_comes_out_as_it_is_written_and_may_be_empty() -> None:
    assert checked(setting("chord"), "alt + ctrl+space") == "Ctrl+Alt+Space"
    assert checked(setting("chord"), "") == ""
    with pytest.raises(BadValue, match="expected chord"):
        checked(setting("chord"), 1)


def test_a_chord_that_is_none_is_a_configuration_error_that_names_it() -> None:
    declared = {"popup": setting("chord", "Ctrl+Alt+Space")}
    with pytest.raises(BadValue, match=r"popup: unknown key 'Spcae' in 'Ctrl\+Spcae'"):
        merged(declared, {"popup": "Ctrl+Spcae"})


def test_bindings_are_chords_with_one_of_the_declared_actions() -> None:
    bindings = setting("list[binding]", [], choices=["popup", "skill:*"])
    assert checked(bindings, ["ctrl+r=skill:rewrite"]) == ["Ctrl+R = skill:rewrite"]
    with pytest.raises(BadValue, match=r"unknown action 'skil:rewrite' for 'Ctrl[+]R'"):
        checked(bindings, ["Ctrl+R = skil:rewrite"])
    with pytest.raises(BadValue, match="unknown modifier 'Hyper'"):
        checked(bindings, ["Hyper+R = popup"])
