"""The modules of the tray plugin, loaded as its host loads them."""

import sys
from pathlib import Path
from types import ModuleType

from ingle.sdk.testing import load

FOLDER = Path(__file__).resolve().parents[2] / "plugins/tray"
Tray = load(FOLDER)


def module(name: str) -> ModuleType:
    return sys.modules[f"ingle_plugin_tray.{name}"]
