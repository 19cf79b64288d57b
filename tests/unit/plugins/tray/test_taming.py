"""pystray is loaded with the best back end that is there, and is kept from what hurts.

The library that is missing is a module that is not found; nothing is drawn.
"""

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from fakes.tray_plugin import module

taming = module("taming")


class Missing:
    """In the place of `importlib.import_module`: some modules cannot be imported."""

    def __init__(self, **missing: Exception) -> None:
        self.missing, self.asked = missing, list[tuple[str, str | None]]()

    def __call__(self, name: str) -> ModuleType:
        self.asked.append((name, os.environ.get("PYSTRAY_BACKEND")))
        last = name.rpartition(".")[2].lstrip("_")
        if last in self.missing:
            raise self.missing[last]
        return ModuleType(name) if name.startswith("pystray") else import_module(name)


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delitem(sys.modules, "pystray", raising=False)

    def made(**missing: Exception) -> Missing:
        found = Missing(**missing)
        monkeypatch.setattr(taming.importlib, "import_module", found)
        return found

    return made


def test_the_indicator_is_preferred(imports: Any) -> None:
    asked = imports()
    pystray, backend = taming.load()
    assert (pystray.__name__, backend) == ("pystray", "appindicator")
    assert asked.asked[0] == ("pystray", "appindicator")


def test_without_its_library_the_status_icon_serves(imports: Any) -> None:
    """gi says ValueError for a namespace that is not installed."""
    asked = imports(appindicator=ValueError("Namespace AyatanaAppIndicator3 not available"))
    _, backend = taming.load()
    assert backend == "gtk"
    assert ("pystray", "gtk") in asked.asked


def test_without_any_it_says_what_is_missing(imports: Any) -> None:
    imports(pystray=ImportError("No module named 'pystray'"))
    with pytest.raises(taming.NoIcon, match="No module named 'pystray'"):
        taming.load()


def test_the_choice_is_not_left_in_the_environment(
    imports: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports()
    monkeypatch.delenv("PYSTRAY_BACKEND", raising=False)
    taming.load()
    assert "PYSTRAY_BACKEND" not in os.environ
    monkeypatch.setenv("PYSTRAY_BACKEND", "xorg")
    taming.load()
    assert os.environ["PYSTRAY_BACKEND"] == "xorg"
