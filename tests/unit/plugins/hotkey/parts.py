"""The modules of the hotkey plugin, as its host would import them."""

import sys
from pathlib import Path

from ingle.sdk.testing import load

FOLDER = Path(__file__).resolve().parents[4] / "plugins" / "hotkey"
Hotkey = load(FOLDER)

binding = sys.modules["ingle_plugin_hotkey.binding"]
choosing = sys.modules["ingle_plugin_hotkey.choosing"]
devices = sys.modules["ingle_plugin_hotkey.devices"]
portal = sys.modules["ingle_plugin_hotkey.portal"]
x11 = sys.modules["ingle_plugin_hotkey.x11"]
x11_keys = sys.modules["ingle_plugin_hotkey.x11_keys"]
